"""Spin boxes without buttons that the wheel turns only when they have the focus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSpinBox

WIDTH, MARGIN = 66, 8


if TYPE_CHECKING:
    _Base = QAbstractSpinBox
else:
    _Base = object  # Qt allows one of its own classes as a base


class _Plain(_Base):
    """What both kinds share; mixed in before Qt's class."""

    def dress(self) -> None:
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedWidth(WIDTH)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fill()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self._fill()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fill()

    def _fill(self) -> None:
        """A style sheet leaves a box without buttons an edit field of no width."""
        self.lineEdit().setGeometry(self.rect().adjusted(MARGIN, 1, -MARGIN, -1))


class WholeSpin(_Plain, QSpinBox):
    """A whole number."""

    def __init__(self) -> None:
        super().__init__()
        self.dress()


class RealSpin(_Plain, QDoubleSpinBox):
    """A number with decimals."""

    def __init__(self) -> None:
        super().__init__()
        self.dress()
