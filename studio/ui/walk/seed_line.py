"""The seed of an end: typed, drawn, or left to what stands in grey. Must not import torch."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from studio.ui import icons
from studio.ui.controls.seed_box import SeedValidator
from studio.ui.state import random_seed


class SeedLine(QWidget):
    """Emits and takes a seed, or None while the line is empty."""

    edited = Signal(object)

    def __init__(self, name: str, label: str, empty: str) -> None:
        """`empty` says what an empty line stands for."""
        super().__init__()
        self.line = QLineEdit()
        self.line.setObjectName(name)
        self.line.setAccessibleName(label)
        self.line.setToolTip(f"{label}: 0 to 2^63 - 1. Empty: {empty.lower()}.")
        self.line.setPlaceholderText(empty)
        self.line.setValidator(SeedValidator(self.line))
        self.draw = QToolButton()
        self.draw.setObjectName(f"{name}Draw")
        self.draw.setAccessibleName(f"{label}: draw another")
        self.draw.setToolTip("Draw a seed of its own")
        self.draw.setIconSize(QSize(icons.SIZE, icons.SIZE))
        icons.dress(self.draw, "dice")
        self.setFocusProxy(self.line)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.line, 1)
        row.addWidget(self.draw)
        self.line.textEdited.connect(self._edited)
        self.draw.clicked.connect(self._draw)

    def value(self) -> int | None:
        return int(self.line.text()) if self.line.text() else None

    @Slot(object)
    def set_value(self, seed: int | None) -> None:
        """Shows a seed without reporting an edit."""
        self.line.setText("" if seed is None else str(seed))

    def set_drawn(self, seed: int) -> None:
        """Shows in grey which seed was drawn last for the empty line."""
        self.line.setPlaceholderText(f"Random (last {seed})")

    @Slot()
    def _draw(self) -> None:
        self.set_value(random_seed())
        self._edited()

    @Slot()
    def _edited(self, _: str = "") -> None:
        self.edited.emit(self.value())
