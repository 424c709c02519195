"""Controls that the wheel turns only while they have the focus: scrolling past changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    _Base = QWidget
else:
    _Base = object  # Qt allows one of its own classes as a base


class Focused(_Base):
    """Mixed in before Qt's class. An event filter would do as well, but would have Python look at
    every event of these controls, and wait for the engine's thread each time."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
