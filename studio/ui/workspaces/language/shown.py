"""A picture shown large: read, and made smaller, off the UI thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QImage

from studio.ui.background import Background
from studio.ui.image.canvas import Canvas
from studio.ui.image.qimage import thinned, to_qimage
from studio.ui.starting.opener import Source
from studio.ui.workspaces.language.vectors import Place, whole

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel

LARGEST = 1600  # pixels a side that are shown: more would hold the window at each paint


class Shown(Canvas):
    """`opened` gives the Source that is shown now."""

    opened = Signal(object)

    def __init__(self, name: str, label: str, panel: LanguagePanel) -> None:
        super().__init__(name, label)
        self.setMinimumSize(120, 120)
        self._wanted: Place | None = None
        self._reads = Background(self, done=self._read)
        self._reads.problem.connect(panel.error)

    def open(self, place: Place | None) -> None:
        """Reads the picture at a place; shows nothing for None."""
        self._wanted = place
        if place is None:
            self._image = None
            self.update()
        else:
            self._reads.start(place, _read, place)

    @Slot(object, object)
    def _read(self, place: Place, read: tuple[Source, QImage]) -> None:
        if place is self._wanted:
            source, image = read
            height, width = source.pixels.shape[:2]
            self.show_preview(image, QSize(width, height), "")
            self.opened.emit(source)


def _read(place: Place) -> tuple[Source, QImage]:
    source = whole(place)
    return source, to_qimage(thinned(source.pixels, LARGEST))
