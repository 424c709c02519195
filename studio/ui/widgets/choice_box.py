"""A drop-down list of values with labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate


class ChoiceBox(QComboBox):
    """Emits and takes one of the values of `choices`, which are (value, label, tip)."""

    edited = Signal(object)

    def __init__(self, name: str, label: str, tip: str, choices: Iterable[tuple[Any, str, str]]):
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setToolTip(tip)
        self.setMaxVisibleItems(24)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setItemDelegate(QStyledItemDelegate(self))  # one that heeds the style sheet
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for value, text, about in choices:
            self.addItem(text, value)
            self.setItemData(self.count() - 1, about, Qt.ItemDataRole.ToolTipRole)
        self.currentIndexChanged.connect(self._chosen)

    @Slot(object)
    def set_value(self, value: Any) -> None:
        """Shows `value`, the first choice if there is no such one, without reporting an edit."""
        blocked = self.blockSignals(True)
        self.setCurrentIndex(max(0, self.findData(value)))
        self.blockSignals(blocked)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turns only when focused, so that scrolling past it changes nothing."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    @Slot(int)
    def _chosen(self, index: int) -> None:
        self.edited.emit(self.itemData(index))
