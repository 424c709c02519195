"""The grid's arithmetic layout: every cell in its place, and back from every point to its row."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from studio.ui.library.archive import Archive
from studio.ui.library.grid import GAP, TILE, Grid
from studio.ui.library.rows import Rows

LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def grid(qtbot: QtBot, tmp_path: Path) -> Grid:
    rows = Rows(Archive(tmp_path))
    grid = Grid(rows)
    grid.kept = rows  # type: ignore[attr-defined]
    qtbot.addWidget(grid)
    rows.beginResetModel()
    rows.ids = tuple(range(1000))
    rows._gone = set(rows.ids)  # nothing is to be read
    rows.endResetModel()
    grid.resize(700, 500)
    grid.show()
    qtbot.waitExposed(grid)
    return grid


@pytest.mark.parametrize("width", [300, 452, 700, 1003, 2000])
def test_cells_fill_the_width_and_points_lead_back(grid: Grid, width: int) -> None:
    grid.resize(width, 500)
    across = grid.viewport().width()
    assert grid.side <= TILE + GAP
    assert grid.columns * grid.side <= across < grid.columns * (grid.side + 1)
    for row in (0, 1, grid.columns, 3 * grid.columns + 1):
        cell = grid.visualRect(grid.rows.index(row))
        assert cell.left() >= 0 and cell.right() < across
        for point in (cell.topLeft(), cell.center(), cell.bottomRight()):
            assert grid.indexAt(point).row() == row


def test_the_last_row_can_be_reached_and_nothing_beyond(grid: Grid) -> None:
    grid.scrollTo(grid.rows.index(999))
    cell = grid.visualRect(grid.rows.index(999))
    assert grid.viewport().rect().contains(cell)
    assert grid.verticalScrollBar().value() == grid.verticalScrollBar().maximum()
    assert not grid.indexAt(cell.center() + QPoint(0, grid.side)).isValid()
    assert grid.in_sight().stop == 1000


def test_keys_move_by_cells_lines_and_pages(grid: Grid, qtbot: QtBot) -> None:
    def press(key: Qt.Key) -> int:
        qtbot.keyClick(grid, key)
        return grid.currentIndex().row()

    n = grid.columns
    page = grid.viewport().height() // grid.side * n
    grid.setCurrentIndex(grid.rows.index(0))
    assert [press(Qt.Key.Key_Right), press(Qt.Key.Key_Down)] == [1, 1 + n]
    assert [press(Qt.Key.Key_Left), press(Qt.Key.Key_Up)] == [n, 0]
    assert [press(Qt.Key.Key_PageDown), press(Qt.Key.Key_End)] == [page, 999]
    assert press(Qt.Key.Key_Right) == 999
    assert grid.viewport().rect().contains(grid.visualRect(grid.currentIndex()))
    assert press(Qt.Key.Key_Home) == 0
    assert grid.verticalScrollBar().value() == 0
    assert grid.selected() == (0,)


def test_shift_selects_in_reading_order(grid: Grid, qtbot: QtBot) -> None:
    def click(row: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        at = grid.visualRect(grid.rows.index(row)).center()
        qtbot.mouseClick(grid.viewport(), LEFT, modifiers, at)

    n = grid.columns
    click(n - 1)
    click(2 * n, SHIFT)  # below, to the left
    assert grid.selected() == tuple(range(n - 1, 2 * n + 1))
    click(1)
    click(n + 2, SHIFT)  # below, to the right
    assert grid.selected() == tuple(range(1, n + 3))
    click(2 * n)
    click(n - 1, SHIFT)  # above, to the right
    assert grid.selected() == tuple(range(n - 1, 2 * n + 1))
    qtbot.keyClick(grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert grid.selected() == tuple(range(1000))


def test_a_narrower_window_keeps_the_place(grid: Grid) -> None:
    grid.verticalScrollBar().setValue(100 * grid.side)
    first = grid.in_sight().start
    grid.resize(430, 500)
    assert first in grid.in_sight()
