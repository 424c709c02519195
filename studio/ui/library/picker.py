"""A small window over the column: the newest pictures made here, to choose an end from."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from studio.ui.library.pictures import Entry, Library

MOST = 60
TILE = 72  # logical pixels
ENTRY = Qt.ItemDataRole.UserRole


class Yours(QFrame):
    """`chosen` gives the Entry that was clicked, or left with Enter; then it closes."""

    chosen = Signal(object)

    def __init__(self, library: Library, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._library = library
        self.setObjectName("walkYours")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.list = QListWidget()
        self.list.setObjectName("walkYoursList")
        self.list.setAccessibleName("Your newest pictures")
        self.list.setToolTip("Click, or choose with the arrow keys and Enter")
        self.list.setViewMode(QListWidget.ViewMode.IconMode)
        self.list.setMovement(QListWidget.Movement.Static)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setIconSize(QSize(TILE, TILE))
        self.list.setUniformItemSizes(True)
        self._items: dict[Entry, QListWidgetItem] = {}
        for entry in [each for each in library.entries if each.path is not None][:MOST]:
            self._add(entry)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 10)
        title = QLabel("Your newest pictures")
        title.setProperty("role", "title")
        column.addWidget(title)
        column.addWidget(self.list, 1)
        self.resize(4 * (TILE + 14) + 50, 3 * (TILE + 12) + 60)
        self.list.setCurrentRow(0)
        self.list.itemClicked.connect(self._take)
        self.list.itemActivated.connect(self._take)
        library.updated.connect(self._draw)
        self.setFocusProxy(self.list)

    def _add(self, entry: Entry) -> None:
        item = QListWidgetItem()
        item.setData(ENTRY, entry)
        item.setToolTip(entry.title())
        item.setData(Qt.ItemDataRole.AccessibleTextRole, entry.title())
        item.setSizeHint(QSize(TILE + 14, TILE + 12))
        self.list.addItem(item)
        self._items[entry] = item
        self._draw(entry)

    @Slot(object)
    def _draw(self, entry: Entry) -> None:
        """Its thumbnail, as soon as it is read."""
        item = self._items.get(entry)
        image = self._library.thumbnail(entry) if item is not None else None
        if item is not None and image is not None:
            item.setIcon(QIcon(QPixmap.fromImage(image)))

    @Slot(QListWidgetItem)
    def _take(self, item: QListWidgetItem) -> None:
        if self.isVisible():
            self.close()
            self.chosen.emit(item.data(ENTRY))
