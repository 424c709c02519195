"""Axes to draw curves in, in the theme's colours.

The only module that imports pyqtgraph, which takes half a second: imported when a plot is first
seen.
"""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QPainterPath

from studio.ui.theme import DARK, LIGHT, Tokens
from studio.ui.widgets.form import named

SIDES = ("bottom", "left")
INKS = (212, 28, 140, 330, 268, 52, 180, 0, 100)  # hues, told apart on light and dark grounds
ZOOMS = "Scroll to zoom, drag to pan."


class LogAxis(pg.AxisItem):  # type: ignore[misc]
    """Marks 1, 2 and 5 of every power of ten (more where there is but one), written plainly."""

    def logTickValues(self, low: float, high: float, size: float, ticks: Any) -> Any:
        """Called with logarithms; the lesser marks are drawn without a number."""
        powers = range(math.floor(low) - 1, math.ceil(high) + 1)
        leads = (1, 2, 5) if high - low > 1.2 else (1, 2, 3, 4, 6, 8)
        named = [math.log10(lead) + power for power in powers for lead in leads]
        rest = (lead for lead in range(3, 10) if lead not in leads)
        other = [math.log10(lead) + power for lead in rest for power in powers]
        within = [[at for at in each if low <= at <= high] for each in (named, other)]
        return [(1.0, within[0]), (None, within[1])]

    def logTickStrings(self, values: Any, scale: float, spacing: Any) -> list[str]:
        return [f"{10**value:.3g}" if spacing is not None else "" for value in values]


class Chart(pg.PlotWidget):  # type: ignore[misc]
    """Two axes and a faint grid; `log` says which of them, from below, are logarithmic. `dressed`
    says that the theme has changed: axes follow by themselves, curves are the owner's."""

    dressed = Signal()
    item: Any = None  # until the axes are there

    def __init__(
        self,
        name: str,
        label: str,
        tip: str = "",
        log: tuple[bool, bool] = (False, False),
        legend: bool = False,
    ) -> None:
        pg.setConfigOptions(antialias=True)
        axes = {side: LogAxis(side) for side, each in zip(SIDES, log, strict=True) if each}
        super().__init__(axisItems=axes, enableMenu=False)
        named(self, name, label, f"{tip} {ZOOMS}".strip())
        self.item = self.getPlotItem()
        self.item.setLogMode(*log)
        self.item.showGrid(True, True, 0.12)
        if legend:
            self.item.addLegend(offset=(-10, 10))
        for side in SIDES:
            self.item.getAxis(side).enableAutoSIPrefix(False)
        self._dress()

    @property
    def tokens(self) -> Tokens:
        """The colours that are shown."""
        return DARK if self.palette().window().color().lightness() < 128 else LIGHT

    def name_axes(self, bottom: str, left: str) -> None:
        """What they measure."""
        for side, text in zip(SIDES, (bottom, left), strict=True):
            self.item.setLabel(side, text)

    def _dress(self) -> None:
        self.setBackground(self.tokens.window)
        for side in SIDES:
            self.item.getAxis(side).setPen(pg.mkPen(self.tokens.strong))
            self.item.getAxis(side).setTextPen(pg.mkPen(self.tokens.muted))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if self.item is not None and event.type() == QEvent.Type.PaletteChange:
            self._dress()
            self.dressed.emit()


def ink(number: int) -> QColor:
    """The colour of the `number`-th curve."""
    return QColor.fromHsl(INKS[number % len(INKS)], 190, 130)


def line(colour: QColor | str, width: int = 2, dotted: bool = False) -> Any:
    """A pen for a curve."""
    style = Qt.PenStyle.DotLine if dotted else Qt.PenStyle.SolidLine
    return pg.mkPen(colour, width=width, style=style)


def mark_path(name: str) -> QPainterPath:
    """A mark of pyqtgraph about the origin, side 1."""
    return QPainterPath(Symbols[name])
