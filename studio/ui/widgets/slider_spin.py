"""A slider and a spin box that show the same number."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QWidget

from studio.ui.widgets.form import named, row
from studio.ui.widgets.slider import Slider
from studio.ui.widgets.spin import RealSpin

HEIGHT = 28  # logical pixels


class SliderSpin(QWidget):
    """A number from `minimum` to `maximum`; the slider covers the useful part, to `slider_to`.

    Emits and takes int when `decimals` is 0, else float.
    """

    edited = Signal(object)

    def __init__(
        self,
        name: str,
        label: str,
        tip: str,
        minimum: float,
        maximum: float,
        slider_to: float,
        decimals: int = 0,
        step: float = 1,
    ) -> None:
        super().__init__()
        self._step = step
        self.slider = named(Slider(HEIGHT), f"{name}Slider", f"{label} (slider)", tip)
        self.slider.setRange(round(minimum / step), round(slider_to / step))
        self.slider.setPageStep(max(1, round(slider_to / step / 10)))
        self.spin = RealSpin(
            f"{name}Spin", f"{label} (spin)", tip, minimum, maximum, step=step, decimals=decimals
        )
        self.setFocusProxy(self.spin)
        row((self.slider, 1), self.spin, gap=12, on=self)
        self.slider.valueChanged.connect(self._slid)
        self.spin.valueChanged.connect(self._typed)

    def value(self) -> float:
        return self.spin.value()

    @Slot(object)
    def set_value(self, number: float) -> None:
        """Shows `number` without reporting an edit."""
        with QSignalBlocker(self.slider), QSignalBlocker(self.spin):
            if number != self.spin.value():  # setting it would rewrite "6." while it is typed
                self.spin.setValue(number)
            self.slider.setValue(round(number / self._step))

    @Slot(int)
    def _slid(self, position: int) -> None:
        self._typed(position * self._step)

    @Slot(float)
    def _typed(self, number: float) -> None:
        self.set_value(number)
        self.edited.emit(self.value())
