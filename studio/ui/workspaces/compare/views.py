"""The views of a comparison: a name, a tab's title and what makes the widget when first seen.

Adding a view is adding a line to `VIEWS`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from studio.ui.panel import View

if TYPE_CHECKING:
    from studio.ui.workspaces.compare.panel import ComparePanel


def _convergence(panel: ComparePanel) -> QWidget:
    from studio.ui.workspaces.compare.convergence import ConvergenceView

    return ConvergenceView(panel.comparison)


def _guidance(panel: ComparePanel) -> QWidget:
    from studio.ui.workspaces.compare.guidance import GuidanceView

    view = GuidanceView(panel.comparison, panel.pictures.frames)
    view.sweep.clicked.connect(panel.sweep_guidance)
    return view


def _lab(panel: ComparePanel) -> QWidget:
    """By its name: workspaces do not import each other."""
    room = importlib.import_module("studio.ui.workspaces.lab.view")
    view: QWidget = room.LabView(panel.shared)
    return view


def _pictures(panel: ComparePanel) -> QWidget:
    return panel.pictures


# fmt: off
VIEWS = (
    View("pictures", "Pictures", "All cells side by side, and how they came to be", _pictures),
    View("convergence", "Convergence", "Distance to the converged picture against cost",
        _convergence, early=True),
    View("guidance", "Guidance", "One noise, w swept, and where guidance pulled", _guidance),
    View("lab", "2-D lab", "Samplers on a distribution of the plane that is known exactly",
        _lab, alone=True),
)
