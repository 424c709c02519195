"""The picture under the brush: strokes, the mask as a veil, the brush's outline."""

from __future__ import annotations

from math import inf

import numpy as np
from PySide6.QtCore import QPointF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QWheelEvent,
)

from studio.core.generating import Inputs
from studio.ui.image.qimage import to_qimage
from studio.ui.image.sight import Sight
from studio.ui.image.view import PictureView
from studio.ui.starting.mask import Mask
from studio.ui.starting.well import ARGB, veil
from studio.ui.widgets.form import named

TIP = (
    "Drag to paint; drag with the right button to erase. Ctrl and scroll changes the brush size. On"
    " the keyboard, arrow keys move the brush and Space paints. The painted area is redrawn and"
    " blends into the rest over 2 % of the picture's side."
)
FIRST = 0.12  # the brush's width, in parts of the picture's
GROW = 1.2  # by a notch of the wheel
STEP = 0.25  # of the brush's width, by an arrow key
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class Easel(PictureView):
    """The picture under its mask. `changed` says that something was painted; `width_share` is the
    brush's width in parts of the picture's."""

    changed = Signal()
    sized = Signal(float)  # a factor, by Ctrl and the wheel

    def __init__(self, inputs: Inputs) -> None:
        super().__init__(Sight())
        self.sight.most_fit = inf
        self._picture = to_qimage(inputs.source)
        blank = np.zeros(inputs.source.shape[:2], np.uint8)
        self.painted = Mask(blank if inputs.mask is None else inputs.mask)
        self.width_share = FIRST
        self.painting = True
        self._last: QPointF | None = None
        self._at: QPointF | None = None
        named(self, "easel", "The picture and its mask", TIP)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMinimumSize(240, 240)

    def sizeHint(self) -> QSize:
        return QSize(560, 480)

    def size_at_100(self) -> QSizeF:
        return QSizeF(self._picture.size())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = self.place()
        self.draw(painter, self._picture, smooth=True)
        tint = veil(self.painted.pixels, self.palette().color(QPalette.ColorRole.Accent))
        self.draw(painter, tint.convertToFormat(ARGB), smooth=True)  # indexed: a jagged edge
        if self._at is not None:
            radius = self.width_share * place.width() / 2
            for colour, width in ((QColor(0, 0, 0, 160), 3.0), (QColor(255, 255, 255), 1.4)):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(self._at, radius, radius)
        painter.end()

    def _point(self, at: QPointF) -> tuple[float, float]:
        """The picture's pixel under a point of this widget."""
        part, size = self.part_at(at), self._picture.size()
        return part.x() * size.width(), part.y() * size.height()

    def _stroke(self, at: QPointF, buttons: Qt.MouseButton) -> None:
        paint = self.painting and not buttons & Qt.MouseButton.RightButton
        radius = max(0.5, self.width_share * self._picture.width() / 2)
        self.painted.stroke(self._point(self._last or at), self._point(at), radius, bool(paint))
        self._last = at
        self.update()
        self.changed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self.painted.begin()
            self._last = None
            self._stroke(event.position(), event.button())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._at = event.position()
        if self._last is not None and event.buttons():
            self._stroke(event.position(), event.buttons())
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None

    def leaveEvent(self, event: object) -> None:
        self._at = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.sized.emit(GROW ** (event.angleDelta().y() / 120))
            event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        at = self._at or self.place().center()
        key = Qt.Key(event.key())
        if key in ARROWS:
            across, down = ARROWS[key]
            step = max(1.0, STEP * self.width_share * self.place().width())
            self._at = at + QPointF(across * step, down * step)
            self.update()
        elif key == Qt.Key.Key_Space:
            self._at = at
            self.painted.begin()
            self._last = None
            self._stroke(at, Qt.MouseButton.LeftButton)
            self._last = None
        else:
            super().keyPressEvent(event)
