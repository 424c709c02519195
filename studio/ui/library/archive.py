"""The history of pictures for the window: everything that touches its files, off the UI thread."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from studio.core.errors import Cancelled, DataError, HistoryError
from studio.gallery.naming import pictures_folder
from studio.ui.background import Background

if TYPE_CHECKING:  # imported when the history is first opened: SQLite and Pillow are behind it
    from studio.gallery.history.index import History
    from studio.gallery.history.query import Query
    from studio.gallery.history.rows import Brief, Item
    from studio.gallery.history.sync import Synced

Ids = tuple[int, ...]


def database_of(folder: Path) -> Path:
    """Where the index of a folder is: in the user's data for the one pictures go to by themselves;
    another one has its own, hidden inside, so that it travels with it."""
    from studio.gallery.history.index import default_database

    if folder == pictures_folder():
        return default_database()
    return folder / ".latent-studio" / "history.sqlite"


@dataclass(frozen=True)
class Done:
    """What was done to which pictures: "mark", "tag", "trash", "restore" or "empty"."""

    what: str
    ids: Ids


class Archive(QObject):
    """One folder's History, opened when it is first needed.

    When its database cannot be used, the pictures are still shown, from a makeshift index that
    lasts as long as the window; marks and the trash then wait (`problem` says why).
    """

    added = Signal(object)  # Item: one picture more, or one made anew
    progress = Signal(int, int)  # files read and to read
    synced = Signal(object)  # Synced
    facets = Signal(object)  # Facets
    done = Signal(object)  # Done
    failed = Signal(str)  # one sentence

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.problem = ""  # why the index is makeshift
        self.syncing = self._once_more = False
        self._opened: list[History] = []  # the last one is in use
        self._makeshift: tempfile.TemporaryDirectory[str] | None = None
        self._opening, self._closing = Lock(), Event()
        self._work, self._looks, self._sums = (
            Background(self, done=self._done, failed=self._failed) for _ in range(3)
        )

    @property
    def database(self) -> Path:
        return database_of(self.folder)

    def sync(self) -> None:
        """Looks through the folder; `progress` and `synced` or `failed` follow.

        Asked while it does, it looks once more afterwards: what changed meanwhile may be new.
        """
        self._once_more = self.syncing
        if not self.syncing:
            self.syncing = True
            self._looks.start(self._synced, self._sync)

    def reopen(self) -> None:
        """Tries the real index again, after a makeshift one."""
        self._work.start(self._reopened, self._reopen)

    def add(self, path: Path) -> None:
        """Indexes a picture that was just written; `added` or `failed` follows."""
        self._work.start(self.added.emit, lambda: self.history().add(path))

    @Slot()
    def ask_facets(self) -> None:
        """What there is to filter by; `facets` follows."""
        self._sums.start(self.facets.emit, lambda: self.history().facets())

    def mark(self, ids: Ids, favourite: bool | None = None, rating: int | None = None) -> None:
        self._change("mark", ids, lambda past: past.mark(ids, favourite, rating))

    def tag(self, ids: Ids, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        self._change("tag", ids, lambda past: past.tag(ids, add, remove))

    def trash(self, ids: Ids) -> None:
        self._change("trash", ids, lambda past: past.trash(ids))

    def restore(self, ids: Ids) -> None:
        self._change("restore", ids, lambda past: past.restore(ids))

    def empty_trash(self) -> None:
        """For good."""
        self._change("empty", (), lambda past: past.empty_trash())

    def close(self) -> None:
        """Returns when what was begun has ended; a sync ends early and goes on next time."""
        self._closing.set()
        for each in (self._work, self._looks, self._sums):
            each.wait()
        for past in self._opened:
            past.close()
        self._opened.clear()
        if self._makeshift is not None:
            self._makeshift.cleanup()

    def history(self) -> History:
        """The open history, from any thread but the window's. Raises HistoryError."""
        with self._opening:
            if self._closing.is_set():
                raise HistoryError("The window is closing.")
            if not self._opened:
                self._opened.append(self._open())
            return self._opened[-1]

    def find(self, query: Query) -> Ids:
        """All that is found; like the next ones for a thread of the caller's."""
        return self.history().ids(query)

    def briefs(self, query: Query) -> tuple[Brief, ...]:
        return self.history().briefs(query)

    def items(self, ids: Ids) -> tuple[Item, ...]:
        return self.history().items(ids)

    def thumbnail(self, item: Item | Brief, size: int) -> QImage:
        """At most `size` pixels a side. Raises DataError."""
        small = QImage.fromData(self.history().thumbnail(item, size))
        if small.isNull():
            raise DataError(f"{item.path.name} cannot be read as a picture.")
        return small

    def _open(self) -> History:
        from studio.gallery.history.index import History

        try:
            return History(self.database, self.folder)
        except HistoryError as error:
            self.problem = str(error)
        self._makeshift = tempfile.TemporaryDirectory(
            prefix="latent-studio-", ignore_cleanup_errors=True
        )
        return History(Path(self._makeshift.name) / "history.sqlite", self.folder)

    def _reopen(self) -> History:
        from studio.gallery.history.index import History

        return History(self.database, self.folder)

    def _sync(self) -> Synced:
        try:
            return self.history().sync(self._check, self.progress.emit)
        except Cancelled:
            from studio.gallery.history.sync import Synced

            return Synced()

    def _check(self) -> None:
        if self._closing.is_set():
            raise Cancelled

    def _change(self, what: str, ids: Ids, change: Callable[[History], Any]) -> None:
        def work() -> Done:
            past = self.history()
            if self.problem:
                raise HistoryError(self.problem)
            changed = change(past)
            return Done(what, changed if isinstance(changed, tuple) else ids)

        self._work.start(self.done.emit, work)

    def _looked(self) -> None:
        self.syncing = False
        if self._once_more and not self._closing.is_set():
            self.sync()

    def _synced(self, found: Synced) -> None:
        self._looked()
        self.synced.emit(found)
        self.ask_facets()
        if self.problem:
            self.failed.emit(self.problem)

    def _reopened(self, real: History) -> None:
        self._opened.append(real)
        self.problem = ""
        self.sync()

    @Slot(object, object)
    def _done(self, then: Callable[[Any], object], result: Any) -> None:
        then(result)

    @Slot(object, str)
    def _failed(self, key: object, sentence: str) -> None:
        if key == self._synced:
            self._looked()
        if not self._closing.is_set():
            self.failed.emit(sentence)
