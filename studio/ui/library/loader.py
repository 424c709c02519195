"""Reading what is in sight, off the UI thread: the newest wish first, old ones are forgotten.

While the user scrolls, what is asked for changes faster than files can be read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from studio.ui.background import Background
from studio.ui.recent import Recent

SIZE = 144  # pixels a side: 72 logical ones on a dense screen
BYTES = 64 * 2**20  # kept
WAITING = 160  # more than are in sight
THREADS = 2


class Loader(QObject):
    """Runs functions by key, `threads` at a time; of those that wait only the `most` newest.

    `loaded` and `failed` follow on this object's thread, nothing for what was forgotten.
    """

    loaded = Signal(object, object)  # key, result
    failed = Signal(object, str)  # key, one sentence
    problem = Signal(str)  # the same sentence alone

    def __init__(self, threads: int, most: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads, self._most = threads, most
        self._waiting: OrderedDict[Hashable, tuple[Callable[..., Any], tuple[object, ...]]]
        self._waiting = OrderedDict()
        self._running: set[Hashable] = set()
        self._background = Background(self, threads, done=self._done, failed=self._failed)
        self._background.problem.connect(self.problem)

    def ask(self, key: Hashable, function: Callable[..., Any], *arguments: object) -> None:
        """Soon, before everything that waits; once while it runs."""
        if key in self._running:
            return
        self._waiting[key] = function, arguments
        self._waiting.move_to_end(key)
        while len(self._waiting) > self._most:
            self._waiting.popitem(last=False)
        self._start()

    def forget(self) -> None:
        """Nothing that waits is read any more."""
        self._waiting.clear()

    def close(self) -> None:
        """Returns when nothing runs."""
        self.forget()
        self._background.wait()

    def _start(self) -> None:
        while self._waiting and len(self._running) < self._threads:
            key, (function, arguments) = self._waiting.popitem()
            self._running.add(key)
            self._background.start(key, function, *arguments)

    @Slot(object, object)
    def _done(self, key: Hashable, result: Any) -> None:
        self._running.discard(key)
        self._start()
        self.loaded.emit(key, result)

    @Slot(object, str)
    def _failed(self, key: Hashable, sentence: str) -> None:
        self._running.discard(key)
        self._start()
        self.failed.emit(key, sentence)


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
