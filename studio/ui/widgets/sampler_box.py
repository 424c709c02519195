"""The choice of a sampler, grouped by family; each tooltip tells order, cost and source."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QStandardItem, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate

from studio.core.specs import FAMILIES, SamplerSpec


def describe(spec: SamplerSpec) -> str:
    """The spec in a few lines of plain text."""
    noise = "adds noise on the way" if spec.stochastic else "deterministic"
    facts = f"Order {spec.order:g}, {_calls(spec)}, {noise}."
    return "\n".join((spec.summary, facts, *spec.likeness, f"Source: {spec.source}"))


def _calls(spec: SamplerSpec) -> str:
    if spec.nfe_per_step is None:
        return f"network calls: {spec.cost}"
    return f"{spec.cost} network call{'' if spec.nfe_per_step == 1 else 's'} a step"


class SamplerBox(QComboBox):
    """Emits and takes a sampler's name. Family names are headings and cannot be chosen."""

    edited = Signal(object)

    def __init__(self, samplers: tuple[SamplerSpec, ...]) -> None:
        super().__init__()
        self.setObjectName("sampler")
        self.setAccessibleName("Sampler")
        self.setMaxVisibleItems(24)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        rows = QStandardItemModel(self)
        for family, label in FAMILIES.items():
            members = [spec for spec in samplers if spec.family == family]
            if members:
                rows.appendRow(self._heading(label))
            for spec in members:
                rows.appendRow(self._row(spec, label))
        self.setModel(rows)
        self.setItemDelegate(QStyledItemDelegate(self))  # one that heeds the style sheet
        self.currentIndexChanged.connect(self._chosen)
        self._chosen(self.currentIndex())

    def _heading(self, label: str) -> QStandardItem:
        item = QStandardItem(label)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.86)
        font.setBold(True)
        item.setFont(font)
        return item

    def _row(self, spec: SamplerSpec, family: str) -> QStandardItem:
        item = QStandardItem(spec.label)
        item.setData(spec.name, Qt.ItemDataRole.UserRole)
        item.setToolTip(describe(spec))
        item.setData(f"{family}: {spec.label}", Qt.ItemDataRole.AccessibleTextRole)
        return item

    @Slot(object)
    def set_value(self, name: str) -> None:
        blocked = self.blockSignals(True)
        self.setCurrentIndex(self.findData(name, Qt.ItemDataRole.UserRole))
        self.blockSignals(blocked)
        self._describe()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turns only when focused, so that scrolling past it changes nothing."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    @Slot(int)
    def _chosen(self, index: int) -> None:
        self._describe()
        name = self.itemData(index, Qt.ItemDataRole.UserRole)
        if name is not None:
            self.edited.emit(name)

    def _describe(self) -> None:
        told = self.itemData(self.currentIndex(), Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(told or "How noise becomes a picture.")
