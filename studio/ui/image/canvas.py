"""The large picture: live preview and finished picture, zoomed with the wheel and dragged about."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

MARGIN = 20  # logical pixels around a fitted picture
MOST_FIT = 4.0  # a fitted picture is enlarged at most so much
ZOOMS = (0.25, 16.0)
PIXELS_FROM = 6.0  # from this zoom on, pixels are shown as squares
SMOOTH_TO = 512  # small previews are enlarged smoothly to at least this


class Canvas(QWidget):
    """Shows one image. `zoom` is None when fitted, else logical pixels for a picture's pixel."""

    zoomed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.zoom: float | None = None
        self.label = ""
        self._image: QImage | None = None
        self._size = QSizeF(256, 256)
        self._shift = QPointF()
        self._grip: QPointF | None = None
        self.setObjectName("canvas")
        self.setAccessibleName("Picture")
        self.setToolTip("Wheel zooms, dragging moves, double-click switches between fit and 100 %.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(280, 240)

    def show_picture(self, image: QImage) -> None:
        """Shows a finished picture."""
        self._image, self.label = image, ""
        self._size = QSizeF(image.size())
        self.update()

    def show_preview(self, image: QImage, size: QSize, label: str) -> None:
        """Shows an image as a finished picture of `size` would be, with a label on it."""
        self._image, self.label = image, label
        self._size = QSizeF(size)
        self.update()

    def set_zoom(self, zoom: float | None) -> None:
        """None fits the picture to the canvas; 1 is 100 %."""
        self.zoom = None if zoom is None else min(max(zoom, ZOOMS[0]), ZOOMS[1])
        if zoom is None:
            self._shift = QPointF()
        self._keep_in_sight()
        self.zoomed.emit(self.zoom)
        self.update()

    def scale(self) -> float:
        """Logical pixels for a picture's pixel, now."""
        if self.zoom is not None:
            return self.zoom
        room = QSizeF(self.width() - 2 * MARGIN, self.height() - 2 * MARGIN)
        fit = min(room.width() / self._size.width(), room.height() / self._size.height())
        return max(0.05, min(fit, MOST_FIT))

    def place(self) -> QRectF:
        """Where the picture is drawn."""
        size = self._size * self.scale()
        centre = QPointF(self.width() / 2, self.height() / 2) + self._shift
        corner = centre - QPointF(size.width() / 2, size.height() / 2)
        return QRectF(QPointF(round(corner.x()), round(corner.y())), size)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image is None:
            return
        painter = QPainter(self)
        place = self.place()
        smooth = self.scale() * self.devicePixelRatioF() < PIXELS_FROM or bool(self.label)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(place, self._image, QRectF(self._image.rect()))
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        if not self._image.hasAlphaChannel():
            painter.drawRect(place.adjusted(-0.5, -0.5, 0.5, 0.5))
        if self.label:
            self._paint_label(painter, place)
        painter.end()

    def _paint_label(self, painter: QPainter, place: QRectF) -> None:
        """The label on a pill in the lower left corner of what is in sight."""
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.92)
        painter.setFont(font)
        text = painter.fontMetrics().size(0, self.label)
        seen = place.intersected(QRectF(self.rect()))
        pill = QRectF(seen.left() + 12, seen.bottom() - text.height() - 22, 0, 0)
        pill.setSize(QSizeF(text.width() + 22, text.height() + 10))
        ground = self.palette().color(QPalette.ColorRole.AlternateBase)
        ground.setAlphaF(0.88)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, self.label)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms about the point under the mouse."""
        turn = event.angleDelta().y()
        if self._image is None or not turn:
            return
        before = self.scale()
        at = event.position() - QPointF(self.width() / 2, self.height() / 2)
        zoom = min(max(before * 1.2 ** (turn / 120), ZOOMS[0]), ZOOMS[1])
        self._shift = at - (at - self._shift) * (zoom / before)
        self.set_zoom(zoom)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.zoom is not None:
            self._grip = event.position() - self._shift
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            self._shift = event.position() - self._grip
            self._keep_in_sight()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.set_zoom(1.0 if self.zoom is None else None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        """Some of the picture always stays on the canvas."""
        size = self._size * self.scale()
        across = max(0.0, (size.width() + self.width()) / 2 - 48)
        down = max(0.0, (size.height() + self.height()) / 2 - 48)
        self._shift = QPointF(
            min(max(self._shift.x(), -across), across), min(max(self._shift.y(), -down), down)
        )


def enlarge(image: QImage) -> QImage:
    """Doubles a small image until it is large: repeated bilinear steps leave no visible grid."""
    while 0 < max(image.width(), image.height()) < SMOOTH_TO:
        image = image.scaled(
            image.size() * 2,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    return image
