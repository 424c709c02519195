"""What part of a picture is looked at; views that share a sight show the same part.

`room` is the size of a view and `size` the picture's at 100 %, both in logical pixels; points of a
view are counted from its corner, points of a picture in parts of it, (0, 0) to (1, 1).
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF, Signal

MOST_FIT = 4.0  # a fitted picture is enlarged at most so much
LEAST_FIT = 0.02
CLOSEST = 16.0  # of a lens
MIDDLE = QPointF(0.5, 0.5)
UNIT = QSizeF(1, 1)
WHOLE = QRectF(QPointF(), UNIT)


class Sight(QObject):
    """`zoom` is None when fitted, else logical pixels a picture's pixel; `centre` is the point of
    the picture in the middle of the view. `hover` is where the mouse is, None on no picture."""

    changed = Signal()
    zooms = (0.25, 32.0)
    most_fit = MOST_FIT

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.zoom: float | None = None
        self.centre = MIDDLE
        self.hover: QPointF | None = None

    def scale(self, room: QSizeF, size: QSizeF) -> float:
        """Logical pixels a picture's pixel."""
        if self.zoom is not None:
            return self.zoom
        fit = min(room.width() / size.width(), room.height() / size.height())
        return max(LEAST_FIT, min(fit, self.most_fit))

    def place(self, room: QSizeF, size: QSizeF) -> QRectF:
        """Where the whole picture lies in a view."""
        drawn, centre = size * self.scale(room, size), self.centre
        left = room.width() / 2 - centre.x() * drawn.width()
        return QRectF(QPointF(left, room.height() / 2 - centre.y() * drawn.height()), drawn)

    def part_at(self, at: QPointF, room: QSizeF, size: QSizeF) -> QPointF:
        """The point of the picture under a point of a view."""
        by, drawn = at - self.place(room, size).topLeft(), size * self.scale(room, size)
        return QPointF(by.x() / drawn.width(), by.y() / drawn.height())

    def set_zoom(self, zoom: float | None) -> None:
        """None fits; 1 is 100 %."""
        self._see(zoom, self.centre)

    def zoom_at(self, factor: float, at: QPointF, room: QSizeF = UNIT, size: QSizeF = UNIT) -> None:
        """Zooms about a point of a view."""
        part = self.part_at(at, room, size)
        zoom = self._within(self.scale(room, size) * factor)
        drawn = size * zoom
        right = (room.width() / 2 - at.x()) / drawn.width()
        self._see(zoom, part + QPointF(right, (room.height() / 2 - at.y()) / drawn.height()))

    def move(self, by: QPointF, room: QSizeF = UNIT, size: QSizeF = UNIT) -> None:
        """Drags the picture by logical pixels; a fitted one stays."""
        if self.zoom is not None:
            drawn = size * self.zoom
            moved = QPointF(by.x() / drawn.width(), by.y() / drawn.height())
            self._see(self.zoom, self.centre - moved)

    def point_at(self, part: QPointF | None) -> None:
        """The mouse is there."""
        if part != self.hover:
            self.hover = part
            self.changed.emit()

    def show(self, **what: Any) -> None:
        """Sets what else a kind of sight has to say."""
        for name, value in what.items():
            setattr(self, name, value)
        self.changed.emit()

    def _within(self, zoom: float) -> float:
        return min(max(zoom, self.zooms[0]), self.zooms[1])

    def _see(self, zoom: float | None, centre: QPointF) -> None:
        """The middle of a view stays on the picture."""
        zoom = None if zoom is None else self._within(zoom)
        edge = self._edge(zoom)
        x, y = (min(max(each, edge), 1 - edge) for each in (centre.x(), centre.y()))
        seen = zoom, MIDDLE if zoom is None else QPointF(x, y)
        if seen != (self.zoom, self.centre):
            self.zoom, self.centre = seen
            self.changed.emit()

    def _edge(self, zoom: float | None) -> float:
        """How near the middle of a view comes to the picture's edge."""
        return 0.0


class Lens(Sight):
    """For views that the picture fills: `zoom` is 1 when it is seen whole, and nothing but the
    picture is ever seen. The room is the picture's size."""

    zooms = (1.0, CLOSEST)
    zoom: float

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.zoom = 1.0

    @property
    def part(self) -> QRectF:
        """What is seen of the picture."""
        side = 1 / self.zoom
        return QRectF(self.centre - MIDDLE * side, UNIT * side)

    def set_zoom(self, zoom: float | None) -> None:
        super().set_zoom(zoom or 1.0)

    def _edge(self, zoom: float | None) -> float:
        return 0.5 / (zoom or 1.0)
