"""The keys of Generate: the same kind of table as studio/ui/actions.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.ui.actions import Action

if TYPE_CHECKING:
    from studio.ui.workspaces.generate.panel import GeneratePanel


def _panel(run: Callable[[GeneratePanel], object]) -> Callable[[Any], object]:
    return run


def _to_compare(panel: GeneratePanel) -> None:
    """Takes the picture's settings along."""
    panel.use_all()
    panel.wanted.emit("compare")


def _walk(panel: GeneratePanel) -> None:
    """Hands the picture shown to Interpolate, once it is written."""
    entry = panel.viewer.entry
    if entry is not None and entry.path is not None:
        panel.offered.emit("interpolate", (entry.path,))


GENERATE = (
    Action(
        "generate",
        "Generate",
        ("Ctrl+Return", "Ctrl+Enter"),
        "Make the pictures; while others are being made, queue them.",
        _panel(lambda p: p.generate()),
    ),
    Action(
        "generate_front",
        "Generate next",
        ("Ctrl+Shift+Return", "Ctrl+Shift+Enter"),
        "Make the pictures before everything else that waits.",
        _panel(lambda p: p.generate(front=True)),
    ),
    Action(
        "cancel",
        "Cancel",
        ("Esc",),
        "Stop the pictures being made now; what waits goes on.",
        _panel(lambda p: p.escape()),
    ),
    Action(
        "cancel_all",
        "Cancel everything",
        ("Shift+Esc",),
        "Stop the pictures being made and empty the queue.",
        _panel(lambda p: p.jobs.cancel_all()),
    ),
    Action(
        "older",
        "Next older picture",
        ("Right", "Down"),
        "Go to the picture made before this one.",
        _panel(lambda p: p.viewer.strip.walk(1)),
        "viewer",
    ),
    Action(
        "newer",
        "Next newer picture",
        ("Left", "Up"),
        "Go to the picture made after this one.",
        _panel(lambda p: p.viewer.strip.walk(-1)),
        "viewer",
    ),
    Action(
        "newest",
        "Newest picture",
        ("Home",),
        "Go to the newest picture; while pictures are made, follow them again.",
        _panel(lambda p: p.viewer.follow()),
        "viewer",
    ),
    Action(
        "use_all",
        "Use all settings",
        ("A",),
        "Make the next picture with every setting of this one.",
        _panel(lambda p: p.use_all()),
        "viewer",
        "settings",
        True,
    ),
    Action(
        "use_seed",
        "Use seed",
        ("S",),
        "Keep this picture's seed.",
        _panel(lambda p: p.use_seed()),
        "viewer",
        "seed",
        True,
    ),
    Action(
        "use_prompt",
        "Use prompt",
        ("P",),
        "Take over this picture's prompt and negative prompt.",
        _panel(lambda p: p.use_prompt()),
        "viewer",
        "prompt",
        True,
    ),
    Action(
        "to_compare",
        "Compare from here",
        ("C",),
        "Take this picture's settings to Compare.",
        _panel(_to_compare),
        "viewer",
        needs_picture=True,
    ),
    Action(
        "save_as",
        "Save as…",
        ("Ctrl+S",),
        "Save a copy with its settings inside. Every picture is in the pictures folder already.",
        _panel(lambda p: p.save_as()),
        "window",
        "save",
        True,
    ),
    Action(
        "copy_picture",
        "Copy picture",
        ("Ctrl+Shift+C",),
        "Copy the picture to the clipboard.",
        _panel(lambda p: p.copy_picture()),
        "window",
        "copy",
        True,
    ),
    Action(
        "copy_settings",
        "Copy settings",
        ("Ctrl+Alt+C",),
        "Copy the settings as text that other studios read too.",
        _panel(lambda p: p.copy_settings()),
        "window",
        "notes",
        True,
    ),
    Action(
        "copy_command",
        "Copy command",
        ("Ctrl+Alt+K",),
        "Copy the command line that makes this picture.",
        _panel(lambda p: p.copy_command()),
        "window",
        "command",
        True,
    ),
    Action(
        "open_folder",
        "Open pictures folder",
        ("Ctrl+Shift+O",),
        "Show the folder that the pictures are written to.",
        _panel(lambda p: p.open_folder()),
        "window",
        "folder",
    ),
    Action(
        "zoom_fit",
        "Fit",
        ("0",),
        "Fit the picture to the window.",
        _panel(lambda p: p.viewer.canvas.set_zoom(None)),
        "viewer",
        "fit",
        True,
    ),
    Action(
        "zoom_actual",
        "100 %",
        ("1",),
        "Show the picture at its own size.",
        _panel(lambda p: p.viewer.canvas.set_zoom(1.0)),
        "viewer",
        "actual",
        True,
    ),
    Action(
        "zoom_in",
        "Zoom in",
        ("+", "="),
        "Enlarge the picture.",
        _panel(lambda p: p.viewer.canvas.set_zoom(p.viewer.canvas.scale() * 1.25)),
        "viewer",
    ),
    Action(
        "zoom_out",
        "Zoom out",
        ("-",),
        "Reduce the picture.",
        _panel(lambda p: p.viewer.canvas.set_zoom(p.viewer.canvas.scale() / 1.25)),
        "viewer",
    ),
    Action(
        "to_prompt",
        "Go to the prompt",
        ("Alt+P", "Ctrl+L"),
        "Put the cursor into the prompt box.",
        _panel(lambda p: p.column.prompt.setFocus()),
    ),
    Action(
        "to_negative",
        "Go to the negative prompt",
        ("Alt+N",),
        "Put the cursor into the negative prompt box.",
        _panel(lambda p: p.column.negative.setFocus()),
    ),
    Action(
        "to_sampler",
        "Go to the sampler",
        ("Alt+M",),
        "Choose the sampler with the arrow keys.",
        _panel(lambda p: p.column.sampler.setFocus()),
    ),
    Action(
        "to_steps",
        "Go to the steps",
        ("Alt+T",),
        "Type the number of steps.",
        _panel(lambda p: p.column.steps.spin.setFocus()),
    ),
    Action(
        "to_guidance",
        "Go to the guidance",
        ("Alt+G",),
        "Type the guidance scale.",
        _panel(lambda p: p.column.guidance.spin.setFocus()),
    ),
    Action(
        "to_seed",
        "Go to the seed",
        ("Alt+E",),
        "Type a seed.",
        _panel(lambda p: p.column.seed.line.setFocus()),
    ),
    Action(
        "to_count",
        "Go to the number of pictures",
        ("Alt+U",),
        "Type how many pictures to make.",
        _panel(lambda p: p.column.count.spin.setFocus()),
    ),
    Action(
        "to_more",
        "Go to more settings",
        ("Alt+O",),
        "Choose the schedule, the guidance rule and what else there is.",
        _panel(lambda p: p.column.go_to(p.column.more, p.column.more.schedule)),
    ),
    Action(
        "to_picture",
        "Go to the picture",
        ("Alt+V",),
        "From here the keys of the picture work.",
        _panel(lambda p: p.viewer.take_focus()),
    ),
)

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
