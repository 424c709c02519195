"""The thumbnails of one list of pictures: those that were read, and reading those in sight."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from studio.ui.library.loader import Loader
from studio.ui.recent import Recent

SIZE = 144  # pixels a side: 72 logical ones on a dense screen
BYTES = 64 * 2**20  # kept
WAITING = 160  # more than are in sight
THREADS = 2


class Thumbnails(QObject):
    """Small images by key, `size` pixels a side, each read when it is first looked at."""

    arrived = Signal(object)  # the key of one that is there now, or cannot be read

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.size = SIZE
        self.problems: dict[Hashable, str] = {}  # of files that cannot be read; tried once
        self._images: Recent[Hashable, QImage] = Recent(0)
        self._reads = Loader(THREADS, WAITING, self)
        self._reads.loaded.connect(self._loaded)
        self._reads.failed.connect(self._failed)
        self.forget, self.close = self._reads.forget, self._reads.close

    def known(self, key: Hashable) -> QImage | None:
        """The thumbnail, if it is in memory."""
        return self._images.look(key)

    def keep(self, key: Hashable, image: QImage) -> QImage:
        self._images.most = BYTES // (4 * self.size**2)
        return self._images.keep(key, image)

    def ask(self, key: Hashable, read: Callable[..., QImage], *arguments: object) -> None:
        """Reads a thumbnail; `arrived` follows."""
        if key not in self.problems:
            self._reads.ask(key, read, *arguments)

    @Slot(object, object)
    def _loaded(self, key: Hashable, image: QImage) -> None:
        self.keep(key, image)
        self.arrived.emit(key)

    @Slot(object, str)
    def _failed(self, key: Hashable, sentence: str) -> None:
        self.problems[key] = sentence
        self.arrived.emit(key)
