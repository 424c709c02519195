"""What the empty canvas says: one line, and prompts to begin with."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

EXAMPLES = (
    "a teddy bear",
    "a red apple on a blue background",
    "a slice of pizza",
    "a rocket",
    "a penguin",
    "a snowman",
    "a purple octopus, 3d",
)
_ROWS = (2, 3, 2)  # chips a row: the widest row fits the smallest window


class Welcome(QWidget):
    """`picked` gives the example that was clicked."""

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        title = QLabel("What would you like to see?")
        title.setObjectName("welcomeTitle")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setWeight(font.Weight.DemiBold)
        title.setFont(font)
        hint = QLabel("Describe it and press Ctrl+Enter, or begin with one of these.")
        hint.setProperty("role", "muted")
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addWidget(title, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(hint, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(14)
        examples = iter(EXAMPLES)
        for length in _ROWS:
            row = QHBoxLayout()
            row.setSpacing(10)
            row.addStretch(1)
            for _ in range(length):
                row.addWidget(self._chip(next(examples)))
            row.addStretch(1)
            column.addLayout(row)
        middle = QGridLayout(self)
        middle.setRowStretch(0, 2)
        middle.addLayout(column, 1, 0)
        middle.setRowStretch(2, 3)

    def _chip(self, prompt: str) -> QPushButton:
        chip = QPushButton(prompt)
        chip.setProperty("role", "chip")
        chip.setObjectName(f"example-{prompt.replace(' ', '-')}")
        chip.setAccessibleName(f"Example: {prompt}")
        chip.setToolTip(f"Make a picture of “{prompt}”")
        chip.setCursor(Qt.CursorShape.PointingHandCursor)
        chip.clicked.connect(partial(self._pick, prompt))
        return chip

    def _pick(self, prompt: str, _checked: bool = False) -> None:
        self.picked.emit(prompt)
