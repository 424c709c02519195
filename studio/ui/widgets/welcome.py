"""What an empty workspace says: what the place is for, and examples to begin with at one click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


@dataclass(frozen=True)
class Example:
    """A button; `begins` is what `picked` gives."""

    name: str
    text: str
    tip: str
    begins: Any


class Welcome(QWidget):
    """`picked` gives what the example that was clicked begins."""

    picked = Signal(object)

    def __init__(self, name: str, title: str, hint: str, rows: Sequence[Sequence[Example]]) -> None:
        super().__init__()
        self.setObjectName(name)
        head, below = QLabel(title), QLabel(hint)
        head.setObjectName(f"{name}Title")
        font = head.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setWeight(font.Weight.DemiBold)
        head.setFont(font)
        below.setProperty("role", "muted")
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addWidget(head, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(below, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(14)
        for examples in rows:
            row = QHBoxLayout()
            row.setSpacing(10)
            row.addStretch(1)
            for example in examples:
                row.addWidget(self._chip(example))
            row.addStretch(1)
            column.addLayout(row)
        middle = QGridLayout(self)
        middle.setRowStretch(0, 2)
        middle.addLayout(column, 1, 0)
        middle.setRowStretch(2, 3)

    def _chip(self, example: Example) -> QPushButton:
        chip = QPushButton(example.text)
        chip.setProperty("role", "chip")
        chip.setObjectName(example.name)
        chip.setAccessibleName(f"Example: {example.text}")
        chip.setToolTip(example.tip)
        chip.setCursor(Qt.CursorShape.PointingHandCursor)
        chip.clicked.connect(partial(self._pick, example.begins))
        return chip

    def _pick(self, begins: Any, _checked: bool = False) -> None:
        self.picked.emit(begins)
