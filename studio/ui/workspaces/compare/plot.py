"""The plot itself: log axes, a curve a sampler, the Pareto front, names under the mouse."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from studio.core.wording import many
from studio.ui.plots.chart import Chart, line, mark_path
from studio.ui.plots.legend import Legend, Sign
from studio.ui.plots.marks import colour, numbered, symbol
from studio.ui.theme import Tokens
from studio.ui.widgets.form import row
from studio.ui.workspaces.compare.comparison import Comparison
from studio.ui.workspaces.compare.curves import COSTS, DISTANCES, Curve, Point, pareto

FRONT = "Pareto front"
NEAR = 14  # logical pixels from the mouse to a point


class Plot(QWidget):
    """`picked` gives the cell of a point that was clicked."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("convergencePlot")
        tip = "A in the corner shows everything again."
        self._view = Chart("convergenceCanvas", "Distance against cost", tip, (True, True))
        self._item: Any = self._view.item
        self.legend = Legend()
        self._near = pg.TextItem(anchor=(0, 1))
        self._near.setZValue(50)
        self._curves: tuple[Curve, ...] = ()
        self._signs: tuple[Sign, ...] = ()
        self._unit = ""
        self._drawn: list[Any] = []  # in the order of the legend: the front, then the curves
        row((self._view, 1), self.legend, on=self)
        self.legend.shown.connect(self._show_one)
        self.legend.pointed.connect(self._point_at)
        self.dressed = self._view.dressed
        self._view.scene().sigMouseMoved.connect(self._hover)
        self._view.scene().sigMouseClicked.connect(self._click)

    @property
    def tokens(self) -> Tokens:
        """The colours that are shown."""
        return self._view.tokens

    def show_curves(
        self, comparison: Comparison, curves: tuple[Curve, ...], cost: str, distance: str
    ) -> None:
        """Draws all anew."""
        self._item.clear()
        self._unit = COSTS[cost].unit
        self._view.name_axes(COSTS[cost].title, DISTANCES[distance].title)
        self._curves, self._signs = curves, _signs(comparison, curves)
        pale = QColor(self.tokens.accent)
        pale.setAlpha(70)
        front = pareto(point for curve in curves for point in curve.points)
        self._drawn = [self._draw(front, line(pale, 9), "o", 20, pale, None)]
        edge = pg.mkPen(self.tokens.window, width=1)
        for number, (curve, sign) in enumerate(zip(curves, self._signs, strict=True)):
            pen = line(sign.colour, 2, sign.dotted)
            self._drawn.append(self._draw(curve.points, pen, symbol(number), 11, sign.colour, edge))
        self.legend.show_signs((Sign(FRONT, pale, mark_path("o")), *self._signs))
        self._near.fill = pg.mkBrush(self.tokens.raised)
        self._near.border = pg.mkPen(self.tokens.strong)
        self._near.setColor(QColor(self.tokens.text))
        self._item.addItem(self._near, ignoreBounds=True)
        self._near.hide()
        self._item.enableAutoRange()

    def _draw(
        self, points: tuple[Point, ...], pen: Any, mark: str, size: int, fill: QColor, edge: Any
    ) -> Any:
        costs, distances = [p.cost for p in points], [p.distance for p in points]
        marks = {"symbol": mark, "symbolSize": size, "symbolBrush": fill, "symbolPen": edge}
        return self._item.plot(costs, distances, pen=pen, **marks)

    @Slot(int, bool)
    def _show_one(self, number: int, shown: bool) -> None:
        self._drawn[number].setVisible(shown)

    @Slot(int)
    def _point_at(self, number: int) -> None:
        for each, (drawn, sign) in enumerate(zip(self._drawn[1:], self._signs, strict=True), 1):
            drawn.setPen(line(sign.colour, 4 if each == number else 2, sign.dotted))
            drawn.setZValue(10 if each == number else 0)

    @property
    def shown(self) -> list[tuple[str, Point]]:
        """The points that are drawn, with their curves' names."""
        pairs = zip(self._curves, self._drawn[1:], strict=True)
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
            cost = f"{point.cost:.3g} {self._unit}, distance {point.distance:.2g}"
            self._near.setText(f"{label}, {many(point.steps, 'step')}: {cost}")
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
    hues = map(colour, families, numbered(families))
    marks = (mark_path(symbol(number)) for number in range(len(curves)))
    dotted = (spec is not None and spec.stochastic for spec in specs)
    return tuple(map(Sign, (curve.label for curve in curves), hues, marks, dotted))


def _logarithm(point: Point) -> QPointF:
    return QPointF(math.log10(max(point.cost, 1e-9)), math.log10(point.distance))
