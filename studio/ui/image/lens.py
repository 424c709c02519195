"""What part of the pictures is seen, the same in every cell; and where the mouse is on them.

Places are in parts of a picture, (0, 0) its upper left and (1, 1) its lower right corner. Must not
import widgets.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, Signal

CLOSEST = 16.0
WHOLE = QRectF(0, 0, 1, 1)


class Lens(QObject):
    """`part` is what is seen; `hover` is where the mouse is, None when it is on no picture."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.part = QRectF(WHOLE)
        self.hover: QPointF | None = None

    @property
    def zoom(self) -> float:
        """1 when the whole picture is seen."""
        return 1 / self.part.width()

    def zoom_at(self, place: QPointF, times: float) -> None:
        """Enlarges, or for times < 1 reduces, about a place that stays where it is."""
        zoom = min(max(self.zoom * times, 1.0), CLOSEST)
        ratio = self.zoom / zoom
        corner = place - (place - self.part.topLeft()) * ratio
        self._see(corner, 1 / zoom)

    def move(self, by: QPointF) -> None:
        """Moves what is seen."""
        self._see(self.part.topLeft() + by, self.part.width())

    def reset(self) -> None:
        self._see(QPointF(), 1.0)

    def point_at(self, place: QPointF | None) -> None:
        """The mouse is there."""
        if place != self.hover:
            self.hover = place
            self.changed.emit()

    def _see(self, corner: QPointF, side: float) -> None:
        left, top = (min(max(each, 0.0), 1.0 - side) for each in (corner.x(), corner.y()))
        part = QRectF(left, top, side, side)
        if part != self.part:
            self.part = part
            self.changed.emit()
