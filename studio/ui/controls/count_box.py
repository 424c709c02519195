"""How many pictures to make."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot

from studio.core.requests import MAX_COUNT
from studio.ui.controls.spin import WholeSpin


class CountBox(WholeSpin):
    """A whole number from 1 to MAX_COUNT."""

    edited = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("count")
        self.setAccessibleName("Number of pictures")
        self.setToolTip(f"How many pictures to make, 1 to {MAX_COUNT}; their seeds count up.")
        self.setRange(1, MAX_COUNT)
        self.valueChanged.connect(self.edited.emit)

    @Slot(object)
    def set_value(self, count: int) -> None:
        blocked = self.blockSignals(True)
        self.setValue(count)
        self.blockSignals(blocked)
