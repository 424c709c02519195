"""A slider and a spin box that show the same number."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QStyle, QWidget

from studio.ui.widgets.spin import RealSpin

_ROLE = QPalette.ColorRole
HEIGHT, HANDLE, GROOVE = 28, 16, 4  # logical pixels


class _Slider(QSlider):
    """Turns with the wheel only when focused, so that scrolling past it changes nothing."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setFixedHeight(HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A groove filled up to the handle, in the palette's colours."""
        room = self.width() - HANDLE
        at = QStyle.sliderPositionFromValue(self.minimum(), self.maximum(), self.value(), room)
        top, colour = (HEIGHT - GROOVE) / 2, self.palette().color
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for end, role in ((self.width(), _ROLE.Dark), (at + HANDLE / 2, _ROLE.Accent)):
            painter.setBrush(colour(role))
            painter.drawRoundedRect(QRectF(0, top, end, GROOVE), GROOVE / 2, GROOVE / 2)
        lit = self.hasFocus() or self.underMouse()
        painter.setPen(QPen(colour(_ROLE.Accent if lit else _ROLE.PlaceholderText), 1.5))
        painter.setBrush(colour(_ROLE.Accent if self.hasFocus() else _ROLE.Base))
        painter.drawEllipse(
            QRectF(at, (HEIGHT - HANDLE) / 2, HANDLE, HANDLE).adjusted(1, 1, -1, -1)
        )
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class SliderSpin(QWidget):
    """A number from `minimum` to `maximum`; the slider covers the useful part, to `slider_to`.

    Emits and takes int when `decimals` is 0, else float.
    """

    edited = Signal(object)

    def __init__(
        self,
        name: str,
        tip: str,
        minimum: float,
        maximum: float,
        slider_to: float,
        decimals: int = 0,
        step: float = 1,
    ) -> None:
        super().__init__()
        self._integer, self._step = decimals == 0, step
        self.slider = _Slider()
        self.spin = RealSpin()
        self.slider.setRange(round(minimum / step), round(slider_to / step))
        self.slider.setPageStep(max(1, round(slider_to / step / 10)))
        self.spin.setDecimals(decimals)
        self.spin.setRange(minimum, maximum)
        self.spin.setSingleStep(step)
        self.spin.setKeyboardTracking(True)
        for widget, suffix in ((self.slider, "Slider"), (self.spin, "Spin")):
            widget.setObjectName(f"{name.lower()}{suffix}")
            widget.setAccessibleName(f"{name} ({suffix.lower()})")
            widget.setToolTip(tip)
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.spin)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.slider, 1)
        row.addWidget(self.spin)
        self.slider.valueChanged.connect(self._slid)
        self.spin.valueChanged.connect(self._typed)

    def value(self) -> float:
        number = self.spin.value()
        return int(number) if self._integer else round(number, 6)

    @Slot(object)
    def set_value(self, number: float) -> None:
        """Shows `number` without reporting an edit."""
        blocked = (self.slider.blockSignals(True), self.spin.blockSignals(True))
        if number != self.spin.value():  # setting it would rewrite "6." while it is typed
            self.spin.setValue(number)
        self.slider.setValue(round(number / self._step))
        self.slider.blockSignals(blocked[0])
        self.spin.blockSignals(blocked[1])

    @Slot(int)
    def _slid(self, position: int) -> None:
        self.set_value(position * self._step)
        self.edited.emit(self.value())

    @Slot(float)
    def _typed(self, number: float) -> None:
        self.set_value(number)
        self.edited.emit(self.value())
