"""What is seen of all pictures at once."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF

from studio.ui.image.sight import CLOSEST, WHOLE, Lens


def test_zoom_keeps_the_place_under_the_mouse() -> None:
    lens, place = Lens(), QPointF(0.3, 0.6)
    lens.zoom_at(4, place)
    assert lens.zoom == 4
    part = lens.part
    assert abs((place.x() - part.left()) / part.width() - place.x()) < 1e-12
    assert abs((place.y() - part.top()) / part.height() - place.y()) < 1e-12


def test_nothing_outside_the_picture_is_seen() -> None:
    lens = Lens()
    lens.zoom_at(2, QPointF(0, 0))
    lens.move(QPointF(1, -5))
    assert lens.part == QRectF(0, 0.5, 0.5, 0.5)
    lens.zoom_at(1e-3, QPointF(0.5, 0.5))
    assert lens.part == WHOLE
    lens.zoom_at(1e6, QPointF(0.5, 0.5))
    assert lens.zoom == CLOSEST


def test_changes_are_told_once() -> None:
    lens, told = Lens(), []
    lens.changed.connect(lambda: told.append(1))
    lens.point_at(QPointF(0.5, 0.5))
    lens.point_at(QPointF(0.5, 0.5))
    lens.set_zoom(None)
    assert len(told) == 1
