"""Pixels to Qt's images and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter

if TYPE_CHECKING:
    import numpy as np


def to_qimage(pixels: np.ndarray) -> QImage:
    """(H, W, 3) uint8 to a QImage that owns its memory."""
    import numpy as np

    height, width, _ = pixels.shape
    data = np.ascontiguousarray(pixels).data
    return QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def thinned(pixels: np.ndarray, largest: int) -> np.ndarray:
    """A picture (H, W, ...) of at most `largest` pixels a side: of a larger one only every second
    pixel, or third, ... Qt holds Python's lock while it copies or scales: half a second for all of
    48 million."""
    step = -(-max(pixels.shape[:2]) // largest)
    return pixels[::step, ::step]


def from_qimage(image: QImage) -> np.ndarray:
    """A QImage to (H, W, 3) uint8."""
    import numpy as np

    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def over_white(image: QImage) -> QImage:
    """Transparent parts as they look on paper."""
    over = QImage(image.size(), QImage.Format.Format_RGB32)
    over.fill(Qt.GlobalColor.white)
    painter = QPainter(over)
    painter.drawImage(0, 0, image)
    painter.end()
    return over
