"""The slider over t: noise at the left, the picture at the right, a tick for every step."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QWheelEvent
from PySide6.QtWidgets import QSlider

_ROLE = QPalette.ColorRole
FINE = 1000  # the slider's units
HEIGHT, HANDLE, GROOVE, TICK = 34, 16, 4, 5  # logical pixels


class TimeSlider(QSlider):
    """`time` is t = sigma / (alpha + sigma); `moved` says that it changed, whoever changed it."""

    moved = Signal(float)
    space = Signal()

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(0, FINE)
        self.setValue(FINE)
        self.setSingleStep(FINE // 100)
        self.setPageStep(FINE // 10)
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(120)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
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

    @Slot(int)
    def _changed(self, _value: int) -> None:
        self.moved.emit(self.time)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space plays; the arrows, Home and End move."""
        if event.key() == Qt.Key.Key_Space:
            self.space.emit()
        else:
            super().keyPressEvent(event)

    def _x(self, t: float) -> float:
        return HANDLE / 2 + (1 - t) * (self.width() - HANDLE)

    def paintEvent(self, event: QPaintEvent) -> None:
        colour = self.palette().color
        middle = HEIGHT / 2
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        at = self._x(self.time)
        for end, role in ((float(self.width()), _ROLE.Dark), (at, _ROLE.Accent)):
            painter.setBrush(colour(role))
            painter.drawRoundedRect(QRectF(0, middle - GROOVE / 2, end, GROOVE), 2, 2)
        for t in self._ticks:
            passed = t >= self.time - 1e-6
            painter.setPen(QPen(colour(_ROLE.Accent if passed else _ROLE.PlaceholderText), 1.2))
            x = self._x(t)
            painter.drawLine(QPointF(x, middle + 6), QPointF(x, middle + 6 + TICK))
        lit = self.hasFocus() or self.underMouse()
        painter.setPen(QPen(colour(_ROLE.Accent if lit else _ROLE.PlaceholderText), 1.5))
        painter.setBrush(colour(_ROLE.Accent if self.hasFocus() else _ROLE.Base))
        painter.drawEllipse(QPointF(at, middle), HANDLE / 2 - 1, HANDLE / 2 - 1)
        painter.end()

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

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
