"""The workspaces: each is a folder here with a PANEL, and a line in WORKSPACES.

Only the line is read before the first paint; a module is imported when its workspace is built.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.ui.panel import PanelSpec

# a module's name and the tab's title, in the order of the tabs and of Ctrl+1..n
WORKSPACES = {
    "generate": "Generate",
    "compare": "Compare",
    "reconstruct": "Reconstruct",
    "interpolate": "Interpolate",
    "language": "Language",
    "queue": "Queue",
    "history": "History",
    "tour": "Tour",
    "models": "Models",
}


def load(workspace: str) -> PanelSpec:
    """How to make a workspace; imports what it needs."""
    found: PanelSpec = importlib.import_module(f"{__name__}.{workspace}.panel").PANEL
    return found
