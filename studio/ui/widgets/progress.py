"""The bar that tells how much is done."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QProgressBar

from studio.ui.widgets.form import named

FINE = 1000  # units of the whole


class Progress(QProgressBar):
    """Empty at first. Without a tip its label is one."""

    def __init__(self, name: str, label: str, tip: str = "") -> None:
        super().__init__()
        named(self, name, label, tip or label)
        self.setTextVisible(False)
        self.show_share(0.0)

    @Slot(object)
    def show_share(self, share: float | None) -> None:
        """0 to 1; None, where nobody can count it, runs to and fro."""
        self.setRange(0, 0 if share is None else FINE)
        self.setValue(round(FINE * (share or 0)))
