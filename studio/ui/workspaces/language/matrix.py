"""Numbers as a picture of squares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QToolTip, QWidget

from studio.gallery.heat import heat_map
from studio.ui.image.qimage import to_qimage
from studio.ui.widgets.form import named

WIDEST = 96  # logical pixels of a name
GAP = 6
KEYS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


class Matrix(QWidget):
    """`names` stand at the rows, and at the columns of as many; `picked` gives the row that was
    clicked or gone to with the arrow keys, which stays marked. Without names it is only seen."""

    picked = Signal(int)

    def __init__(self, name: str, label: str, tip: str) -> None:
        super().__init__()
        named(self, name, label, tip)
        self._image: QImage | None = None
        self.values = np.zeros((0, 0))
        self.names: tuple[str, ...] = ()
        self.row = 0

    def show_values(
        self, values: np.ndarray, low: float, high: float, names: Sequence[str] = ()
    ) -> None:
        """(rows, columns), the heat map's colours from `low` to `high`."""
        self.values, self.names = values, tuple(names)
        self._image = to_qimage(heat_map(values, high, low))
        self.row = min(self.row, len(values) - 1)
        focus = Qt.FocusPolicy.StrongFocus if names else Qt.FocusPolicy.NoFocus
        self.setFocusPolicy(focus)
        self.update()

    def pick(self, row: int) -> None:
        """As a click on it does."""
        self.row = min(max(row, 0), len(self.values) - 1)
        self.update()
        self.picked.emit(self.row)

    def place(self) -> QRectF:
        """Where the numbers are: squares beside their names, else all the room there is."""
        whole = QRectF(self.rect())
        if not self.names:
            return whole
        metrics = self.fontMetrics()
        far = min(WIDEST, max(metrics.horizontalAdvance(name) for name in self.names)) + GAP
        side = max(1.0, min(whole.width(), whole.height()) - far)
        return QRectF(far, far, side, side)

    def at(self, point: QPointF) -> tuple[int, int] | None:
        """Row and column under a point; a row's name belongs to it."""
        place, (rows, columns) = self.place(), self.values.shape
        if not rows or not place.adjusted(-place.left(), 0, 0, 0).contains(point):
            return None
        down = (point.y() - place.top()) / place.height()
        across = (point.x() - place.left()) / place.width()
        return min(int(down * rows), rows - 1), min(max(int(across * columns), 0), columns - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image is None:
            return
        painter, place = QPainter(self), self.place()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not self.names)
        painter.drawImage(place, self._image, QRectF(self._image.rect()))
        if self.names:
            self._paint_names(painter, place)
            side = place.height() / len(self.values)
            row = QRectF(place.left(), place.top() + self.row * side, place.width(), side)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.drawRect(row)
        painter.end()

    def _paint_names(self, painter: QPainter, place: QRectF) -> None:
        """At the left and, turned, above; as many as there is room for."""
        side, metrics = place.height() / len(self.names), self.fontMetrics()
        every = max(1, int(metrics.height() / side + 0.5))
        ends = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        starts = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        wide = place.left() - GAP
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        for number, name in list(enumerate(self.names))[::every]:
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(wide))
            middle = (number + 0.5) * side
            high = max(side, metrics.height())
            painter.drawText(QRectF(0, place.top() + middle - high / 2, wide, high), ends, text)
            painter.save()
            painter.translate(place.left() + middle, place.top() - GAP)
            painter.rotate(-90)
            painter.drawText(QRectF(0, -high / 2, wide, high), starts, text)
            painter.restore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.at(event.position())
        if self.names and found is not None:
            self.pick(found[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = KEYS.get(Qt.Key(event.key()))
        if step is None or not self.names:
            super().keyPressEvent(event)
        else:
            self.pick(self.row + step)

    def event(self, event: QEvent) -> bool:
        """A tooltip with the number under the mouse."""
        if isinstance(event, QHelpEvent) and self.names and (at := self.at(QPointF(event.pos()))):
            words = f"{self.names[at[0]]} → {self.names[at[1]]}: {self.values[at]:.0%}"
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)
