"""The large picture: live preview and finished picture, zoomed with the wheel and dragged about."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette, QWheelEvent

from studio.ui.image.sight import Sight
from studio.ui.image.tiles import draw_pill, pale
from studio.ui.image.view import PictureView

TIP = "Scroll to zoom, drag to pan, double-click for fit or 100 %."
MARGIN = 20  # logical pixels around a fitted picture


class Canvas(PictureView):
    """Shows one image. `zoom` is None when fitted, else logical pixels for a picture's pixel."""

    def __init__(self, name: str = "canvas", label: str = "Picture") -> None:
        super().__init__(Sight(), name, label, TIP)
        self.label = ""
        self._image: QImage | None = None
        self._size = QSizeF(256, 256)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMinimumSize(280, 240)

    def show_picture(self, image: QImage) -> None:
        """Shows a finished picture."""
        self.show_preview(image, image.size(), "")

    def show_preview(self, image: QImage, size: QSize, label: str) -> None:
        """Shows an image as a finished picture of `size` would be, with a label on it."""
        self._image, self._size, self.label = image, QSizeF(size), label
        self.update()

    @property
    def zoom(self) -> float | None:
        return self.sight.zoom

    def set_zoom(self, zoom: float | None) -> None:
        """None fits the picture to the canvas; 1 is 100 %."""
        self.sight.set_zoom(zoom)

    def room(self) -> QRectF:
        return QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)

    def size_at_100(self) -> QSizeF:
        return self._size

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image is None:
            return
        painter = QPainter(self)
        self.draw(painter, self._image, smooth=bool(self.label))
        if not self._image.hasAlphaChannel():
            self.frame(painter, self.place())
        if self.label:
            self._paint_label(painter)
        painter.end()

    def _paint_label(self, painter: QPainter) -> None:
        """The label on a pill in the lower left corner of what is in sight."""
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.92)
        painter.setFont(font)
        text = painter.fontMetrics().size(0, self.label)
        seen = self.place().intersected(QRectF(self.rect()))
        pill = QRectF(seen.left() + 12, seen.bottom() - text.height() - 22, 0, 0)
        pill.setSize(QSizeF(text.width() + 22, text.height() + 10))
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        draw_pill(painter, pill, self.label, pale(self.palette()), ink)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._image is not None:
            super().wheelEvent(event)
