"""A picture at several sizes, so that drawing it small is quick and clean. No widgets."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter

from studio.ui.image.qimage import to_qimage

if TYPE_CHECKING:
    import numpy as np

SQUARES_FROM = 6.0  # device pixels for a picture's pixel: shown as squares from here on
SMALLEST = 48
SMOOTH_TO = 512  # small previews are enlarged smoothly to at least this


class Picture:
    """The picture and its halves, quarters, ...: bilinear drawing is clean down to one half."""

    def __init__(self, pixels: np.ndarray, enlarge_to: int = 0, whole: bool = True) -> None:
        """`pixels` (h, w, 3) uint8; `whole` says that they are worth seeing as squares."""
        image = enlarge(to_qimage(pixels).convertToFormat(QImage.Format.Format_RGB32), enlarge_to)
        self.whole = whole
        self.levels = [image]
        while min(image.width(), image.height()) >= 2 * SMALLEST:
            image = _scaled(image, image.size() / 2)
            self.levels.append(image)

    @property
    def image(self) -> QImage:
        """The picture itself."""
        return self.levels[0]

    @cached_property
    def grey(self) -> Picture:
        """The same without colours."""
        made = copy(self)
        grey = QImage.Format.Format_Grayscale8
        made.levels = [level.convertToFormat(grey) for level in self.levels]
        return made

    def draw(self, painter: QPainter, place: QRectF, part: QRectF, scale: float) -> None:
        """Draws the `part` (in parts of the picture) at `place`; `scale` device pixels a point."""
        across = place.width() * scale / part.width()
        level = next((e for e in reversed(self.levels) if e.width() >= across), self.image)
        smooth = not self.whole or across < SQUARES_FROM * level.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        draw_part(painter, place, level, part)


def draw_part(painter: QPainter, place: QRectF, image: QImage, part: QRectF) -> None:
    """Draws the `part` (in parts of the image) at `place`."""
    size = QSizeF(image.size())
    source = QRectF(
        QPointF(part.left() * size.width(), part.top() * size.height()),
        QSizeF(part.width() * size.width(), part.height() * size.height()),
    )
    painter.drawImage(place, image, source)


def enlarge(image: QImage, to: int = SMOOTH_TO) -> QImage:
    """Doubles a small image until it is large: repeated bilinear steps leave no visible grid."""
    while 0 < max(image.width(), image.height()) < to:
        image = _scaled(image, image.size() * 2)
    return image


def _scaled(image: QImage, size: QSize) -> QImage:
    return image.scaled(
        size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
