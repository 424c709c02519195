"""The history as vectors: made once, in parts between other work, and kept in a file."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from studio.core.errors import DataError
from studio.core.language import Embed, Embedded
from studio.gallery.history import vectors
from studio.gallery.history.query import Query
from studio.gallery.history.rows import Item
from studio.gallery.history.vectors import Key
from studio.ui.background import Background
from studio.ui.image.qimage import from_qimage, over_white
from studio.ui.job import Requester
from studio.ui.jobs import Jobs
from studio.ui.library.archive import Archive

PART = 32  # pictures a request
SIZE = 144  # pixels a side: the thumbnails that the history has already

Part = tuple[list[Item], list[np.ndarray]]


class Past(Requester):
    """`items` and their `found` vectors, by (id, file's time); `arrived` says that there are more.
    Pictures that go are forgotten, new ones are read when the history is wanted again."""

    arrived = Signal()

    def __init__(self, jobs: Jobs, archive: Archive, parent: QObject) -> None:
        super().__init__(jobs, parent)
        self._archive = archive
        self.items: dict[Key, Item] = {}
        self.found: dict[Key, np.ndarray] = {}
        self.missing: list[Item] = []
        self._part: list[Item] = []
        self._encoder, self._weights = "", ""
        self._listed = self._reading = False
        self.going = False  # until all are there, or someone stops it
        self._files = Background(self, done=self._done, failed=self._lost)
        for changed in (archive.added, archive.synced, archive.done):
            changed.connect(self._changed)

    def want(self, encoder: str, weights: str) -> None:
        """Makes what is missing of an encoder's vectors, with these weights."""
        if weights != self._weights:
            self.stop()
            self._encoder, self._weights = encoder, weights
            self.items, self.found, self._listed = {}, {}, False
        if not self._listed and not self._reading:
            self._listed = self._reading = self.going = True
            self._files.start(("list", weights), _list, self._archive, weights)

    def stop(self) -> None:
        """What is there is kept; the rest is made when it is told to go on."""
        if self.going:
            self.missing, self.going = [], False
            self.drop()
            self._keep()

    def go_on(self) -> None:
        """Looks once more for what is missing, when it is wanted next."""
        self._listed = False

    @Slot()
    def _changed(self, _: object = None) -> None:
        self._listed = False
        self.arrived.emit()  # whoever looks wants it anew

    @Slot(object, object)
    def _done(self, key: tuple[str, str], result: Any) -> None:
        what, weights = key
        if what == "keep":
            return
        self._reading = False
        if weights != self._weights or not self.going:  # of another encoder, or stopped
            self._listed &= weights == self._weights
            self.arrived.emit()
        elif what == "list":
            self.items, kept = result
            self.found = {k: v for k, v in (kept | self.found).items() if k in self.items}
            self.missing = [item for k, item in self.items.items() if k not in self.found]
            self.arrived.emit()
            self.over()
        else:
            self._embed(result)

    @Slot(object, str)
    def _lost(self, _: object, sentence: str) -> None:
        self._reading = self.going = False
        self.failed.emit(sentence)

    def _read(self) -> None:
        self._reading = True
        part, self.missing = self.missing[:PART], self.missing[PART:]
        self._files.start(("read", self._weights), _read, self._archive, part)

    def _embed(self, part: Part) -> None:
        self._part, pictures = part
        job = self.ask(Embed((), tuple(pictures), self._encoder))
        if job is not None:
            job.on(Embedded, self._embedded)

    @Slot(object)
    def _embedded(self, event: Embedded) -> None:
        if event.weights == self._weights:
            for item, vector in zip(self._part, event.pictures, strict=True):
                self.found[item.id, item.modified] = vector
            self.arrived.emit()

    def over(self) -> None:
        if self.missing and self.going:
            self._read()
        elif self.going:
            self.going = False
            self._keep()

    def _keep(self) -> None:
        path = vectors.path_of(self._archive.database, self._weights)
        self._files.start(("keep", self._weights), vectors.write, path, dict(self.found))


def _list(archive: Archive, weights: str) -> tuple[dict[Key, Item], dict[Key, np.ndarray]]:
    items = archive.items(archive.find(Query()))
    kept = vectors.read(vectors.path_of(archive.database, weights))
    return {(item.id, item.modified): item for item in items}, kept


def _read(archive: Archive, items: list[Item]) -> Part:
    """Those that can be read."""
    read, pictures = [], []
    for item in items:
        try:
            image = archive.thumbnail(item, SIZE)
        except DataError:
            continue
        read.append(item)
        pictures.append(from_qimage(over_white(image)))
    return read, pictures
