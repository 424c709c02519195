"""The choice of a sampler, grouped by family; each tooltip tells order, cost and source."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox

from studio.core.specs import FAMILIES, SamplerSpec
from studio.ui.widgets.choice_box import ChoiceBox


def describe(spec: SamplerSpec) -> str:
    """The spec in a few lines of plain text."""
    noise = "adds noise on the way" if spec.stochastic else "deterministic"
    facts = f"Order {spec.order:g}, {_calls(spec)}, {noise}."
    return "\n".join((spec.summary, facts, *spec.likeness, f"Source: {spec.source}"))


def _calls(spec: SamplerSpec) -> str:
    if spec.nfe_per_step is None:
        return f"network calls: {spec.cost}"
    return f"{spec.cost} network call{'' if spec.nfe_per_step == 1 else 's'} a step"


class SamplerBox(ChoiceBox):
    """Emits and takes a sampler's name. Family names are headings and cannot be chosen."""

    def __init__(self, samplers: Iterable[SamplerSpec], name: str = "sampler") -> None:
        super().__init__(name, "Sampler", "", ())
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContentsOnFirstShow)
        rows, samplers = QStandardItemModel(self), tuple(samplers)
        for family, label in FAMILIES.items():
            members = [spec for spec in samplers if spec.family == family]
            if members:
                rows.appendRow(self._heading(label))
            for spec in members:
                rows.appendRow(self._row(spec, label))
        self.setModel(rows)
        self._describe()

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
        with QSignalBlocker(self):
            self.setCurrentIndex(self.findData(name))
        self._describe()

    @Slot(int)
    def _chosen(self, _: int) -> None:
        self._describe()
        if self.value() is not None:
            self.edited.emit(self.value())

    def _describe(self) -> None:
        told = self.itemData(self.currentIndex(), Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(told or "How noise becomes a picture.")
