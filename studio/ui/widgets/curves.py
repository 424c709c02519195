"""A plot of curves in the window's colours. Imports pyqtgraph: import it when it is first seen."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtGui import QColor, QPalette

from studio.ui.widgets.form import named

HUES = (212, 28, 140, 330, 268, 52, 180, 0, 100)  # told apart on light and dark grounds
ZOOMS = "The wheel zooms, dragging moves."


class Curves(pg.PlotWidget):  # type: ignore[misc]
    """`item` is pyqtgraph's own, with a grid and, if wanted, a legend."""

    def __init__(self, name: str, label: str, tip: str = "", legend: bool = True) -> None:
        super().__init__(enableMenu=False)
        named(self, name, label, f"{tip} {ZOOMS}".strip())
        self.item: Any = self.getPlotItem()
        if legend:
            self.item.showGrid(True, True, 0.12)
            self.item.addLegend(offset=(-10, 10))

    def dress(self, bottom: str, left: str) -> None:
        """Names the axes, in the colours that the window has now."""
        self.setBackground(self.palette().color(QPalette.ColorRole.Window))
        for side, text in (("bottom", bottom), ("left", left)):
            axis = self.item.getAxis(side)
            self.item.setLabel(side, text, color=self.muted.name())
            axis.enableAutoSIPrefix(False)
            axis.setPen(pg.mkPen(self.muted))
            axis.setTextPen(pg.mkPen(self.muted))

    @property
    def muted(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.PlaceholderText)


def ink(number: int) -> QColor:
    """Of one of several curves."""
    return QColor.fromHsl(HUES[number % len(HUES)], 190, 130)
