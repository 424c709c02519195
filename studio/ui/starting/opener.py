"""Pictures to look into: from files, folders, drops, the clipboard, the library, the samples.

Everything is read off the UI thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.core.errors import DataError
from studio.dataset.catalogue import bundled
from studio.dataset.scenes import Mix, compose, sample_scene
from studio.pictures.reading import pictures_in, read_picture
from studio.ui.background import Background
from studio.ui.image.qimage import from_qimage, over_white
from studio.ui.library.pictures import Entry, Library
from studio.ui.starting.section import FILES
from studio.ui.starting.well import holds_picture

MOST = 64  # pictures taken from one drop


@dataclass(frozen=True, eq=False)
class Source:
    """A picture to look into: its name, (H, W, 3) uint8, and what was done to it on reading."""

    name: str
    pixels: np.ndarray
    note: str = ""


Read = tuple[tuple[Source, ...], tuple[str, ...]]  # and a sentence for each that could not be


class Opener(Background):
    """`came` gives the Sources that were asked for; `lacking` says that there are none."""

    came = Signal(object)
    lacking = Signal(str)

    def __init__(self, library: Library, parent: QWidget) -> None:
        super().__init__(parent)
        self._library, self._owner = library, parent
        self._wanted: Entry | None = None  # of the library, being opened
        self._samples = 0
        self.done.connect(self._read)
        library.opened.connect(self._opened)

    @Slot()
    def choose(self) -> None:
        """Asks for files."""
        paths, _ = QFileDialog.getOpenFileNames(
            self._owner, "Open pictures", str(Path.home()), FILES
        )
        self.files(tuple(Path(path) for path in paths))

    def files(self, paths: tuple[Path, ...]) -> None:
        """Reads files and folders."""
        if paths:
            self.start("read", read, paths)

    @Slot()
    def sample(self) -> None:
        """One more of the bundled scenes."""
        self.start("read", sample, self._samples)
        self._samples += 1

    @Slot()
    def newest(self) -> None:
        """The newest picture of the library."""
        if self._library.entries:
            self.entry(self._library.entries[0])
        else:
            self.lacking.emit("There are no pictures yet; make one in Generate (Ctrl+1).")

    @Slot(object)
    def entry(self, entry: Entry) -> None:
        """One of the library's."""
        self._wanted = entry
        self._library.open(entry)

    def paste(self) -> None:
        """The clipboard's files or picture."""
        data = QGuiApplication.clipboard().mimeData()
        if holds_picture(data):
            self.take(data)
        else:
            self.lacking.emit("There is no picture on the clipboard.")

    def take(self, data: QMimeData) -> None:
        """What is dropped or pasted: local files, else pixels."""
        self.files(tuple(Path(u.toLocalFile()) for u in data.urls() if u.isLocalFile()))
        if not data.hasUrls():
            self._take("pasted", QImage(data.imageData()))

    def _take(self, name: str, image: QImage) -> None:
        if not image.isNull():
            self.came.emit((Source(name, from_qimage(over_white(image))),))

    @Slot(object, object)
    def _opened(self, entry: Entry, image: QImage) -> None:
        if self._wanted is entry:
            self._wanted = None
            self._take(entry.title(), image)

    @Slot(object, object)
    def _read(self, _: object, found: Read) -> None:
        sources, problems = found
        if sources:
            self.came.emit(sources)
        if problems:
            self.problem.emit(" ".join(problems))


def read(paths: tuple[Path, ...]) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """What can be read of files and folders, and a sentence for each file that cannot."""
    files: list[Path] = []
    problems: list[str] = []
    for path in paths:
        try:
            files += pictures_in(path) if path.is_dir() else [path]
        except DataError as error:
            problems.append(str(error))
    if len(files) > MOST:
        problems.append(f"Only the first {MOST} of {len(files)} pictures were opened.")
    sources = []
    for path in files[:MOST]:
        try:
            picture = read_picture(path)
        except DataError as error:
            problems.append(str(error))
        else:
            sources.append(Source(path.name, picture.pixels, " ".join(picture.notes)))
    return tuple(sources), tuple(problems)


def sample(number: int) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Scene `number` of the bundled pictures, one that no network was trained on."""
    catalogue = bundled()
    scene = sample_scene(np.random.default_rng([2026, number]), catalogue, Mix(split="held-out"))
    return (Source(f"sample {number + 1}", compose(scene, catalogue)),), ()
