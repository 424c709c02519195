"""A small window over the column: the newest pictures made here, to choose an end from."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QListView, QWidget

from studio.ui.library.pictures import Library
from studio.ui.library.strip import GAP, TILE, EntryTile
from studio.ui.widgets.form import caption, column, named

MOST = 60


class Yours(QFrame):
    """`chosen` gives the Entry that was clicked, or left with Enter; then it closes."""

    chosen = Signal(object)

    def __init__(self, library: Library, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("walkYours")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        tip = "Click, or choose with the arrow keys and Enter"
        self.list = named(QListView(), "walkYoursList", "Your newest pictures", tip)
        self.rows = library
        self.list.setModel(library)
        for row in range(MOST, library.rowCount()):
            self.list.setRowHidden(row, True)
        self.list.setItemDelegate(EntryTile(self.list))
        self.list.setViewMode(QListView.ViewMode.IconMode)
        self.list.setMovement(QListView.Movement.Static)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setUniformItemSizes(True)
        title = caption("Your newest pictures", "title")
        column(title, (self.list, 1), margins=(10, 8, 10, 10), on=self)
        self.resize(4 * (TILE + GAP) + 74, 3 * (TILE + GAP) + 72)
        self.list.setCurrentIndex(self.rows.index(0))
        self.list.clicked.connect(self._take)
        self.list.activated.connect(self._take)
        self.setFocusProxy(self.list)

    @Slot(QModelIndex)
    def _take(self, index: QModelIndex) -> None:
        entry = self.rows.entries[index.row()]
        if self.isVisible() and entry.path is not None:
            self.close()
            self.chosen.emit(entry)
