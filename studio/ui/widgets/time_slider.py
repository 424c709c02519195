"""The slider over t: noise at the left, the picture at the right, a tick for every step."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent

from studio.ui.widgets.slider import HANDLE, Slider

FINE = 1000  # the slider's units
HEIGHT = 34  # logical pixels


class TimeSlider(Slider):
    """`time` is t = sigma / (alpha + sigma); `moved` says that it changed, whoever changed it."""

    moved = Signal(float)
    space = Signal()

    def __init__(self) -> None:
        super().__init__(HEIGHT)
        self.setRange(0, FINE)
        self.setValue(FINE)
        self.setSingleStep(FINE // 100)
        self.setPageStep(FINE // 10)
        self.setMinimumWidth(120)
        self._ticks: tuple[float, ...] = ()
        self.valueChanged.connect(self._changed)

    @property
    def time(self) -> float:
        return 1 - self.value() / FINE

    def set_time(self, t: float) -> None:
        self.setValue(round((1 - t) * FINE))

    def set_ticks(self, times: tuple[float, ...]) -> None:
        """Marks where the steps of one run begin."""
        if times != self._ticks:
            self._ticks = times
            self.update()

    def handle(self) -> float:
        return self._x(self.time)

    def ticks(self) -> list[float]:
        return [self._x(t) for t in self._ticks]

    def _x(self, t: float) -> float:
        return HANDLE / 2 + (1 - t) * (self.width() - HANDLE)

    @Slot(int)
    def _changed(self, _value: int) -> None:
        self.moved.emit(self.time)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.space.emit()
        else:
            super().keyPressEvent(event)

    def _go(self, event: QMouseEvent) -> None:
        share = (event.position().x() - HANDLE / 2) / max(1, self.width() - HANDLE)
        self.setValue(round(min(max(share, 0.0), 1.0) * FINE))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Goes where it is clicked, and on from there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.update()
