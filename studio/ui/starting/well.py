"""Where the picture to start from lies: takes drops, shows it with its mask over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.image.qimage import to_qimage
from studio.ui.image.tiles import fitted
from studio.ui.start import Start
from studio.ui.widgets.form import named

if TYPE_CHECKING:
    import numpy as np

_ROLE = QPalette.ColorRole
TIP = "Drop a picture here, or click to open one (Enter)."
SIDE, LOW = 96, 64  # logical pixels: with a picture, and without
ROUND = 8.0
VEIL = 0.5  # how opaque a mask is drawn
ARGB = QImage.Format.Format_ARGB32_Premultiplied
KEYS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Well(QWidget):
    """`clicked` says that a file is wanted, `dropped` gives what was let go over it."""

    clicked = Signal()
    dropped = Signal(object)  # QMimeData

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._veil: QImage | None = None
        self._over = False
        named(self, "startWell", "Picture to start from", TIP)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.show_start(None)

    def show_start(self, start: Start | None) -> None:
        """None leaves an empty place that says what may go there."""
        self._image = self._veil = None
        if start is not None:
            self._image = _small(to_qimage(start.inputs.source))
            if start.inputs.mask is not None:
                accent = self.palette().color(_ROLE.Accent)
                self._veil = _small(veil(start.inputs.mask, accent).convertToFormat(ARGB))
        policy = QSizePolicy.Policy
        if start is None:
            self.setMinimumWidth(0)
            self.setMaximumWidth(16777215)
            self.setSizePolicy(policy.Expanding, policy.Fixed)
            self.setFixedHeight(LOW)
        else:
            self.setFixedSize(SIDE, SIDE)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE if self._image is not None else LOW)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        hints = QPainter.RenderHint
        painter.setRenderHints(hints.Antialiasing | hints.SmoothPixmapTransform)
        place = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape = QPainterPath()
        shape.addRoundedRect(place, ROUND, ROUND)
        lit = self.hasFocus() or self._over
        colour = self.palette().color
        if self._image is None:
            painter.fillPath(shape, colour(_ROLE.Light if self._over else _ROLE.Base))
            painter.setPen(colour(_ROLE.PlaceholderText))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "Drop a picture here")
            pen = QPen(colour(_ROLE.Accent if lit else _ROLE.Dark), 1.2, Qt.PenStyle.DashLine)
        else:
            painter.setClipPath(shape)
            for layer in (self._image, self._veil):
                if layer is not None:
                    painter.drawImage(fitted(place, QSizeF(layer.size())), layer)
            painter.setClipping(False)
            pen = QPen(colour(_ROLE.Accent if lit else _ROLE.Dark), 2 if lit else 1)
        painter.setPen(pen)
        painter.drawPath(shape)
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        if left and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in KEYS and not event.modifiers():
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if holds_picture(event.mimeData()):
            event.acceptProposedAction()
            self._let_over(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._let_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._let_over(False)
        if holds_picture(event.mimeData()):
            event.acceptProposedAction()
            self.dropped.emit(event.mimeData())

    def _let_over(self, over: bool) -> None:
        self._over = over
        self.update()


def holds_picture(data: QMimeData) -> bool:
    """Whether a file or pixels are dragged or on the clipboard."""
    return data.hasImage() or any(url.isLocalFile() for url in data.urls())


def veil(mask: np.ndarray, colour: QColor) -> QImage:
    """A mask (H, W) uint8 of 0 and 255 as a translucent image that shares its memory."""
    height, width = mask.shape
    image = QImage(mask.data, width, height, width, QImage.Format.Format_Indexed8)
    tint = QColor(colour)
    tint.setAlphaF(VEIL)
    image.setColorTable([0] * 255 + [tint.rgba()])
    return image


def _small(image: QImage) -> QImage:
    return image.scaled(
        2 * SIDE,
        2 * SIDE,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
