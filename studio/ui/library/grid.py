"""The grid of thumbnails: as many columns as fit, marks on the tiles.

Its layout is arithmetic, so that nothing is computed a row: QListView lays every row out anew
whenever one changes, 50 ms for 50,000.
"""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QGuiApplication,
    QPainter,
    QPaintEvent,
    QPalette,
    QRegion,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QStyle, QStyleOptionViewItem, QWidget

from studio.ui.image.tiles import draw_pill, pale
from studio.ui.library.archive import Ids
from studio.ui.library.rows import Rows
from studio.ui.library.tile import Index, Tile
from studio.ui.widgets.form import named

TILE = 144  # logical pixels at most
GAP = 10
TIP = "Arrow keys: move. Enter: enlarge. 1 to 5: rate. F: favourite. Delete: to the trash."
HEART, STAR = "♥", "★"


class _Tile(Tile):
    """With its heart and stars on a pill in the lower left corner."""

    def area(self, option: QStyleOptionViewItem) -> QRect:
        side = min(option.rect.width(), option.rect.height()) - GAP
        area = QRect(0, 0, side, side)
        area.moveCenter(option.rect.center())
        return area

    def mark(
        self, painter: QPainter, area: QRect, option: QStyleOptionViewItem, index: Index
    ) -> None:
        item = index.data(Qt.ItemDataRole.UserRole)
        text = f"{HEART * item.favourite} {STAR * item.rating}".strip() if item else ""
        if text:
            width = option.fontMetrics.horizontalAdvance(text) + 14
            height = option.fontMetrics.height() + 4
            pill = QRectF(area.left() + 6, area.bottom() + 1 - height - 6, width, height)
            ink = option.palette.color(QPalette.ColorRole.Accent)
            draw_pill(painter, pill, text, pale(option.palette), ink)


class Grid(QAbstractItemView):
    """Thumbnails of Rows. `chosen` follows every change of what is selected."""

    chosen = Signal()

    def __init__(self, rows: Rows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = rows
        self.columns, self.side = 1, TILE
        self.sentence = ""  # said when there is nothing to show
        self._anchor = -1  # the row where Shift selects from
        self._place = 0  # where to go on when the current row goes
        self.setModel(rows)
        self.setItemDelegate(_Tile(self))
        named(self, "historyGrid", "Pictures found", TIP)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.viewport().setAutoFillBackground(False)
        self.setMinimumSize(2 * TILE, TILE)
        rows.arrived.connect(self.viewport().update)
        rows.modelReset.connect(self.chosen)
        rows.rowsRemoved.connect(self._rows_changed)
        rows.rowsInserted.connect(self._rows_changed)

    def selected(self) -> Ids:
        """The ids of what is selected, in the order of the rows."""
        ranges = sorted(
            (each.top(), each.bottom()) for each in self.selectionModel().selection().toList()
        )
        return tuple(i for top, bottom in ranges for i in self.rows.ids[top : bottom + 1])

    def walk(self, by: int) -> None:
        """Goes to the picture `by` rows further, and only to it."""
        if self.rows.ids:
            at = self.currentIndex().row() if self.currentIndex().isValid() else self._place
            self.setCurrentIndex(self.rows.index(self._bounded(at + by)))

    def visualRect(self, index: Index) -> QRect:
        if not index.isValid():
            return QRect()
        line, column = divmod(index.row(), self.columns)
        corner = QPoint(column * self.side, line * self.side - self.verticalOffset())
        return QRect(corner, QSize(self.side, self.side))

    def indexAt(self, point: QPoint) -> QModelIndex:
        column = point.x() // self.side
        row = (point.y() + self.verticalOffset()) // self.side * self.columns + column
        inside = 0 <= column < self.columns and 0 <= row < len(self.rows.ids)
        return self.rows.index(row) if inside else QModelIndex()

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Moves no further than needed to see the whole cell."""
        if index.isValid():
            cell, bar = self.visualRect(index), self.verticalScrollBar()
            below = max(0, cell.bottom() + 1 - self.viewport().height())
            bar.setValue(bar.value() + (cell.top() if cell.top() < 0 else below))

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Where a key leads; the sides lead on to the next line."""
        if not self.rows.ids:
            return QModelIndex()
        move = QAbstractItemView.CursorAction
        page = max(1, self.viewport().height() // self.side) * self.columns
        by = {
            move.MoveLeft: -1,
            move.MovePrevious: -1,
            move.MoveRight: 1,
            move.MoveNext: 1,
            move.MoveUp: -self.columns,
            move.MoveDown: self.columns,
            move.MovePageUp: -page,
            move.MovePageDown: page,
            move.MoveHome: -len(self.rows.ids),
            move.MoveEnd: len(self.rows.ids),
        }[action]
        row = self.currentIndex().row()
        return self.rows.index(self._bounded(row + by) if row >= 0 else 0)

    def setSelection(self, rectangle: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Selects from the cell where the selection began to that across, in reading order."""
        falling = rectangle.topLeft(), rectangle.bottomRight()
        rising = rectangle.topRight(), rectangle.bottomLeft()
        ends = [[self.indexAt(point) for point in points] for points in (falling, rising)]
        pair = ends[1] if self._anchor in [each.row() for each in ends[1]] else ends[0]
        if all(each.isValid() for each in pair):
            first, last = sorted(pair, key=lambda each: each.row())
            self.selectionModel().select(QItemSelection(first, last), command)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if not QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._anchor = current.row()

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """Too coarse is right too: it is only what is painted anew."""
        return QRegion(self.viewport().rect())

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return int(self.verticalScrollBar().value())

    def isIndexHidden(self, index: Index) -> bool:
        return False

    def keyboardSearch(self, search: str) -> None:
        """Letters are keys here; looking for texts would read every row."""

    def updateGeometries(self) -> None:
        """As many columns as leave no tile larger than TILE, over the whole width."""
        width = self.viewport().width()
        self.columns = max(2, -(-width // (TILE + GAP)))
        self.side = max(GAP + 1, width // self.columns)
        height = -(-len(self.rows.ids) // self.columns) * self.side
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, height - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(max(1, self.side // 3))
        bar.setEnabled(bar.maximum() > 0)  # has its room, but nothing to show
        super().updateGeometries()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Only the lines in sight."""
        painter = QPainter(self.viewport())
        if not self.rows.ids:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, self.sentence)
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        mouse = self.indexAt(self.viewport().mapFromGlobal(self.cursor().pos()))
        selection = self.selectionModel()
        plain = option.state & ~(QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_MouseOver)
        for row in self.in_sight():
            index = self.rows.index(row)
            option.rect = self.visualRect(index)
            option.state = plain
            if selection.isSelected(index):
                option.state |= QStyle.StateFlag.State_Selected
            if mouse.row() == row and self.viewport().underMouse():
                option.state |= QStyle.StateFlag.State_MouseOver
            if self.hasFocus() and row == self.currentIndex().row():
                option.state |= QStyle.StateFlag.State_HasFocus
            self.itemDelegate().paint(painter, option, index)
        painter.end()

    def in_sight(self) -> range:
        """The rows that are painted."""
        first = self.verticalOffset() // self.side
        last = (self.verticalOffset() + self.viewport().height()) // self.side
        return range(first * self.columns, min(len(self.rows.ids), (last + 1) * self.columns))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What is in the first line stays in sight when the columns become others."""
        top = self.in_sight().start
        moved = self.verticalOffset() % self.side
        super().resizeEvent(event)
        self.rows.thumbnails.size = round(TILE * self.devicePixelRatioF())
        self.updateGeometries()
        self.verticalScrollBar().setValue(top // self.columns * self.side + moved)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.updateGeometries()

    def reset(self) -> None:
        super().reset()
        self._place = 0
        self.updateGeometries()
        self.verticalScrollBar().setValue(0)

    def rowsAboutToBeRemoved(self, parent: Index, start: int, end: int) -> None:
        """What follows takes the place of what goes; Qt would turn back."""
        row = self.currentIndex().row()
        super().rowsAboutToBeRemoved(parent, start, end)
        if start <= row <= end:
            self._place = start
            self.selectionModel().clear()

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.viewport().update()
        self.chosen.emit()

    def _bounded(self, row: int) -> int:
        return min(max(row, 0), len(self.rows.ids) - 1)

    @Slot()
    def _rows_changed(self) -> None:
        self.updateGeometries()
        self.viewport().update()
        self.chosen.emit()
