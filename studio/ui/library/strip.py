"""The strip of thumbnails, newest first; thumbnails are read when they come into sight."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QPainter, QPalette, QWheelEvent
from PySide6.QtWidgets import QFrame, QListView, QStyleOptionViewItem, QWidget

from studio.ui.image.tiles import draw_pill, pale
from studio.ui.library.pictures import Entry, Library
from studio.ui.library.tile import Index, Tile
from studio.ui.widgets.form import named

TILE = 72  # logical pixels
GAP = 8


class EntryTile(Tile):
    """Tells by its ring that a file is damaged; and the score of one of several."""

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
        entry = index.data(Qt.ItemDataRole.UserRole)
        if entry.ranked and entry.score is not None:
            pill = QRectF(area.right() - 35, area.bottom() - 19, 32, 16)
            ink = option.palette.color(QPalette.ColorRole.WindowText)
            draw_pill(painter, pill, f"{entry.score.value:.2f}", pale(option.palette), ink)
        if entry.problem:
            self.encircle(painter, area, option, QPalette.ColorRole.BrightText)


class Strip(QListView):
    """One row of thumbnails; `chosen` tells which one the user went to."""

    chosen = Signal(object)  # Entry

    def __init__(self, library: Library, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = library
        self.setModel(library)
        self.setItemDelegate(EntryTile(self))
        tip = "Your pictures, newest first; the arrow keys move along them."
        named(self, "strip", "Pictures, newest first", tip)
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
        index = self.rows.index_of(entry)
        with QSignalBlocker(self.selectionModel()):
            self.setCurrentIndex(index)
            if not index.isValid():
                self.clearSelection()
        self.viewport().update()

    def walk(self, by: int) -> None:
        """Goes `by` pictures to the right (older) or, negative, to the left."""
        if self.rows.rowCount():
            row = self.currentIndex().row()
            to = min(max(row + by, 0), self.rows.rowCount() - 1)
            self.setCurrentIndex(self.rows.index(to))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - turn)
        event.accept()

    @Slot(QModelIndex, QModelIndex)
    def _current(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self.scrollTo(index)
            self.chosen.emit(self.rows.entries[index.row()])
