"""The slider of the window: a groove filled up to the handle, in the palette's colours."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSlider, QStyle

from studio.ui.widgets.wheel import Focused

_ROLE = QPalette.ColorRole
HANDLE, GROOVE, TICK = 16, 4, 5  # logical pixels
_KEYS = (
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down),
    *(Qt.Key.Key_Home, Qt.Key.Key_End),
)


class Slider(Focused, QSlider):
    """Lies flat; `ticks` are the places of marks below it, those passed in the accent's colour."""

    def __init__(self, height: int) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setFixedHeight(height)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def event(self, event: QEvent) -> bool:
        """Its keys are its own, whatever else they do in the window."""
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if event.key() in _KEYS and not event.modifiers():
                event.accept()
                return True
        return super().event(event)

    def handle(self) -> float:
        """Where the handle's middle is."""
        room = self.width() - HANDLE
        at = QStyle.sliderPositionFromValue(self.minimum(), self.maximum(), self.value(), room)
        return at + HANDLE / 2

    def ticks(self) -> list[float]:
        return []

    def paintEvent(self, event: QPaintEvent) -> None:
        colour, middle, at = self.palette().color, self.height() / 2, self.handle()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for end, role in ((float(self.width()), _ROLE.Dark), (at, _ROLE.Accent)):
            painter.setBrush(colour(role))
            painter.drawRoundedRect(QRectF(0, middle - GROOVE / 2, end, GROOVE), 2, 2)
        for x in self.ticks():
            passed = x <= at + 1e-6
            painter.setPen(QPen(colour(_ROLE.Accent if passed else _ROLE.PlaceholderText), 1.2))
            painter.drawLine(QPointF(x, middle + 6), QPointF(x, middle + 6 + TICK))
        lit = self.hasFocus() or self.underMouse()
        painter.setPen(QPen(colour(_ROLE.Accent if lit else _ROLE.PlaceholderText), 1.5))
        painter.setBrush(colour(_ROLE.Accent if self.hasFocus() else _ROLE.Base))
        painter.drawEllipse(QPointF(at, middle), HANDLE / 2 - 1, HANDLE / 2 - 1)
        painter.end()
