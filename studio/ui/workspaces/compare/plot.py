"""The plot itself: log axes, a curve a sampler, the Pareto front, names under the mouse.

The only module that imports pyqtgraph; imported when a plot is first seen.
"""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtWidgets import QHBoxLayout, QWidget

from studio.ui.theme import Tokens
from studio.ui.workspaces.compare.comparison import Comparison
from studio.ui.workspaces.compare.curves import Curve, Point, pareto
from studio.ui.workspaces.compare.legend import Legend, Sign
from studio.ui.workspaces.compare.marks import colour, numbered, symbol

UNITS = {"nfe": "NFE", "seconds": "s"}
FRONT = "Pareto front"
NEAR = 14  # logical pixels from the mouse to a point
TITLES = {
    "nfe": "NFE (denoiser evaluations)",
    "seconds": "Seconds",
    "latent": "Latent distance (RMS)",
    "lpips": "LPIPS",
}


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


class Plot(QWidget):
    """`picked` gives the cell of a point that was clicked."""

    picked = Signal(int)

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.setObjectName("convergencePlot")
        self.tokens = tokens
        pg.setConfigOptions(antialias=True)
        axes = {side: LogAxis(side) for side in ("left", "bottom")}
        self._view = pg.PlotWidget(axisItems=axes, enableMenu=False)
        self._view.setObjectName("convergenceCanvas")
        self._view.setAccessibleName("Distance against cost")
        self._view.setToolTip("The wheel zooms, dragging moves, A in the corner shows all again.")
        self._item: Any = self._view.getPlotItem()
        self._item.setLogMode(True, True)
        self._item.showGrid(True, True, 0.12)
        self.legend = Legend()
        self._near = pg.TextItem(anchor=(0, 1))
        self._near.setZValue(50)
        self._curves: tuple[Curve, ...] = ()
        self._signs: tuple[Sign, ...] = ()
        self._front: Any = None
        self._cost = "nfe"
        self._drawn: list[Any] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._view, 1)
        row.addWidget(self.legend)
        self.legend.shown.connect(self._show_one)
        self.legend.pointed.connect(self._point_at)
        self._view.scene().sigMouseMoved.connect(self._hover)
        self._view.scene().sigMouseClicked.connect(self._click)
        self.set_tokens(tokens)

    def set_tokens(self, tokens: Tokens) -> None:
        """The colours of a theme."""
        self.tokens = tokens
        self._view.setBackground(tokens.window)
        for side in ("left", "bottom"):
            axis = self._item.getAxis(side)
            axis.setPen(pg.mkPen(tokens.strong))
            axis.setTextPen(pg.mkPen(tokens.muted))
        self._near.fill = pg.mkBrush(tokens.raised)
        self._near.border = pg.mkPen(tokens.strong)
        self._near.setColor(QColor(tokens.text))

    def show_curves(
        self, comparison: Comparison, curves: tuple[Curve, ...], cost: str, distance: str
    ) -> None:
        """Draws all anew."""
        self._item.clear()
        self._cost = cost
        style = {"color": self.tokens.muted}
        self._item.setLabel("bottom", TITLES[cost], **style)
        self._item.setLabel("left", TITLES[distance], **style)
        self._curves = curves
        self._front = self._draw_front()
        self._signs = _signs(comparison, curves)
        self._drawn = [
            self._draw(curve, sign, symbol(number))
            for number, (curve, sign) in enumerate(zip(curves, self._signs, strict=True))
        ]
        self.legend.show_signs((Sign(FRONT, self._pale(), _mark("o")), *self._signs))
        self._item.addItem(self._near, ignoreBounds=True)
        self._near.hide()
        self._item.enableAutoRange()

    def _draw(self, curve: Curve, sign: Sign, mark: str) -> Any:
        return self._item.plot(
            [point.cost for point in curve.points],
            [point.distance for point in curve.points],
            pen=_pen(sign, 2),
            symbol=mark,
            symbolSize=11,
            symbolBrush=sign.colour,
            symbolPen=pg.mkPen(self.tokens.window, width=1),
        )

    def _pale(self) -> QColor:
        pale = QColor(self.tokens.accent)
        pale.setAlpha(70)
        return pale

    def _draw_front(self) -> Any:
        """Under the curves: a wide pale line through what nothing else beats."""
        front = pareto(point for curve in self._curves for point in curve.points)
        return self._item.plot(
            [point.cost for point in front],
            [point.distance for point in front],
            pen=pg.mkPen(self._pale(), width=9),
            symbol="o",
            symbolSize=20,
            symbolBrush=pg.mkBrush(self._pale()),
            symbolPen=None,
        )

    @Slot(int, bool)
    def _show_one(self, number: int, shown: bool) -> None:
        """The front comes first in the legend."""
        (self._front if number == 0 else self._drawn[number - 1]).setVisible(shown)

    @Slot(int)
    def _point_at(self, number: int) -> None:
        for each, (drawn, sign) in enumerate(zip(self._drawn, self._signs, strict=True), 1):
            drawn.setPen(_pen(sign, 4 if each == number else 2))
            drawn.setZValue(10 if each == number else 0)

    @property
    def shown(self) -> list[tuple[str, Point]]:
        """The points that are drawn, with their curves' names."""
        pairs = zip(self._curves, self._drawn, strict=True)
        return [(c.label, point) for c, drawn in pairs if drawn.isVisible() for point in c.points]

    def nearest(self, at: QPointF) -> tuple[str, Point] | None:
        """The point under the mouse, given in the scene's coordinates."""
        box = self._item.getViewBox()
        best, found = float(NEAR), None
        for label, point in self.shown:
            there = box.mapViewToScene(_logarithm(point))
            far = math.hypot(there.x() - at.x(), there.y() - at.y())
            if far < best:
                best, found = far, (label, point)
        return found

    @Slot(object)
    def _hover(self, at: QPointF) -> None:
        found = self.nearest(at)
        self._near.setVisible(found is not None)
        if found is not None:
            label, point = found
            cost = f"{point.cost:.3g} {UNITS[self._cost]}"
            told = f"{label}, {point.steps} steps: {cost}, distance {point.distance:.2g}"
            self._near.setText(told)
            place = _logarithm(point)
            left, right = self._item.getViewBox().viewRange()[0]
            self._near.setAnchor((1 if place.x() > (left + right) / 2 else 0, 1.3))
            self._near.setPos(place)

    @Slot(object)
    def _click(self, event: Any) -> None:
        found = self.nearest(event.scenePos())
        if found is not None:
            self.picked.emit(found[1].index)


def _signs(comparison: Comparison, curves: tuple[Curve, ...]) -> tuple[Sign, ...]:
    """A hue a family, a mark a curve, dots for what is stochastic."""
    specs = [comparison.samplers.get(curve.settings.sampler) for curve in curves]
    families = [spec.family if spec is not None else "" for spec in specs]
    numbers = numbered(families)
    return tuple(
        Sign(
            curve.label,
            colour(families[at], numbers[at]),
            _mark(symbol(at)),
            (spec := specs[at]) is not None and spec.stochastic,
        )
        for at, curve in enumerate(curves)
    )


def _mark(name: str) -> QPainterPath:
    return QPainterPath(Symbols[name])


def _pen(sign: Sign, width: int) -> Any:
    style = Qt.PenStyle.DotLine if sign.dotted else Qt.PenStyle.SolidLine
    return pg.mkPen(sign.colour, width=width, style=style)


def _logarithm(point: Point) -> QPointF:
    return QPointF(math.log10(max(point.cost, 1e-9)), math.log10(point.distance))
