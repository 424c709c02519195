"""What an empty workspace says: what the place is for, and examples to begin with at one click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import Part, caption, column, row


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

    def __init__(
        self, name: str, title: str, hint: str, lines: Sequence[Sequence[Example]]
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        head, below = caption(title, "", f"{name}Title"), caption(hint, "muted")
        font = head.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setWeight(font.Weight.DemiBold)
        head.setFont(font)
        parts: list[Part] = [row(None, head, None), row(None, below, None), 14]
        parts += [row(None, *map(self._chip, line), None, gap=10) for line in lines]
        whole = column(margins=(9, 9, 9, 9), on=self)
        whole.addStretch(2)
        whole.addLayout(column(*parts, gap=10))
        whole.addStretch(3)

    def _chip(self, example: Example) -> QPushButton:
        label = f"Example: {example.text}"
        chip = text_button(example.name, example.text, label, example.tip, "chip")
        chip.setCursor(Qt.CursorShape.PointingHandCursor)
        chip.clicked.connect(lambda: self.picked.emit(example.begins))
        return chip


def advice(text: str, name: str = "") -> QLabel:
    """What an empty view says in its middle."""
    label = caption(text, "muted", name, wrap=True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setContentsMargins(60, 0, 60, 0)
    return label
