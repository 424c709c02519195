"""Spin boxes whose buttons the style sheet hides: without any, it leaves the text no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox

from studio.ui.widgets.form import named
from studio.ui.widgets.wheel import Focused

WIDTH, MARGIN = 66, 8

if TYPE_CHECKING:
    _Base = Any  # either of Qt's classes
else:
    _Base = object  # Qt allows one of its own classes as a base


class _Plain(Focused, _Base):  # type: ignore[misc]
    """What both kinds share; mixed in before Qt's class. Bound like any other control."""

    def __init__(
        self,
        name: str = "",
        label: str = "",
        tip: str = "",
        low: float = 0,
        high: float = 99,
        value: float = 0,
        step: float = 1,
        decimals: int = 0,
    ) -> None:
        super().__init__()
        named(self, name, label, tip)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedWidth(WIDTH)
        self.lineEdit().setTextMargins(MARGIN, 0, MARGIN, 0)
        if isinstance(self, QDoubleSpinBox):
            self.setDecimals(decimals)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setValue(value)

    @property
    def edited(self) -> Any:
        return self.valueChanged

    @Slot(object)
    def set_value(self, number: float) -> None:
        self.setValue(number)


class WholeSpin(_Plain, QSpinBox):
    """A whole number."""


class RealSpin(_Plain, QDoubleSpinBox):
    """A number with decimals; an int where there are none."""

    def value(self) -> float:
        number, decimals = super().value(), self.decimals()
        return round(number, decimals) if decimals else int(number)
