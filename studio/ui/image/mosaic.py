"""The previews of pictures that are made together, side by side in one image."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter

from studio.core.generating import Preview
from studio.ui.image.qimage import to_qimage
from studio.ui.image.scaled import enlarge

GAP = 8  # pixels of the finished pictures


class Mosaic:
    """Collects previews; those of another job or batch replace the ones before."""

    def __init__(self) -> None:
        self._batch = (-1, -1)  # job, first picture
        self._tiles: dict[int, QImage] = {}

    def add(self, preview: Preview, first: int) -> None:
        """`first` is the first picture of the batch that `preview` belongs to."""
        if (preview.job, first) != self._batch:
            self._batch, self._tiles = (preview.job, first), {}
        self._tiles[preview.picture] = enlarge(to_qimage(preview.image))

    def size(self, each: QSize) -> QSize:
        """The whole in pixels of finished pictures of that size."""
        across = math.ceil(math.sqrt(len(self._tiles)))
        down = math.ceil(len(self._tiles) / across)
        return QSize(across * (each.width() + GAP) - GAP, down * (each.height() + GAP) - GAP)

    def image(self, each: QSize) -> QImage:
        """One preview as it is; several on a transparent ground, in reading order."""
        if len(self._tiles) == 1:
            return next(iter(self._tiles.values()))
        size = self.size(each)
        whole = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
        whole.fill(Qt.GlobalColor.transparent)
        wide, high = each.width() + GAP, each.height() + GAP
        across = (size.width() + GAP) // wide
        painter = QPainter(whole)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for place, (_, tile) in enumerate(sorted(self._tiles.items())):
            row, column = divmod(place, across)
            painter.drawImage(QRect(QPoint(column * wide, row * high), each), tile)
        painter.end()
        return whole
