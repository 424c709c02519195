"""A drop-down list of values with labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate

from studio.ui.widgets.form import named
from studio.ui.widgets.wheel import Focused

Choices = Iterable[tuple[Any, str, str]]  # value, label, tip


class ChoiceBox(Focused, QComboBox):
    """Emits and takes one of the values of `choices`."""

    edited = Signal(object)

    def __init__(self, name: str, label: str, tip: str, choices: Choices) -> None:
        super().__init__()
        named(self, name, label, tip)
        self.setMaxVisibleItems(24)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setItemDelegate(QStyledItemDelegate(self))  # one that heeds the style sheet
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._add(choices)
        self.currentIndexChanged.connect(self._chosen)

    def _add(self, choices: Choices) -> None:
        for value, text, about in choices:
            self.addItem(text, value)
            self.setItemData(self.count() - 1, about, Qt.ItemDataRole.ToolTipRole)

    def value(self) -> Any:
        return self.currentData()

    @Slot(object)
    def set_value(self, value: Any) -> None:
        """Shows `value`, the first choice if there is no such one, without reporting an edit."""
        with QSignalBlocker(self):
            self.setCurrentIndex(max(0, self.findData(value)))

    def offer(self, choices: Choices) -> None:
        """Other choices; what is chosen stays so, if it is among them."""
        chosen = self.value()
        with QSignalBlocker(self):
            self.clear()
            self._add(choices)
        self.set_value(chosen)

    def enable(self, value: Any, why_not: str) -> None:
        """A choice that makes no sense now is greyed, and says why."""
        if (row := self.findData(value)) >= 0:
            cast(QStandardItemModel, self.model()).item(row).setEnabled(not why_not)
            self.setItemData(row, why_not, Qt.ItemDataRole.ToolTipRole)

    @Slot(int)
    def _chosen(self, _: int) -> None:
        self.edited.emit(self.value())
