"""What is shown before the first walk: what this place is for, and ways to begin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget


@dataclass(frozen=True)
class Example:
    """A walk at one click: prompts of two or four ends; `seeds` where they differ."""

    id: str
    text: str
    prompts: tuple[str, ...]
    seeds: tuple[int | None, ...] = ()


EXAMPLES = (
    Example("prompts", "A red apple becomes a green pear", ("A red apple", "A green pear")),
    Example("seeds", "One prompt, two seeds", ("A teddy bear", ""), (1, 2)),
    Example(
        "corners",
        "Four fruits at four corners",
        ("A red apple", "A green pear", "A yellow lemon", "A bunch of grapes"),
    ),
)


class WalkWelcome(QWidget):
    """`picked` gives the Example that was clicked."""

    picked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("walkWelcome")
        title = QLabel("From one picture to another")
        title.setObjectName("walkWelcomeTitle")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setWeight(font.Weight.DemiBold)
        title.setFont(font)
        hint = QLabel(
            "Give the ends prompts, seeds or pictures and press Ctrl+Enter, or begin with one of"
            " these."
        )
        hint.setProperty("role", "muted")
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addWidget(title, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(hint, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(14)
        for example in EXAMPLES:
            chip = QPushButton(example.text)
            chip.setProperty("role", "chip")
            chip.setObjectName(f"walkExample-{example.id}")
            chip.setAccessibleName(f"Example: {example.text}")
            chip.setToolTip("Make this walk")
            chip.setCursor(Qt.CursorShape.PointingHandCursor)
            chip.clicked.connect(partial(self._pick, example))
            column.addWidget(chip, alignment=Qt.AlignmentFlag.AlignHCenter)
        middle = QGridLayout(self)
        middle.setRowStretch(0, 2)
        middle.addLayout(column, 1, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.setRowStretch(2, 3)

    def _pick(self, example: Example, _checked: bool = False) -> None:
        self.picked.emit(example)
