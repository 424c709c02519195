"""A table of figures to read: its heads have tips, and it is as high as what is in it."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QTableWidget, QTableWidgetItem

from studio.ui.widgets.form import named


class Table(QTableWidget):
    """`heads` are (text, tip)."""

    def __init__(self, name: str, label: str, tip: str, heads: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        named(self, name, label, tip)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        for number, (text, about) in enumerate(heads):
            head = QTableWidgetItem(text)
            head.setToolTip(about)
            self.insertColumn(number)
            self.setHorizontalHeaderItem(number, head)

    def fit(self, tallest: int) -> None:
        """What is higher than so many pixels is scrolled to."""
        self.resizeColumnsToContents()
        rows = sum(self.rowHeight(row) for row in range(self.rowCount()))
        head = self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(min(tallest, head + rows + 4))
