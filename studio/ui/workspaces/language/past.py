"""The history as vectors: made once, in parts between other work, and kept in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from studio.core.errors import DataError
from studio.core.language import Embed, Embedded
from studio.gallery.history import vectors
from studio.gallery.history.query import Query
from studio.gallery.history.rows import Brief
from studio.ui.background import Background
from studio.ui.image.qimage import from_qimage
from studio.ui.job import Requester
from studio.ui.jobs import Jobs
from studio.ui.library.archive import Archive
from studio.ui.workspaces.language.vectors import Space

PART = 32  # pictures a request
SIZE = 144  # pixels a side: the thumbnails that the history has already


class Found(NamedTuple):
    """All pictures, the newest first, and a vector (N, D) for each, of those that are `there`."""

    items: tuple[Brief, ...] = ()
    vectors: np.ndarray = np.zeros((0, 0), np.float32)
    there: np.ndarray = np.zeros(0, bool)


class Past(Requester):
    """What is `found` so far; `arrived` says that there is more, `missing` how many are still to
    come. Pictures that go are forgotten, new ones are read when the history is wanted again."""

    arrived = Signal()

    def __init__(self, jobs: Jobs, archive: Archive, parent: QObject) -> None:
        super().__init__(jobs, parent)
        self._archive = archive
        self.found = Found()
        self._missing: list[int] = []  # numbers of items
        self._part: list[int] = []  # those that are being read
        self._encoder, self._space = "", None  # type: str, Space | None
        self._listed = self._busy = False
        self.going = False  # until all are there, or someone stops it
        self._files = Background(self, to_the_end=True, done=self._done, failed=self._lost)
        for changed in (archive.added, archive.synced, archive.done):
            changed.connect(self._changed)

    @property
    def missing(self) -> int:
        return len(self._missing) + len(self._part)

    def want(self, encoder: str, space: Space) -> None:
        """Makes what is missing of an encoder's vectors."""
        if self._space is None or space.weights != self._space.weights:
            self.stop()
            self.found = Found(vectors=np.zeros((0, space.width), np.float32))
            self._missing, self._listed = [], False
        self._encoder, self._space = encoder, space
        if not self._listed and not self.going:
            self.going = True
            self._go_on()

    def stop(self) -> None:
        """What is there is kept; the rest is made when it is told to go on."""
        if self.going:
            self.going = False
            self._missing, self._part = self._part + self._missing, []
            self.drop()
            self._keep()

    def go_on(self) -> None:
        """Looks once more for what is missing, when it is wanted next."""
        self._listed = False

    @Slot()
    def _changed(self, _: object = None) -> None:
        self._listed = False
        self.arrived.emit()  # whoever looks wants it anew

    def over(self) -> None:
        if self._part:  # cancelled, or failed: the next would be as well
            self.stop()
            self.arrived.emit()
        self._go_on()

    def _go_on(self) -> None:
        """The next thing to do, one at a time."""
        if not self.going or self._busy or self.job is not None or self._space is None:
            return
        if not self._listed:
            self._listed = self._busy = True
            known = self._archive, self._space, self.found
            self._files.start(self._space.weights, _list, *known)
        elif self._missing:
            self._busy = True
            self._part, self._missing = self._missing[:PART], self._missing[PART:]
            items = [self.found.items[number] for number in self._part]
            self._files.start(self._space.weights, _read, self._archive, items)
        else:
            self.going = False
            self._keep()
            self.arrived.emit()

    @Slot(object, object)
    def _done(self, weights: str, result: Any) -> None:
        if result is None:  # vectors were kept
            return
        self._busy = False
        if self.going and self._space is not None and weights == self._space.weights:
            if isinstance(result, Found):
                self.found, self._missing = result, np.flatnonzero(~result.there).tolist()
                self.arrived.emit()
            elif self._part:  # not stopped since
                self._embed(result)
        self._go_on()

    @Slot(object, str)
    def _lost(self, _: object, sentence: str) -> None:
        self._busy = self.going = False
        self.failed.emit(sentence)

    def _embed(self, pictures: list[np.ndarray | None]) -> None:
        """Those that cannot be read are left out."""
        pairs = zip(self._part, pictures, strict=True)
        read = {number: picture for number, picture in pairs if picture is not None}
        self._part = list(read)
        if read:
            job = self.ask(Embed((), tuple(read.values()), self._encoder))
            if job is not None:
                job.on(Embedded, self._embedded)

    @Slot(object)
    def _embedded(self, event: Embedded) -> None:
        if self._space is not None and event.weights == self._space.weights:
            self.found.vectors[self._part] = event.pictures
            self.found.there[self._part] = True
            self._part = []
            self.arrived.emit()

    def _keep(self) -> None:
        if self._space is not None and self.found.there.any():
            there = Found(self.found.items, self.found.vectors, self.found.there.copy())
            path = vectors.path_of(self._archive.database, self._space.weights)
            self._files.start(self._space.weights, _write, path, there)


def _by_key(found: Found) -> dict[vectors.Key, np.ndarray]:
    there = zip(found.items, found.vectors, found.there, strict=True)
    return {(item.id, item.modified): vector for item, vector, known in there if known}


def _write(path: Path, found: Found) -> None:
    vectors.write(path, _by_key(found))


def _list(archive: Archive, space: Space, before: Found) -> Found:
    """What there is now, with the vectors that are known."""
    items = archive.briefs(Query())
    known = vectors.read(vectors.path_of(archive.database, space.weights)) | _by_key(before)
    found = Found(
        items, np.zeros((len(items), space.width), np.float32), np.zeros(len(items), bool)
    )
    for number, item in enumerate(items):
        vector = known.get((item.id, item.modified))
        if vector is not None and vector.shape == (space.width,):
            found.vectors[number], found.there[number] = vector, True
    return found


def _read(archive: Archive, items: list[Brief]) -> list[np.ndarray | None]:
    """None for what cannot be read."""
    pictures: list[np.ndarray | None] = []
    for item in items:
        try:
            pictures.append(from_qimage(archive.thumbnail(item, SIZE)))
        except DataError:
            pictures.append(None)
    return pictures
