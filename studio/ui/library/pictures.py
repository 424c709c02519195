"""The pictures: those of this session and those already in the pictures folder, newest first.

Files are written and read off the UI thread; a picture that could not be written stays in memory.
Must not import widgets or torch.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QImageReader

from studio.core.errors import DataError
from studio.core.generating import Picture
from studio.core.settings import Settings
from studio.ui.background import Background
from studio.ui.image.qimage import from_qimage, to_qimage
from studio.ui.library.archive import Archive
from studio.ui.recent import Recent

if TYPE_CHECKING:
    import numpy as np

LIMIT = 400  # entries in the strip
THUMBNAIL = 144  # pixels: 72 logical ones on a dense screen
_THUMBNAILS_KEPT = 400
_PICTURES_KEPT = 48


@dataclass(eq=False)
class Entry:
    """One picture. `path` is None until it is written, `settings` None until it is read."""

    path: Path | None = None
    settings: Settings | None = None
    problem: str = ""  # why it could not be written or read

    def title(self) -> str:
        """The prompt, or the file's name when it holds none."""
        if self.settings is not None:
            return self.settings.prompt or "No prompt"
        return self.path.name if self.path is not None else "Picture"


class Library(QObject):
    """The strip's entries. `opened` follows `open`, also at once when the image is in memory."""

    inserted = Signal(object)  # Entry, at the front
    scanned = Signal()
    updated = Signal(object)  # Entry: its thumbnail, path or problem
    opened = Signal(object, object)  # Entry, QImage
    copied = Signal(object)  # Path: a copy is written
    failed = Signal(object, str)  # Entry, one sentence

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.entries: list[Entry] = []
        self.archive = Archive(folder, self)
        self._images: Recent[Entry, QImage] = Recent(_PICTURES_KEPT)
        self._thumbnails: Recent[Entry, QImage] = Recent(_THUMBNAILS_KEPT)
        self._asked: set[Entry] = set()
        self._unwritten: dict[Entry, Picture] = {}
        self._files = Background(self)
        self._small = Background(self)
        self._files.done.connect(self._file_done)
        self._files.failed.connect(self._file_failed)
        self._small.done.connect(self._small_done)
        self._small.failed.connect(self._small_failed)

    @property
    def writer(self) -> Background:
        """What writes the pictures, one after another."""
        return self._files

    def scan(self) -> None:
        """Lists the pictures that are already in the folder."""
        self._files.start(("scan", None), newest_pictures, self.folder, LIMIT)

    def add(self, picture: Picture) -> Entry:
        """Puts a new picture at the front and writes it to the folder."""
        entry = Entry(settings=picture.settings)
        self._unwritten[entry] = picture
        self.thumbnail(entry)
        self.entries.insert(0, entry)
        del self.entries[LIMIT:]
        self.inserted.emit(entry)
        self._files.start(("write", entry), write_new, self.folder, picture)
        return entry

    def write_again(self) -> None:
        """Tries once more to write what could not be written."""
        for entry, picture in self._unwritten.items():
            if entry.problem:
                entry.problem = ""
                self._files.start(("write", entry), write_new, self.folder, picture)

    def insert(self, path: Path, settings: Settings) -> Entry:
        """Puts a picture that was just written to the folder at the front."""
        entry = Entry(path, settings)
        self.entries.insert(0, entry)
        del self.entries[LIMIT:]
        self.archive.add(path)
        self.inserted.emit(entry)
        return entry

    def open(self, entry: Entry) -> None:
        """Reads an entry's picture and settings; `opened` or `failed` follows."""
        image = self.image(entry)
        if image is not None and entry.settings is not None:
            self.opened.emit(entry, image)
        elif entry.path is not None:
            self._files.start(("open", entry), read_picture, entry.path)

    def image(self, entry: Entry) -> QImage | None:
        """The picture, if it is in memory."""
        found = self._images.look(entry)
        if found is None and entry in self._unwritten:
            found = self._images.keep(entry, to_qimage(self._unwritten[entry].image))
        return found

    def thumbnail(self, entry: Entry) -> QImage | None:
        """The thumbnail, if it is in memory; asks for it otherwise (`updated` follows)."""
        found = self._thumbnails.look(entry)
        if found is None and entry in self._unwritten and (image := self.image(entry)) is not None:
            found = self._thumbnails.keep(entry, _shrunk(image))
        elif found is None and entry.path is not None and entry not in self._asked:
            self._asked.add(entry)
            self._small.start(entry, read_thumbnail, entry.path)
        return found

    def save_as(self, entry: Entry, path: Path) -> None:
        """Writes a copy with everything inside; `copied` or `failed` follows."""
        image = self.image(entry)
        if entry.path is not None:
            self._files.start(("copy", entry), shutil.copyfile, entry.path, path)
        elif image is not None and entry.settings is not None:
            pixels = from_qimage(image)
            self._files.start(("copy", entry), write_to, path, pixels, entry.settings)

    def close(self) -> None:
        """Returns when every picture is written, or was refused once more."""
        self.write_again()
        self._files.wait()
        self._small.wait()
        self.archive.close()

    @Slot(object, object)
    def _file_done(self, key: tuple[str, Any], result: Any) -> None:
        what, subject = key
        if what == "scan":
            self._scanned(result)
        elif what == "write":
            subject.path, subject.problem = result, ""
            del self._unwritten[subject]
            self.write_again()  # there is room again
            self.archive.add(result)
            self.updated.emit(subject)
        elif what == "copy":
            self.copied.emit(Path(result))
        elif what == "open":
            image, subject.settings = result
            self._images.keep(subject, image)
            self.opened.emit(subject, image)

    @Slot(object, str)
    def _file_failed(self, key: tuple[str, Any], message: str) -> None:
        _, subject = key
        if isinstance(subject, Entry):
            subject.problem = message
        self.failed.emit(subject, message)

    def _scanned(self, paths: tuple[Path, ...]) -> None:
        known = {entry.path for entry in self.entries}
        self.entries.extend(Entry(path) for path in paths if path not in known)
        self.scanned.emit()

    @Slot(object, object)
    def _small_done(self, entry: Entry, image: QImage) -> None:
        self._asked.discard(entry)
        self._thumbnails.keep(entry, image)
        self.updated.emit(entry)

    @Slot(object, str)
    def _small_failed(self, entry: Entry, message: str) -> None:
        entry.problem = message  # stays in `_asked`: a damaged file is tried once
        self.updated.emit(entry)


def newest_pictures(folder: Path, limit: int) -> tuple[Path, ...]:
    """The PNG files of a folder, newest first; none when there is no such folder."""
    if not folder.is_dir():
        return ()
    with os.scandir(folder) as found:
        seen = [(item.stat(), item.path) for item in found if item.name.endswith(".png")]
    aged = [(status.st_mtime, path) for status, path in seen if status.st_size]  # else reserved
    return tuple(Path(path) for _, path in sorted(aged, reverse=True)[:limit])


def read_thumbnail(path: Path) -> QImage:
    """A file's picture, reduced while it is read. Raises DataError."""
    return _read(path, THUMBNAIL)


def read_picture(path: Path) -> tuple[QImage, Settings | None]:
    """A file's picture and the settings inside, None if there are none. Raises DataError."""
    image = _read(path, None)
    try:
        return image, read_settings(path)
    except DataError:
        return image, None


def _read(path: Path, size: int | None) -> QImage:
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    full = reader.size()
    if size is not None and full.isValid():
        reader.setScaledSize(full.scaled(QSize(size, size), Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():
        raise DataError(f"{path.name} cannot be read as a picture.")
    return image


def _shrunk(image: QImage) -> QImage:
    return image.scaled(
        THUMBNAIL,
        THUMBNAIL,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def read_settings(path: Path) -> Settings:
    """The settings inside a PNG. Raises DataError."""
    from studio.gallery import png

    return png.read_settings(path)


def write_new(folder: Path, picture: Picture) -> Path:
    """Writes a picture under a new name in the folder. Raises OutputError."""
    from studio.gallery import png

    return png.write_new(
        folder, picture.image, picture.settings, nfe=picture.nfe, seconds=picture.seconds
    )


def write_to(path: Path, pixels: np.ndarray, settings: Settings) -> Path:
    """Writes a picture where the user said. Raises OutputError."""
    from studio.gallery import png

    png.write(path, pixels, settings)
    return path
