"""What is shown before the first comparison: what this place is for, and ways to begin."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.core.grid import Grid
from studio.ui.session import Session
from studio.ui.workspaces.compare.axes import presets

EXAMPLES = {
    "families": ("Three families draw a snowman", "a snowman"),
    "steps": ("A rocket in 5, 10, 20 and 40 steps", "a rocket"),
    "guidance": ("A red apple, guided ever more strongly", "a red apple on a blue background"),
}


class CompareWelcome(QWidget):
    """`picked` gives the grid and the prompt of the example that was clicked."""

    picked = Signal(object, str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("compareWelcome")
        title = QLabel("From the same noise, side by side")
        title.setObjectName("compareWelcomeTitle")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setWeight(font.Weight.DemiBold)
        title.setFont(font)
        hint = QLabel("Choose what to compare and press Ctrl+Enter, or begin with one of these.")
        hint.setProperty("role", "muted")
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addWidget(title, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(hint, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(14)
        for preset in presets(session):
            text, prompt = EXAMPLES[preset.id]
            chip = QPushButton(text)
            chip.setProperty("role", "chip")
            chip.setObjectName(f"compareExample-{preset.id}")
            chip.setAccessibleName(f"Example: {text}")
            chip.setToolTip(preset.tip)
            chip.setCursor(Qt.CursorShape.PointingHandCursor)
            chip.clicked.connect(partial(self._pick, preset.grid, prompt))
            column.addWidget(chip, alignment=Qt.AlignmentFlag.AlignHCenter)
        middle = QGridLayout(self)
        middle.setRowStretch(0, 2)
        middle.addLayout(column, 1, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.setRowStretch(2, 3)

    def _pick(self, grid: Grid, prompt: str, _checked: bool = False) -> None:
        self.picked.emit(grid, prompt)
