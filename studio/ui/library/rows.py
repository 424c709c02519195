"""The pictures that were found, as rows of a list: only what is in sight is ever read.

The ids of everything found come at once; items come in pages and thumbnails one by one, off the UI
thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    Qt,
    QUrl,
    Signal,
    Slot,
)
from PySide6.QtGui import QImage

from studio.gallery.history.query import Query
from studio.gallery.history.rows import Item
from studio.ui.library.archive import Archive, Done, Ids
from studio.ui.library.loader import Loader, Thumbnails
from studio.ui.library.tile import Index
from studio.ui.recent import Recent

PAGE = 100  # items read together
ITEMS_KEPT = 4000
PAGES_WAITING = 4
CHANGES_WAITING = 10_000  # none may be forgotten: what is kept would be out of date


class Rows(QAbstractListModel):
    """What a query finds. UserRole is the Item and DecorationRole its thumbnail, None until they
    are there; `arrived` says when to look again."""

    found = Signal(int)  # how many, after every search
    arrived = Signal()
    failed = Signal(str)  # one sentence

    def __init__(self, archive: Archive, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.query = Query()
        self.ids: Ids = ()
        self.thumbnails = Thumbnails(self)
        self._archive = archive
        self._shown: Query | None = None  # what `ids` answers
        self._asked = 0
        self._items: Recent[int, Item] = Recent(ITEMS_KEPT)
        self._changes = 0  # of marks, seen by this window
        self._gone: set[int] = set()  # left the index since the search
        self._searches = Loader(1, 1, self)
        self._reads = Loader(1, PAGES_WAITING, self)
        self._again = Loader(1, CHANGES_WAITING, self)
        self._searches.loaded.connect(self._searched)
        self._searches.problem.connect(self.failed)
        for reads in (self._reads, self._again):
            reads.loaded.connect(self._read)
            reads.problem.connect(self.failed)
        self.thumbnails.arrived.connect(self.arrived)
        archive.added.connect(self._added)
        archive.done.connect(self._changed)
        archive.synced.connect(self.refresh)

    def search(self, query: Query) -> None:
        """Shows what a query finds; `found` follows."""
        if query != self.query:
            self._forget()
        self.query = query
        self.refresh()

    @property
    def _passing(self) -> bool:
        """Whether the rows are about to be others: then nothing is read, the search is first."""
        return self._shown != self.query

    def _forget(self) -> None:
        self._reads.forget()
        self.thumbnails.forget()

    @Slot()
    def refresh(self, _: object = None) -> None:
        """Asks again; what is still found stays where it is, selected or not."""
        self._asked += 1
        self._searches.ask((self._asked, self.query), self._archive.find, self.query)

    def item(self, row: int) -> Item | None:
        """The picture in a row; asks for its page when it is not there (`arrived` follows)."""
        number = self.ids[row]
        found = self._items.get(number)
        if found is None and number not in self._gone and not self._passing:
            page = self.ids[row - row % PAGE :][:PAGE]
            self._reads.ask((page, 0), self._archive.items, page)
        return found

    def known(self, number: int) -> Item | None:
        """The picture with that id, if it is read."""
        return self._items.get(number)

    def thumbnail(self, item: Item) -> QImage | None:
        """Its thumbnail; asks for it when it is not there (`arrived` follows)."""
        key = item.id, item.modified
        found = self.thumbnails.known(key)
        if found is None and not self._passing:
            self.thumbnails.ask(key, self._archive.thumbnail, item, self.thumbnails.size)
        return found

    def problem(self, item: Item) -> str:
        """Why there is no thumbnail, if it is damaged."""
        return self.thumbnails.problems.get((item.id, item.modified), "")

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.ids)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role not in _ROLES or not index.isValid() or (item := self.item(index.row())) is None:
            return None
        if role == _ROLE.DecorationRole:
            return self.thumbnail(item)
        if role == _ROLE.UserRole:
            return item
        return self.problem(item) or item.settings.prompt or "No prompt"

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The files, to be dropped anywhere."""
        data = QMimeData()
        items = [item for index in indexes if (item := self.item(index.row())) is not None]
        data.setUrls([QUrl.fromLocalFile(str(item.path)) for item in items])
        return data

    def close(self) -> None:
        """Returns when nothing is read any more."""
        for each in (self._searches, self._reads, self._again, self.thumbnails):
            each.close()

    @Slot(object, object)
    def _searched(self, key: tuple[int, Query], ids: Ids) -> None:
        if key[1] != self.query:
            return
        self._gone.clear()
        if self._shown == self.query:
            self._merge(ids)
        else:
            self._forget()
            self.beginResetModel()
            self.ids, self._shown = ids, self.query
            self.endResetModel()
        self.found.emit(len(ids))

    def _merge(self, ids: Ids) -> None:
        """Replaces only the rows between the first and the last that differ."""
        old = self.ids
        head = _common(old, ids)
        tail = _common(old[head:][::-1], ids[head:][::-1])
        if gone := len(old) - head - tail:
            self.beginRemoveRows(QModelIndex(), head, head + gone - 1)
            self.ids = old[:head] + old[len(old) - tail :]
            self.endRemoveRows()
        if new := len(ids) - head - tail:
            self.beginInsertRows(QModelIndex(), head, head + new - 1)
            self.ids = ids
            self.endInsertRows()

    @Slot(object, object)
    def _read(self, asked: tuple[Ids, int], items: tuple[Item, ...]) -> None:
        self._keep(items)
        self._gone.update(set(asked[0]) - {item.id for item in items})
        self.arrived.emit()

    def _keep(self, items: Iterable[Item]) -> None:
        for item in items:
            self._items.keep(item.id, item)

    @Slot(object)
    def _added(self, item: Item) -> None:
        self._keep((item,))
        self.refresh()

    @Slot(object)
    def _changed(self, done: Done) -> None:
        """Marks are read anew, also those of copies; after anything else the rows are."""
        marked = {self._items[number].identity for number in done.ids if number in self._items}
        again = tuple(i for i, item in self._items.items() if item.identity in marked)
        if again:
            self._changes += 1  # what is being read now may still be the old marks
            self._again.ask((again, self._changes), self._archive.items, again)
        if done.what not in ("mark", "tag"):
            self.refresh()


_ROLE = Qt.ItemDataRole
_ROLES = (_ROLE.DecorationRole, _ROLE.UserRole, _ROLE.ToolTipRole, _ROLE.AccessibleTextRole)


def _common(one: Ids, other: Ids) -> int:
    """How many ids both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
