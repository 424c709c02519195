"""The keys of beginnings and trajectories, for the table of Generate's actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.ui.actions import Action

if TYPE_CHECKING:
    from studio.ui.panels.generate import GeneratePanel


def _panel(run: Callable[[GeneratePanel], object]) -> Callable[[Any], object]:
    return run


def _walk(panel: GeneratePanel) -> None:
    """Hands the picture shown to Interpolate, once it is written."""
    entry = panel.viewer.entry
    if entry is not None and entry.path is not None:
        panel.offered.emit("interpolate", (entry.path,))


STARTING = (
    Action(
        "vary",
        "Vary this",
        ("V",),
        "Make 4 pictures near this one: its seed's noise, 0.15 of the way to other noise.",
        _panel(lambda p: p.vary()),
        "viewer",
        "vary",
        True,
    ),
    Action(
        "start_here",
        "Start from this picture",
        ("I",),
        "Change this picture, or repaint parts of it.",
        _panel(lambda p: p.start_here()),
        "viewer",
        "start",
        True,
    ),
    Action(
        "walk_from",
        "Walk from this picture",
        ("W",),
        "Take this picture to Interpolate, as an end of a walk.",
        _panel(_walk),
        "viewer",
        needs_picture=True,
    ),
    Action(
        "trajectory",
        "Trajectory",
        ("T",),
        "Show how this picture came out of the noise, step by step.",
        _panel(lambda p: p.viewer.show_trajectory(not p.viewer.playing)),
        "viewer",
        "steps",
    ),
    Action(
        "to_start",
        "Go to the picture to start from",
        ("Alt+I",),
        "Open, drop or paste a picture to start from.",
        _panel(lambda p: p.column.go_to(p.column.start, p.column.start.well)),
    ),
    Action(
        "paste_start",
        "Start from a copied picture",
        ("Ctrl+Shift+V",),
        "Start from the picture on the clipboard.",
        _panel(lambda p: p.column.start.paste_picture()),
    ),
    Action(
        "paint_mask",
        "Paint the mask",
        ("Alt+K",),
        "Paint what of the picture to start from is to be made anew.",
        _panel(lambda p: p.column.start.paint_mask()),
    ),
    Action(
        "to_variation",
        "Go to the variation",
        ("Alt+R",),
        "Stay near the picture of a seed.",
        _panel(lambda p: p.column.go_to(p.column.variation, p.column.variation.share.spin)),
    ),
)
