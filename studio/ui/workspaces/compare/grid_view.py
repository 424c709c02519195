"""The grid: the cells of one tab with their headings, as large as there is room."""

from __future__ import annotations

import math
from typing import NamedTuple

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

from studio.core.grid import Axis
from studio.ui.image.sight import Lens
from studio.ui.widgets.form import caption, named
from studio.ui.workspaces.compare.cell import CAPTION, HEAD, RING, CellView
from studio.ui.workspaces.compare.comparison import Comparison

GAP = 6
CENTRED = Qt.AlignmentFlag.AlignCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
ROW_HEAD, COLUMN_HEAD = 92, 28
LEAST, GOOD, MOST = 104, 120, 520  # logical pixels of a picture's width


class Layout(NamedTuple):
    """How many cells lie beside each other, and how large their pictures are."""

    columns: int
    side: int


def layout(count: int, columns: int | None, width: int, height: int, shape: float = 1.0) -> Layout:
    """The largest pictures that fit; smaller than GOOD they would be no use, so then it scrolls.

    `columns` is None where the cells may be wrapped; `shape` is a picture's height for its width.
    """
    tried = [columns] if columns is not None else list(range(1, count + 1))
    room = width, height, shape, columns is None
    fits = [Layout(each, _side(count, each, *room)) for each in tried]
    best = max(fits, key=lambda each: each.side)
    if best.side >= GOOD:
        return Layout(best.columns, min(best.side, MOST))
    across = columns or max(1, min(count, (width + GAP) // (GOOD + 2 * RING + GAP)))
    return Layout(across, min(max(_across(across, width), LEAST), max(GOOD, best.side)))


def _across(columns: int, width: int) -> int:
    return (width - (columns - 1) * GAP) // columns - 2 * RING


def _side(count: int, columns: int, width: int, height: int, shape: float, own_heads: bool) -> int:
    rows = math.ceil(count / columns)
    extra = 2 * RING + CAPTION + (HEAD if own_heads else 0)
    high = (height - (rows - 1) * GAP) // rows - extra
    return min(_across(columns, width), int(high / shape))


class GridView(QScrollArea):
    """The cells of the tab `number`. Arrow keys are the panel's: see `walk`."""

    opened = Signal(int)

    def __init__(self, comparison: Comparison, lens: Lens) -> None:
        super().__init__()
        self._comparison, self._lens = comparison, lens
        self.number = 0
        self.cells: dict[int, CellView] = {}
        self._heads: list[QLabel] = []  # columns, then rows
        self._layout = Layout(1, GOOD)
        named(self, "grid", "Compared pictures")
        self._body = named(QWidget(), "gridBody")
        self.setWidget(self._body)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        comparison.selected.connect(self._mark)
        for bar in (self.verticalScrollBar(), self.horizontalScrollBar()):
            bar.valueChanged.connect(self._reveal)

    def show_tab(self, number: int) -> None:
        """Builds the cells of a tab."""
        for widget in (*self.cells.values(), *self._heads):
            widget.hide()
            widget.deleteLater()
        self.number, self.cells, self._heads = number, {}, []
        grid = self._comparison.grid
        if grid is None:
            return
        for index in self._comparison.tab(number):
            cell = CellView(index, self._lens, self._body)
            cell.picked.connect(self._picked)
            cell.opened.connect(self.opened)
            self.cells[index] = cell
        columns = self._labels(grid.columns)
        if grid.rows is None:
            for cell, text in zip(self.cells.values(), columns, strict=True):
                cell.heading = text
        else:
            self._heads = [self._head(text, "columnHead", CENTRED) for text in columns]
            self._heads += [self._head(text, "rowHead", RIGHT) for text in self._labels(grid.rows)]
        self._arrange()
        self._mark(self._comparison.current)

    def _labels(self, axis: Axis) -> list[str]:
        return [self._comparison.value_label(axis.name, value) for value in axis.values]

    def _head(self, text: str, name: str, side: Qt.AlignmentFlag) -> QLabel:
        head = caption(text, "head", name, text, wrap=name == "rowHead")
        head.setParent(self._body)
        head.setAlignment(side)
        head.show()
        return head

    def in_sight(self) -> list[CellView]:
        """The cells that can be seen without scrolling."""
        return [cell for cell in self.cells.values() if cell.isVisible()]

    def walk(self, across: int, down: int) -> None:
        """Selects the cell so many places to the right and below."""
        indices = list(self.cells)
        if not indices:
            return
        columns = self._layout.columns
        at = max(self._comparison.current - indices[0], 0)
        row, column = divmod(at, columns)
        column = min(max(column + across, 0), columns - 1)
        row = min(max(row + down, 0), (len(indices) - 1) // columns)
        to = row * columns + column
        if to < len(indices):
            self._comparison.select(indices[to])
            self.ensureWidgetVisible(self.cells[indices[to]])

    def _arrange(self) -> None:
        grid = self._comparison.grid
        if grid is None or not self.cells:
            return
        headed = grid.rows is not None
        left, top = (ROW_HEAD, COLUMN_HEAD) if headed else (0, 0)
        width, height = self.width() - left - 2, self.height() - top - 2
        columns = len(grid.columns.values) if headed else None
        size = self._comparison.results[0].settings.size
        shape = size.height / size.width
        made = layout(len(self.cells), columns, width, height, shape)
        if made.side < GOOD or self._tall(made, shape) > height:  # room for the scroll bar
            made = layout(len(self.cells), columns, width - 12, height, shape)
        self._layout = made
        wide = made.side + 2 * RING
        high = round(made.side * shape) + 2 * RING + CAPTION + (0 if headed else HEAD)
        rows = math.ceil(len(self.cells) / made.columns)
        full = left + made.columns * (wide + GAP) - GAP
        # a lone line of pictures stands in the middle of its room
        spare = max(0, (self.height() - top - rows * (high + GAP) + GAP) // 3)
        aside = max(0, (self.width() - full) // 2)
        for number, cell in enumerate(self.cells.values()):
            row, column = divmod(number, made.columns)
            x = aside + left + column * (wide + GAP)
            cell.setGeometry(x, top + spare + row * (high + GAP), wide, high)
        self._body.resize(
            max(full, self.viewport().width()), top + spare + rows * (high + GAP) - GAP
        )
        self._reveal()

    def _tall(self, made: Layout, shape: float) -> int:
        rows = math.ceil(len(self.cells) / made.columns)
        return rows * (round(made.side * shape) + 2 * RING + CAPTION + GAP)

    @Slot()
    def _reveal(self) -> None:
        """Only the cells in sight are there for Qt: a grid of 256 is as quick as one of 12."""
        seen = self.viewport().rect().translated(-self._body.pos())
        for cell in self.cells.values():
            cell.setVisible(seen.intersects(cell.geometry()))
        self._place_heads(seen.topLeft())

    def _place_heads(self, corner: QPoint) -> None:
        """Headings stay at the edge while the pictures scroll under them."""
        grid, cells = self._comparison.grid, list(self.cells.values())
        if grid is None or not self._heads:
            return
        columns = len(grid.columns.values)
        for head, cell in zip(self._heads[:columns], cells[:columns], strict=True):
            y = max(corner.y(), cell.y() - COLUMN_HEAD)
            head.setGeometry(cell.x(), y, cell.width(), COLUMN_HEAD)
            elide, room = Qt.TextElideMode.ElideRight, cell.width() - 8
            head.setText(head.fontMetrics().elidedText(head.toolTip(), elide, room))
            head.raise_()
        for head, cell in zip(self._heads[columns:], cells[::columns], strict=True):
            x = max(corner.x(), cell.x() - ROW_HEAD)
            head.setGeometry(x, cell.y(), ROW_HEAD - 4, cell.height() - CAPTION)
            head.raise_()

    @Slot(int)
    def _mark(self, current: int) -> None:
        for index, cell in self.cells.items():
            if cell.is_current != (index == current):
                cell.is_current = index == current
                cell.update()

    @Slot(int)
    def _picked(self, index: int) -> None:
        self.setFocus()
        self._comparison.select(index)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
