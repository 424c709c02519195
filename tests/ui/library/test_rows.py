"""The rows of the history: pages and thumbnails are read when they are in sight, never before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from studio.core.errors import DataError, HistoryError
from studio.core.settings import Settings
from studio.gallery.history.query import Query
from studio.gallery.history.rows import Item
from studio.ui.library.archive import Done, Ids
from studio.ui.library.grid import Grid
from studio.ui.library.rows import ITEMS_KEPT, PAGE, Rows

MANY = 50_000
ITEM = Qt.ItemDataRole.UserRole
PICTURE = Qt.ItemDataRole.DecorationRole


def item(number: int) -> Item:
    settings = Settings(f"picture {number}", seed=number)
    path = Path(f"/nowhere/{number}.png")
    figures = (0, 1, 1.0, 64, 64, 1, None)
    return Item(number, path, str(number), False, number, False, *figures, settings, ())


class Shelf(QObject):
    """An archive without files that notes what is read, and on which thread."""

    added, synced, done = Signal(object), Signal(object), Signal(object)

    def __init__(self, count: int) -> None:
        super().__init__()
        self.ids = tuple(range(count, 0, -1))
        self.pages: list[Ids] = []
        self.small: list[int] = []
        self.threads: set[int] = set()
        self.missing: set[int] = set()
        self.problem = ""

    def find(self, query: Query) -> Ids:
        self.threads.add(threading.get_ident())
        if self.problem:
            raise HistoryError(self.problem)
        return tuple(number for number in self.ids if query.text in f"picture {number}")

    def items(self, ids: Ids) -> tuple[Item, ...]:
        self.threads.add(threading.get_ident())
        self.pages.append(ids)
        return tuple(item(number) for number in ids if number not in self.missing)

    def thumbnail(self, found: Item, size: int) -> QImage:
        self.threads.add(threading.get_ident())
        self.small.append(found.id)
        if found.id in self.missing:
            raise DataError("damaged.")
        image = QImage(size, size, QImage.Format.Format_RGB32)
        image.fill(found.id)
        return image


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(MANY)


@pytest.fixture
def rows(shelf: Shelf, qtbot: QtBot) -> Iterator[Rows]:
    rows = Rows(shelf)  # type: ignore[arg-type]
    with qtbot.waitSignal(rows.found):
        rows.search(Query())
    yield rows
    rows.close()


def test_no_row_is_read_up_front(rows: Rows, shelf: Shelf) -> None:
    assert rows.rowCount() == MANY
    assert rows.ids == shelf.ids
    assert not shelf.pages and not shelf.small
    assert threading.get_ident() not in shelf.threads


def test_a_page_comes_when_one_of_its_rows_is_looked_at(
    rows: Rows, shelf: Shelf, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(rows.arrived):
        assert rows.index(12_345).data(ITEM) is None
    assert shelf.pages == [shelf.ids[12_300 : 12_300 + PAGE]]
    assert rows.index(12_345).data(ITEM) == item(MANY - 12_345)
    assert rows.index(12_399).data(ITEM) == item(MANY - 12_399)
    assert rows.index(12_345).data(Qt.ItemDataRole.ToolTipRole) == f"picture {MANY - 12_345}"
    assert len(shelf.pages) == 1 and not shelf.small
    with qtbot.waitSignal(rows.arrived):
        assert rows.index(12_345).data(PICTURE) is None
    assert shelf.small == [MANY - 12_345]
    assert isinstance(rows.index(12_345).data(PICTURE), QImage)
    assert threading.get_ident() not in shelf.threads


def test_scrolling_through_all_reads_only_what_was_in_sight(
    rows: Rows, shelf: Shelf, qtbot: QtBot
) -> None:
    grid = Grid(rows)
    qtbot.addWidget(grid)
    grid.resize(800, 600)
    grid.show()
    qtbot.waitExposed(grid)
    bar = grid.verticalScrollBar()
    places = 40
    for place in range(places + 1):
        bar.setValue(bar.maximum() * place // places)
        seen = grid.in_sight()
        qtbot.waitUntil(lambda seen=seen: all(rows.index(r).data(PICTURE) for r in seen))
    assert seen.stop == MANY
    pages = {page for row in (0, MANY - 1) for page in shelf.pages if shelf.ids[row] in page}
    assert len(pages) == 2
    assert len(shelf.pages) <= 2 * (places + 1)
    assert len(shelf.small) <= (places + 1) * (len(seen) + 2 * grid.columns)
    assert len(rows._items) <= ITEMS_KEPT


def test_new_and_gone_pictures_move_nothing_else(rows: Rows, shelf: Shelf, qtbot: QtBot) -> None:
    grid = Grid(rows)
    qtbot.addWidget(grid)
    grid.setCurrentIndex(rows.index(10))
    chosen = shelf.ids[10]
    shelf.ids = (MANY + 1, *shelf.ids[:5], *shelf.ids[7:])
    with qtbot.waitSignal(rows.found):
        rows.refresh()
    assert rows.ids == shelf.ids
    assert grid.selected() == (chosen,)
    assert grid.currentIndex().row() == 9


def test_a_new_search_is_a_new_list(rows: Rows, shelf: Shelf, qtbot: QtBot) -> None:
    with qtbot.waitSignals((rows.modelReset, rows.found)):
        rows.search(Query(text="4999"))
    assert rows.ids == tuple(n for n in range(MANY, 0, -1) if "4999" in str(n))


def test_only_the_last_of_many_searches_is_shown(rows: Rows, qtbot: QtBot) -> None:
    shown = []
    rows.modelReset.connect(lambda: shown.append(rows.ids))
    for text in ("1", "12", "123", "1234", "12345"):
        rows.search(Query(text=text))
    qtbot.waitUntil(lambda: rows.ids == (12345,))
    assert len(shown) == 1


def test_pictures_that_vanished_are_asked_for_once(rows: Rows, shelf: Shelf, qtbot: QtBot) -> None:
    shelf.missing = set(shelf.ids[:3])
    with qtbot.waitSignal(rows.arrived):
        rows.index(0).data(ITEM)
    for row in range(3):
        assert rows.index(row).data(ITEM) is None
    rows.close()  # waits for whatever was asked for
    assert len(shelf.pages) == 1


def test_a_damaged_file_is_tried_once(rows: Rows, shelf: Shelf, qtbot: QtBot) -> None:
    with qtbot.waitSignal(rows.arrived):
        rows.index(0).data(ITEM)
    shelf.missing = {MANY}
    with qtbot.waitSignal(rows.arrived):
        rows.index(0).data(PICTURE)
    assert rows.index(0).data(PICTURE) is None
    assert rows.index(0).data(Qt.ItemDataRole.ToolTipRole) == "damaged."
    rows.close()  # waits for whatever was asked for
    assert shelf.small == [MANY]


def test_marks_are_read_anew(rows: Rows, shelf: Shelf, qtbot: QtBot) -> None:
    with qtbot.waitSignal(rows.arrived):
        rows.index(0).data(ITEM)
    with qtbot.waitSignal(rows.arrived):
        shelf.done.emit(Done("mark", (MANY, MANY - 1)))
    assert set(shelf.pages[1]) == {MANY, MANY - 1}


def test_an_index_that_cannot_be_read_says_so(rows: Rows, shelf: Shelf, qtbot: QtBot) -> None:
    shelf.problem = "It is in use; try again."
    with qtbot.waitSignal(rows.failed) as said:
        rows.search(Query(text="x"))
    assert said.args == ["It is in use; try again."]
    assert rows.rowCount() == MANY
