"""The workspaces: each is a module here with a PANEL, and a line in WORKSPACES.

Only the line is read before the first paint; a module is imported when its workspace is built.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from studio.ui.actions import Action

if TYPE_CHECKING:
    from studio.ui.shared import Shared


class Panel(QWidget):
    """A workspace: its widgets, and its actions by their ids; `wanted` asks for another's id,
    `offered` also hands it pictures."""

    wanted = Signal(str)
    offered = Signal(str, object)  # an id, tuple[Path, ...]
    actions_by_id: dict[str, QAction]

    def receive(self, pictures: tuple[Path, ...]) -> None:
        """Takes pictures that another workspace offers."""

    def closing(self) -> None:
        """The window is about to close, the engine still there."""


@dataclass(frozen=True)
class PanelSpec:
    """How a workspace is made, inside which widget: one moved there later is styled anew.

    `menu` names the actions that the window's menu lists while it is shown.
    """

    create: Callable[[Shared, QWidget], Panel]
    actions: tuple[Action[Any], ...] = ()
    menu: tuple[str, ...] = ()


# a module's name and the tab's title, in the order of the tabs and of Ctrl+1..n
WORKSPACES = {
    "generate": "Generate",
    "compare": "Compare",
    "reconstruct": "Reconstruct",
    "interpolate": "Interpolate",
    "queue": "Queue",
    "history": "History",
}


def load(workspace: str) -> PanelSpec:
    """How to make a workspace; imports what it needs."""
    found: PanelSpec = importlib.import_module(f"{__name__}.{workspace}.panel").PANEL
    return found
