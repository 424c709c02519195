"""The pictures: those of this session and those already in the pictures folder, newest first.

Files are written and read off the UI thread; a picture that could not be written stays in memory.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QImageReader

from studio.core.errors import DataError
from studio.core.generating import Picture, Score
from studio.core.settings import Settings
from studio.ui.background import Background
from studio.ui.image.qimage import from_qimage, to_qimage
from studio.ui.library.archive import Archive
from studio.ui.library.loader import SIZE, Thumbnails
from studio.ui.library.tile import Index
from studio.ui.recent import Recent

if TYPE_CHECKING:
    import numpy as np

LIMIT = 400  # entries
_PICTURES_KEPT = 48
_ASPECT = Qt.AspectRatioMode.KeepAspectRatio


@dataclass(eq=False)
class Entry:
    """One picture. `path` is None until it is written, `settings` None until it is read."""

    path: Path | None = None
    settings: Settings | None = None
    problem: str = ""  # why it could not be written or read
    score: Score | None = None  # how well it fits its prompt, if it is known
    ranked: bool = False  # among several of which the best was wanted

    def title(self) -> str:
        """The prompt, or the file's name when it holds none."""
        if self.settings is not None:
            return self.settings.prompt or "No prompt"
        return self.path.name if self.path is not None else "Picture"


class Library(QAbstractListModel):
    """The newest entries, as rows. UserRole is the Entry and DecorationRole its thumbnail.

    `opened` follows `open`, also at once when the image is in memory.
    """

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
        self._unwritten: dict[Entry, Picture] = {}
        self._files = Background(self, done=self._file_done, failed=self._file_failed)
        self._small = Thumbnails(self)
        self._small.arrived.connect(self._small_arrived)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DecorationRole:
            return self.thumbnail(entry)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return entry.problem or entry.title()
        return entry if role == Qt.ItemDataRole.UserRole else None

    def index_of(self, entry: Entry | None) -> QModelIndex:
        """Where an entry is; an invalid index if it is not among the newest."""
        if entry is None or entry not in self.entries:
            return QModelIndex()
        return self.index(self.entries.index(entry))

    @property
    def writer(self) -> Background:
        """What writes the pictures, one after another."""
        return self._files

    def scan(self) -> None:
        """Lists the pictures that are already in the folder."""
        self._files.start(("scan", None), newest_pictures, self.folder, LIMIT)

    def add(self, picture: Picture) -> Entry:
        """Puts a new picture at the front and writes it to the folder."""
        entry = Entry(settings=picture.settings, score=picture.score)
        self._unwritten[entry] = picture
        self.thumbnail(entry)
        self._put(0, [entry])
        self._files.start(("write", entry), write_new, self.folder, picture)
        return entry

    def put_first(self, entry: Entry) -> None:
        """Moves an entry to the front."""
        row, none = self.entries.index(entry), QModelIndex()
        if row and self.beginMoveRows(none, row, row, none, 0):
            self.entries.insert(0, self.entries.pop(row))
            self.endMoveRows()

    def write_again(self) -> None:
        """Tries once more to write what could not be written."""
        for entry, picture in self._unwritten.items():
            if entry.problem:
                entry.problem = ""
                self._files.start(("write", entry), write_new, self.folder, picture)

    def insert(self, path: Path, settings: Settings) -> Entry:
        """Puts a picture that was just written to the folder at the front."""
        entry = Entry(path, settings)
        self._put(0, [entry])
        self.archive.add(path)
        return entry

    def _put(self, row: int, entries: list[Entry]) -> None:
        """Inserts entries before a row; what is too much goes at the end."""
        if entries:
            self.beginInsertRows(QModelIndex(), row, row + len(entries) - 1)
            self.entries[row:row] = entries
            self.endInsertRows()
        if len(self.entries) > LIMIT:
            self.beginRemoveRows(QModelIndex(), LIMIT, len(self.entries) - 1)
            del self.entries[LIMIT:]
            self.endRemoveRows()

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
        found = self._small.known(entry)
        if found is None and entry in self._unwritten and (image := self.image(entry)) is not None:
            keep, smooth = _ASPECT, Qt.TransformationMode.SmoothTransformation
            found = self._small.keep(entry, image.scaled(SIZE, SIZE, keep, smooth))
        elif found is None and entry.path is not None:
            self._small.ask(entry, read_thumbnail, entry.path)
        return found

    def save_as(self, entry: Entry, path: Path) -> None:
        """Writes a copy with everything inside; `copied` or `failed` follows."""
        image = self.image(entry)
        if entry.path is not None:
            self._files.start(("copy", entry), shutil.copyfile, entry.path, path)
        elif image is not None and entry.settings is not None:
            pixels = from_qimage(image)
            self._files.start(("copy", entry), write_to, path, pixels, entry.settings, entry.score)

    def close(self) -> None:
        """Returns when every picture is written, or was refused once more."""
        self.write_again()
        self._files.wait()
        self._small.close()
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
            self._changed(subject)
        elif what == "copy":
            self.copied.emit(Path(result))
        elif what == "open":
            image, subject.settings, subject.score = result
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
        self._put(len(self.entries), [Entry(path) for path in paths if path not in known])
        self.scanned.emit()

    @Slot(object)
    def _small_arrived(self, entry: Entry) -> None:
        entry.problem = self._small.problems.get(entry, entry.problem)
        self._changed(entry)

    def _changed(self, entry: Entry) -> None:
        if (index := self.index_of(entry)).isValid():
            self.dataChanged.emit(index, index)
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
    return _read(path, SIZE)


def read_picture(path: Path) -> tuple[QImage, Settings | None, Score | None]:
    """A file's picture, the settings inside and how well it fits, None if there are none. Raises
    DataError."""
    from studio.gallery import png

    image = _read(path, None)
    try:
        record = png.read_record(path)
        return image, record.settings, record.score
    except DataError:
        return image, None, None


def _read(path: Path, size: int | None) -> QImage:
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    full = reader.size()
    if size is not None and full.isValid():
        reader.setScaledSize(full.scaled(QSize(size, size), _ASPECT))
    image = reader.read()
    if image.isNull():
        raise DataError(f"{path.name} cannot be read as a picture.")
    return image


def write_new(folder: Path, picture: Picture) -> Path:
    """Writes a picture under a new name in the folder. Raises OutputError."""
    from studio.gallery import png

    return png.write_new(
        folder, picture.image, picture.settings, nfe=picture.nfe, seconds=picture.seconds,
        score=picture.score,
    )  # fmt: skip


def write_to(path: Path, pixels: np.ndarray, settings: Settings, score: Score | None) -> Path:
    """Writes a picture where the user said. Raises OutputError."""
    from studio.gallery import png

    png.write(path, pixels, settings, score=score)
    return path
