"""The workspaces: every module here with a PANEL is one. Adding a panel is adding a file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    """A workspace as the window meets it. `order` decides its place and its Ctrl+number.

    `menu` names the actions that the window's menu lists while it is shown.
    """

    id: str
    title: str
    order: int
    create: Callable[[Shared], Panel]
    actions: tuple[Action, ...] = ()
    menu: tuple[str, ...] = ()


def all_panels() -> tuple[PanelSpec, ...]:
    """Every panel, in order."""
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    )
    panels = (module.PANEL for module in modules if hasattr(module, "PANEL"))
    return tuple(sorted(panels, key=lambda panel: panel.order))
