"""The keys of Reconstruct: the same kind of table as studio/ui/actions.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.ui.actions import Action

if TYPE_CHECKING:
    from studio.ui.workspaces.reconstruct.panel import ReconstructPanel


def _panel(run: Callable[[ReconstructPanel], object]) -> Callable[[Any], object]:
    return run


RECONSTRUCT = (
    Action(
        "reconstruct",
        "Reconstruct",
        ("Ctrl+Return", "Ctrl+Enter"),
        "Pass every picture through the chosen autoencoders.",
        _panel(lambda p: p.reconstruct()),
    ),
    Action(
        "cancel",
        "Cancel",
        ("Esc",),
        "Stop; what is done stays.",
        _panel(lambda p: p.escape()),
    ),
    Action(
        "open_pictures",
        "Open pictures…",
        ("Ctrl+O",),
        "Open pictures from files.",
        _panel(lambda p: p.open_pictures()),
    ),
    Action(
        "paste_picture",
        "Paste picture",
        ("Ctrl+V",),
        "Take the picture or the files in the clipboard.",
        _panel(lambda p: p.paste()),
    ),
    Action(
        "export_reconstructions",
        "Export",
        ("Ctrl+S",),
        "Write the labelled sheet and the figures (CSV) to the pictures folder.",
        _panel(lambda p: p.export()),
        icon="export",
    ),
    Action(
        "remove_picture",
        "Take the picture away",
        ("Delete",),
        "Take the current picture off the list; its file stays.",
        _panel(lambda p: p.bench.remove(p.bench.current)),
        "viewer",
    ),
    Action(
        "wipe_left",
        "Wipe left, or previous picture",
        ("Left",),
        "Move the wipe to the left; without one go to the previous picture.",
        _panel(lambda p: p.wall.walk(-1)),
        "viewer",
    ),
    Action(
        "wipe_right",
        "Wipe right, or next picture",
        ("Right",),
        "Move the wipe to the right; without one go to the next picture.",
        _panel(lambda p: p.wall.walk(1)),
        "viewer",
    ),
    Action(
        "wipe",
        "Wipe",
        ("W",),
        "Show the original left of a line.",
        _panel(lambda p: p.wall.wipe.toggle()),
        "viewer",
    ),
    Action(
        "flicker",
        "Flicker",
        ("F",),
        "Show original and reconstruction in turn; Space shows the original while held.",
        _panel(lambda p: p.wall.flicker.toggle()),
        "viewer",
    ),
    Action(
        "wall_fit",
        "Fit",
        ("0",),
        "Fit the pictures to their panes.",
        _panel(lambda p: p.wall.sight.set_zoom(None)),
        "viewer",
        "fit",
    ),
    Action(
        "wall_actual",
        "100 %",
        ("1",),
        "Show the pictures at their own size.",
        _panel(lambda p: p.wall.sight.set_zoom(1.0)),
        "viewer",
        "actual",
    ),
)
TOOLS = ("wall_actual", "wall_fit", "export_reconstructions")
