"""The views of a comparison: a name, a tab's title and what makes the widget when first seen.

Adding a view is adding a line to `VIEWS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from studio.ui.workspaces.compare.panel import ComparePanel


class Alone(Protocol):
    """What a view that stands alone does for the panel's keys."""

    def run(self) -> None: ...
    def escape(self) -> None: ...


@dataclass(frozen=True)
class ViewSpec:
    """A view as the panel meets it; `create` is called with the panel when the tab is opened, or
    `early`, with the first comparison, where a view takes time to be ready. A view that stands
    `alone` is shown without the panel's column and has run() and escape() for the panel's keys."""

    id: str
    title: str
    tip: str
    create: Callable[[ComparePanel], QWidget]
    early: bool = False
    alone: bool = False


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


VIEWS = (
    ViewSpec(
        "pictures",
        "Pictures",
        "All cells side by side, and how they came to be",
        lambda panel: panel.pictures,
    ),
    ViewSpec(
        "convergence",
        "Convergence",
        "Distance to the converged picture against cost",
        _convergence,
        early=True,
    ),
    ViewSpec(
        "guidance",
        "Guidance",
        "One noise, w swept, and where guidance pulled",
        _guidance,
    ),
    ViewSpec(
        "lab",
        "2-D lab",
        "Samplers on a distribution of the plane that is known exactly",
        _lab,
        alone=True,
    ),
)
