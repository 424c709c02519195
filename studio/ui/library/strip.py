"""The strip of thumbnails, newest first; thumbnails are read when they come into sight."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPoint,
    QRect,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QPainter, QPalette, QWheelEvent
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QStyleOptionViewItem,
    QWidget,
)

from studio.ui.library.pictures import LIMIT, Entry, Library
from studio.ui.library.tile import Index, Tile

TILE = 72  # logical pixels
GAP = 8


class EntryRows(QAbstractListModel):
    """The library's newest entries."""

    def __init__(self, library: Library, parent: QObject, most: int = LIMIT) -> None:
        super().__init__(parent)
        self._library, self._most = library, most
        self._rows: list[Entry] = list(library.entries[:most])
        library.inserted.connect(self._insert)
        library.scanned.connect(self._reset)
        library.updated.connect(self._update)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self._rows[index.row()]
        if role == Qt.ItemDataRole.DecorationRole:
            return self._library.thumbnail(entry)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return entry.problem or entry.title()
        if role == Qt.ItemDataRole.UserRole:
            return entry
        return None

    def entry(self, row: int) -> Entry:
        return self._rows[row]

    def row(self, entry: Entry) -> int:
        """The entry's row, or -1."""
        return self._rows.index(entry) if entry in self._rows else -1

    @Slot(object)
    def _insert(self, entry: Entry) -> None:
        self.beginInsertRows(QModelIndex(), 0, 0)
        self._rows.insert(0, entry)
        self.endInsertRows()
        if len(self._rows) > self._most:
            last = len(self._rows) - 1
            self.beginRemoveRows(QModelIndex(), last, last)
            self._rows.pop()
            self.endRemoveRows()

    @Slot()
    def _reset(self) -> None:
        self.beginResetModel()
        self._rows = list(self._library.entries[: self._most])
        self.endResetModel()

    @Slot(object)
    def _update(self, entry: Entry) -> None:
        row = self.row(entry)
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row))


class EntryTile(Tile):
    """Tells by its ring that a file is damaged."""

    radius, ring = 7.0, 2.0

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(TILE + GAP, TILE + GAP)

    def area(self, option: QStyleOptionViewItem) -> QRect:
        """At the top: a list in one line makes its items as high as itself."""
        corner = option.rect.topLeft() + QPoint(GAP // 2, GAP // 2)
        return QRect(corner, QSize(TILE, TILE))

    def mark(
        self, painter: QPainter, area: QRect, option: QStyleOptionViewItem, index: Index
    ) -> None:
        if index.data(Qt.ItemDataRole.UserRole).problem:
            self.encircle(painter, area, option, QPalette.ColorRole.BrightText)


class Strip(QListView):
    """One row of thumbnails; `chosen` tells which one the user went to."""

    chosen = Signal(object)  # Entry

    def __init__(self, library: Library, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = EntryRows(library, self)
        self.setModel(self.rows)
        self.setItemDelegate(EntryTile(self))
        self.setObjectName("strip")
        self.setAccessibleName("Pictures, newest first")
        self.setToolTip("Your pictures, newest first; the arrow keys move along them.")
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setFixedHeight(TILE + GAP + 14)
        self.viewport().setAutoFillBackground(False)
        self.selectionModel().currentChanged.connect(self._current)

    def show_entry(self, entry: Entry | None) -> None:
        """Marks an entry without reporting that the user chose it."""
        row = -1 if entry is None else self.rows.row(entry)
        with QSignalBlocker(self.selectionModel()):
            self.setCurrentIndex(self.rows.index(row) if row >= 0 else QModelIndex())
            if row < 0:
                self.clearSelection()
        self.viewport().update()

    def walk(self, by: int) -> None:
        """Goes `by` pictures to the right (older) or, negative, to the left."""
        if self.rows.rowCount():
            row = self.currentIndex().row()
            to = min(max(row + by, 0), self.rows.rowCount() - 1)
            self.setCurrentIndex(self.rows.index(to))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls sideways."""
        turn = event.angleDelta().y() or event.angleDelta().x()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - turn)
        event.accept()

    @Slot(QModelIndex, QModelIndex)
    def _current(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self.scrollTo(index)
            self.chosen.emit(self.rows.entry(index.row()))
