"""A part of the way from noise to picture: where it begins and where it ends."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QWidget

from studio.ui.widgets.form import caption, row
from studio.ui.widgets.spin import RealSpin

STEP, LEAST = 0.05, 0.01  # by a key; how long the shortest part is


class IntervalBox(QWidget):
    """Emits and takes (end, beginning): 0 is the picture and 1 the noise. The two keep apart."""

    edited = Signal(object)

    def __init__(self, name: str, label: str, tip: str) -> None:
        super().__init__()
        high, low = (LEAST, 1.0, 1.0, STEP), (0.0, 1 - LEAST, 0.0, STEP)
        self.high = RealSpin(f"{name}From", f"{label}: from", tip, *high, 2)
        self.low = RealSpin(f"{name}To", f"{label}: to", tip, *low, 2)
        self.setFocusProxy(self.high)
        words = caption("from", "muted", buddy=self.high), caption("to", "muted", buddy=self.low)
        row(words[0], self.high, words[1], self.low, None, gap=8, on=self)
        self.high.edited.connect(self._begun)
        self.low.edited.connect(self._ended)

    def value(self) -> tuple[float, float]:
        return float(self.low.value()), float(self.high.value())

    @Slot(object)
    def set_value(self, interval: tuple[float, float]) -> None:
        """Shows `interval` without reporting an edit."""
        with QSignalBlocker(self.low), QSignalBlocker(self.high):
            self.low.setValue(interval[0])
            self.high.setValue(interval[1])

    @Slot(float)
    def _begun(self, high: float) -> None:
        self._edited(min(self.low.value(), high - LEAST), high)

    @Slot(float)
    def _ended(self, low: float) -> None:
        self._edited(low, max(self.high.value(), low + LEAST))

    def _edited(self, low: float, high: float) -> None:
        self.set_value((low, high))
        self.edited.emit(self.value())
