"""The table of models: thousands of rows, sorted in memory; pictures are read when in sight."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from studio.bridge.catalogue import Found
from studio.core.wording import size_text
from studio.ui.library.loader import Thumbnails
from studio.ui.library.pictures import read_thumbnail
from studio.ui.library.tile import Index
from studio.ui.widgets.form import named

ICON, ROW = 32, 40  # logical pixels
HASH = 10  # digits, as many as other studios show
COLUMNS: tuple[tuple[str, Callable[[Found], str], int], ...] = (  # a head, its text, its width
    ("Name", lambda f: f.name, 250),
    ("Kind", lambda f: f.answer.kind, 96),
    ("Family", lambda f: f.answer.family, 96),
    ("Variant", lambda f: f.answer.variant, 96),
    ("Precision", lambda f: f.answer.precision, 80),
    ("Size", lambda f: size_text(f.bytes), 76),
    ("Hash", lambda f: f.digest[:HASH], 96),
)
SIZE = 5  # sorted as a number


class Rows(QAbstractTableModel):
    """What is shown of the models."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.found: list[Found] = []
        self.thumbnails = Thumbnails(self)

    def show_models(self, found: list[Found]) -> None:
        self.beginResetModel()
        self.found = found
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.found)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, way: Qt.Orientation, role: int = 0) -> object:
        shown = role == Qt.ItemDataRole.DisplayRole and way == Qt.Orientation.Horizontal
        return COLUMNS[section][0] if shown else None

    def data(self, index: Index, role: int = 0) -> object:
        each = self.found[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return COLUMNS[index.column()][1](each)
            case Qt.ItemDataRole.ToolTipRole:
                return str(each.path)
            case Qt.ItemDataRole.DecorationRole if index.column() == 0:
                return self.picture(each)
        return None

    def picture(self, found: Found) -> QIcon | None:
        """The preview, once it is read."""
        if (path := found.preview) is None:
            return None
        if (image := self.thumbnails.known(path)) is None:
            self.thumbnails.ask(path, read_thumbnail, path)
        return QIcon(QPixmap.fromImage(image)) if image else None


class ModelTable(QTableView):
    """One row is `chosen`, and stays so while others come and go."""

    chosen = Signal(object)  # Found | None

    def __init__(self) -> None:
        super().__init__()
        named(self, "modelsTable", "Models", "Enter loads the selected model; a head sorts")
        self.rows = Rows(self)
        self.setModel(self.rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setIconSize(QSize(ICON, ICON))
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        for column, (_, _, width) in enumerate(COLUMNS):
            self.setColumnWidth(column, width)
        head = self.horizontalHeader()
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        head.setSectionsClickable(True)
        head.setSortIndicatorShown(True)
        head.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        head.sortIndicatorChanged.connect(self._sort)
        self.rows.thumbnails.arrived.connect(self._arrived)
        self.selectionModel().currentRowChanged.connect(self._tell)

    def found(self) -> Found | None:
        """What is chosen."""
        index = self.currentIndex()
        return self.rows.found[index.row()] if index.isValid() else None

    def show_models(self, found: Iterable[Found]) -> None:
        head, before = self.horizontalHeader(), self.found()
        text = COLUMNS[head.sortIndicatorSection()][1]

        def place(each: Found) -> Any:
            by_size = head.sortIndicatorSection() == SIZE
            return (each.bytes if by_size else text(each).casefold()), str(each.path)

        down = head.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
        self.rows.show_models(sorted(found, key=place, reverse=down))
        paths = [each.path for each in self.rows.found]
        if paths:
            self.selectRow(paths.index(before.path) if before and before.path in paths else 0)
        else:
            self.chosen.emit(None)

    @Slot(int, Qt.SortOrder)
    def _sort(self, *_: object) -> None:
        self.show_models(self.rows.found)

    @Slot(object)
    def _arrived(self, _: object) -> None:
        self.viewport().update()
        self._tell()

    @Slot()
    def _tell(self, *_: object) -> None:
        self.chosen.emit(self.found())
