"""The seed of an end: typed, drawn, or left to what stands in grey."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from studio.ui.session import random_seed
from studio.ui.widgets.buttons import icon_button
from studio.ui.widgets.form import row
from studio.ui.widgets.seed_box import seed_edit


class SeedLine(QWidget):
    """Emits and takes a seed, or None while the line is empty."""

    edited = Signal(object)

    def __init__(self, name: str, label: str, empty: str) -> None:
        """`empty` says what an empty line stands for."""
        super().__init__()
        tip = f"{label}: 0 to 2^63 - 1. Empty: {empty.lower()}."
        self.line = seed_edit(name, label, tip, empty)
        self._drawn = 0
        self.draw = icon_button(
            f"{name}Draw", "dice", "Use a new random seed", f"{label}: new random seed"
        )
        self.reuse = icon_button(
            f"{name}Reuse", "again", "Keep the seed of the last walk", f"{label}: the last one"
        )
        self.reuse.hide()
        self.setFocusProxy(self.line)
        row((self.line, 1), self.reuse, self.draw, gap=4, on=self)
        self.line.textEdited.connect(self._edited)
        self.draw.clicked.connect(self._draw)
        self.reuse.clicked.connect(self._reuse)

    def value(self) -> int | None:
        return int(self.line.text()) if self.line.text() else None

    @Slot(object)
    def set_value(self, seed: int | None) -> None:
        """Shows a seed without reporting an edit."""
        self.line.setText("" if seed is None else str(seed))

    def set_drawn(self, seed: int) -> None:
        """Shows in grey which seed was drawn last for the empty line, and offers to keep it."""
        self._drawn = seed
        self.reuse.show()
        self.line.setPlaceholderText(f"Random (last {seed})")

    @Slot()
    def _draw(self) -> None:
        self.set_value(random_seed())
        self._edited()

    @Slot()
    def _reuse(self) -> None:
        self.set_value(self._drawn)
        self._edited()

    @Slot()
    def _edited(self, _: str = "") -> None:
        self.edited.emit(self.value())
