"""The vectors that the views compare: the desk's own, and the dataset's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from studio.core.language import Embed, Embedded, Known, KnownVectors
from studio.dataset.catalogue import bundled
from studio.gallery.history.rows import Brief
from studio.pictures.reading import read_picture
from studio.ui.image.qimage import thinned, to_qimage
from studio.ui.job import Latest, Requester
from studio.ui.jobs import Jobs
from studio.ui.library.archive import Archive
from studio.ui.starting.opener import Source
from studio.ui.workspaces.language.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

SETTLE = 250  # milliseconds after the last change


@dataclass(frozen=True)
class Thing:
    """A picture of the dataset."""

    code: str
    style: str


Place = Source | Thing | Brief  # where a picture is: on the desk, in the dataset, in the history


@dataclass(frozen=True)
class Point:
    """What is compared: a text, or the picture at its place; `group` says what is alike."""

    label: str
    group: str = ""
    place: Place | None = None

    @property
    def key(self) -> Hashable:
        """Of its thumbnail."""
        place = self.place
        return (place.id, place.modified) if isinstance(place, Brief) else place


def known_point(known: KnownVectors, number: int) -> Point:
    place = Thing(known.codes[number], known.style)
    return Point(known.labels[number], known.groups[number], place)


def cosines(vectors: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """(N) of unit vectors (N, D) with another (D). Without BLAS, whose threads would wait for a
    processor while the engine has them all."""
    return np.asarray(np.einsum("nd,d->n", vectors, vector))


@dataclass(frozen=True, eq=False)
class Space:
    """What an Embedded says of all vectors of a pair of encoders."""

    scale: float
    bias: float
    weights: str
    width: int


class Vectors(Requester):
    """Follows the desk while a view wants it to; `came` says that there is more."""

    came = Signal()

    def __init__(self, jobs: Jobs, desk: Desk, parent: QObject) -> None:
        super().__init__(jobs, parent)
        self._desk = desk
        self.spaces: dict[str, Space] = {}  # by the encoder
        self._found: dict[tuple[str, str | Source], np.ndarray] = {}
        self._asked: tuple[str, tuple[str, ...], tuple[Source, ...]] = ("", (), ())
        self._settle = QTimer(self, interval=SETTLE, singleShot=True)
        self._settle.timeout.connect(self._ask)

    @Slot()
    def want(self) -> None:
        """Asks for what is missing, soon."""
        self._settle.start()

    @property
    def space(self) -> Space | None:
        """That of the pair in use, once it has been asked."""
        return self.spaces.get(self._desk.encoder)

    def of(self, what: str | Source) -> np.ndarray | None:
        """The unit vector (D) of a text or a picture, if it is there."""
        return self._found.get((self._desk.encoder, what))

    def all_of(self, each: Sequence[str | Source]) -> np.ndarray | None:
        """Their unit vectors (N, D), if all are there."""
        found = [self.of(what) for what in each]
        known = [vector for vector in found if vector is not None]
        return np.stack(known) if known and len(known) == len(found) else None

    @Slot()
    def _ask(self) -> None:
        desk, encoder = self._desk, self._desk.encoder
        wanted = tuple(dict.fromkeys((*desk.texts, *((desk.text,) if desk.text else ()))))
        texts = tuple(each for each in wanted if (encoder, each) not in self._found)
        sources = tuple(each for each in desk.sources if (encoder, each) not in self._found)
        asked = encoder, texts, sources
        if self.job is not None or not (texts or sources):
            return
        self._asked = asked
        pictures = tuple(source.pixels for source in sources)
        job = self.ask(Embed(texts, pictures, encoder), front=True)
        if job is not None:
            job.on(Embedded, self._embedded)

    @Slot(object)
    def _embedded(self, event: Embedded) -> None:
        encoder, texts, sources = self._asked
        kept = {*self._desk.texts, *self._desk.sources, *texts, *sources}
        self._found = {key: each for key, each in self._found.items() if key[1] in kept}
        vectors = (*event.texts, *event.pictures)
        whats: tuple[str | Source, ...] = (*texts, *sources)
        for what, vector in zip(whats, vectors, strict=True):
            self._found[encoder, what] = vector
        about = event.scale, event.bias, event.weights, event.texts.shape[1]
        self.spaces[encoder] = Space(*about)
        self.came.emit()
        self._settle.start()  # what has changed meanwhile


class Dataset(Latest):
    """What the dataset holds as vectors, by (encoder, style); `arrived` says that there is more."""

    arrived = Signal()

    def __init__(self, jobs: Jobs, parent: QObject) -> None:
        super().__init__(jobs, KnownVectors, parent, patience=0)
        self.known: dict[tuple[str, str], KnownVectors] = {}
        self.came.connect(self._came)

    def get(self, encoder: str, style: str) -> KnownVectors | None:
        """What there is; asks for it if there is nothing (`arrived` follows)."""
        found = self.known.get((encoder, style))
        asked = Known(style, encoder)
        if found is None and (self.job is None or self.job.request != asked):
            self.want(asked)
        return found

    @Slot(object)
    def _came(self, event: KnownVectors) -> None:
        if self.job is not None and isinstance(self.job.request, Known):
            self.known[self.job.request.encoder, event.style] = event
            self.arrived.emit()


def whole(place: Place) -> Source:
    """The picture at a place, read now. Raises DataError."""
    if isinstance(place, Source):
        return place
    if isinstance(place, Brief):
        return Source(place.title, read_picture(place.path).pixels)
    label = bundled().by_code[place.code].label
    return Source(label, bundled().on_white(place.code, place.style))


def small(place: Place, size: int, archive: Archive) -> QImage:
    """A picture of at most `size` pixels a side, read now. Raises DataError."""
    if isinstance(place, Brief):
        return archive.thumbnail(place, size)
    image = to_qimage(thinned(whole(place).pixels, 4 * size))
    ways = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return image.scaled(size, size, *ways)
