"""The view "Convergence": distance to the converged picture against what it cost."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from studio.ui.background import Background
from studio.ui.widgets.form import caption, column, row
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.welcome import advice
from studio.ui.workspaces.compare.curves import COSTS, DISTANCES, curves

if TYPE_CHECKING:
    from studio.ui.workspaces.compare.panel import ComparePanel
    from studio.ui.workspaces.compare.plot import Plot

ADVICE = (
    "Compare several samplers at several steps (the preset “Steps” does): once the pictures are"
    " there, this shows how close each comes to the converged solution of its own probability-flow"
    " ODE, and at what cost."
)


class ConvergenceView(QWidget):
    """The plotting library takes half a second to import: on a thread, when this is made."""

    def __init__(self, panel: ComparePanel) -> None:
        super().__init__()
        self.setObjectName("convergenceView")
        self._comparison = comparison = panel.comparison
        self.plot: Plot | None = None
        self._background = Background(self, to_the_end=True)
        self._background.done.connect(self._imported)
        self._background.start("plot", importlib.import_module, "studio.ui.workspaces.compare.plot")
        costs, distances = ({n: (m.text, m.tip) for n, m in e.items()} for e in (COSTS, DISTANCES))
        self.cost = Segments("convergenceCost", "Cost", costs)
        self.distance = Segments("convergenceDistance", "Distance", distances)
        self.empty = advice(ADVICE, "convergenceEmpty")
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        words = caption("to the converged picture, against", "muted")
        column(row(self.distance, words, self.cost, None, gap=18), (self.pages, 1), on=self)
        for signal in (self.cost.chosen, self.distance.chosen, comparison.began,
                       comparison.measured, comparison.ended):  # fmt: skip
            signal.connect(self.refresh)

    @Slot()
    def refresh(self, _: object = None) -> None:
        """Draws anew, if it is seen."""
        if not self.isVisible():
            return
        lpips = any(r.distance and r.distance.lpips is not None for r in self._comparison.results)
        self.distance.enable("lpips", lpips)
        found = curves(self._comparison, self.cost.value, self.distance.value)
        if found and self.plot is not None:
            self.plot.show_curves(self._comparison, found, self.cost.value, self.distance.value)
            self.pages.setCurrentWidget(self.plot)
        else:
            self.empty.setText("One moment…" if found else ADVICE)  # `_imported` comes back here
            self.pages.setCurrentWidget(self.empty)

    @Slot(object, object)
    def _imported(self, _: str, module: ModuleType) -> None:
        self.plot = module.Plot()
        self.plot.dressed.connect(self.refresh)
        self.plot.picked.connect(self._comparison.select)
        self.pages.addWidget(self.plot)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
