"""What part of a picture is looked at, shared by all panes; and what they show of it."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF, Signal

ZOOMS = (0.25, 32.0)
MOST_FIT = 4.0  # a fitted picture is enlarged at most so much
SHOWN = ("picture", "difference", "lpips")


class Sight(QObject):
    """`zoom` is None when fitted, else logical pixels a picture's pixel; `centre` is in parts of
    the picture. `wipe` (0 to 1): left of it panes show the original, None for no wipe.
    `original` shows the original in every pane, for a flicker. `gain` multiplies differences."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.zoom: float | None = None
        self.centre = QPointF(0.5, 0.5)
        self.shown = "picture"
        self.wipe: float | None = None
        self.original = False
        self.gain = 4.0

    def scale(self, room: QSizeF, size: QSizeF) -> float:
        """Logical pixels a picture's pixel."""
        if self.zoom is not None:
            return self.zoom
        fit = min(room.width() / size.width(), room.height() / size.height())
        return max(0.02, min(fit, MOST_FIT))

    def place(self, room: QSizeF, size: QSizeF) -> QRectF:
        """Where the whole picture lies in a pane of this room."""
        drawn = size * self.scale(room, size)
        centre = QPointF(0.5, 0.5) if self.zoom is None else self.centre
        corner = QPointF(
            room.width() / 2 - centre.x() * drawn.width(),
            room.height() / 2 - centre.y() * drawn.height(),
        )
        return QRectF(corner, drawn)

    def set_zoom(self, zoom: float | None) -> None:
        """None fits; 1 is 100 %."""
        self.zoom = None if zoom is None else min(max(zoom, ZOOMS[0]), ZOOMS[1])
        if zoom is None:
            self.centre = QPointF(0.5, 0.5)
        self.changed.emit()

    def zoom_at(self, factor: float, at: QPointF, room: QSizeF, size: QSizeF) -> None:
        """Zooms about a point of a pane."""
        before = self.place(room, size)
        part = QPointF(
            (at.x() - before.x()) / before.width(), (at.y() - before.y()) / before.height()
        )
        self.zoom = min(max(self.scale(room, size) * factor, ZOOMS[0]), ZOOMS[1])
        drawn = size * self.zoom
        self._centre(
            part.x() + (room.width() / 2 - at.x()) / drawn.width(),
            part.y() + (room.height() / 2 - at.y()) / drawn.height(),
        )

    def move(self, by: QPointF, room: QSizeF, size: QSizeF) -> None:
        """Drags the picture by logical pixels; a fitted one stays."""
        if self.zoom is not None:
            drawn = size * self.zoom
            self._centre(
                self.centre.x() - by.x() / drawn.width(),
                self.centre.y() - by.y() / drawn.height(),
            )

    def _centre(self, x: float, y: float) -> None:
        self.centre = QPointF(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
        self.changed.emit()

    def show_what(self, shown: str) -> None:
        """One of SHOWN."""
        assert shown in SHOWN
        self.shown = shown
        self.changed.emit()

    def set_wipe(self, wipe: float | None) -> None:
        self.wipe = None if wipe is None else min(max(wipe, 0.0), 1.0)
        self.changed.emit()

    def show_original(self, original: bool) -> None:
        self.original = original
        self.changed.emit()

    def set_gain(self, gain: float) -> None:
        self.gain = gain
        self.changed.emit()
