"""Everything that has a key: one table. The keys dialog, menus and tool bars are made from it.

`where` is "window" (works everywhere) or "viewer" (works while the picture or the strip has the
focus, so that letters can be typed elsewhere).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from studio.ui import icons

if TYPE_CHECKING:
    from studio.ui.panels.generate import GeneratePanel
    from studio.ui.window import Window


@dataclass(frozen=True)
class Action:
    """What a key does. `run` is called with the window or the panel that owns the table."""

    id: str
    text: str
    keys: tuple[str, ...]
    tip: str
    run: Callable[[Any], object]
    where: str = "window"
    icon: str = ""
    needs_picture: bool = False


def _window(run: Callable[[Window], object]) -> Callable[[Any], object]:
    return run


def _panel(run: Callable[[GeneratePanel], object]) -> Callable[[Any], object]:
    return run


def _to_compare(panel: GeneratePanel) -> None:
    """Takes the picture's settings along."""
    panel.use_all()
    panel.wanted.emit("compare")


WINDOW = (
    Action(
        "theme",
        "Switch light / dark",
        ("Ctrl+Shift+L",),
        "Switch between the light and the dark theme.",
        _window(lambda w: w.theme.toggle()),
        icon="theme",
    ),
    Action(
        "keys",
        "Keyboard shortcuts",
        ("F1", "Shift+?"),
        "List every key.",
        _window(lambda w: w.show_keys()),
        icon="keyboard",
    ),
    Action("quit", "Quit", ("Ctrl+Q",), "Close Latent Studio.", _window(lambda w: w.close())),
)

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

# Keys that a control handles itself; listed for the reader.
PROMPT_KEYS = (
    ("Alt+Up", "Previous prompt (in the prompt box)"),
    ("Alt+Down", "Next prompt (in the prompt box)"),
)


def install(table: tuple[Action, ...], owner: QWidget, viewer: QWidget) -> dict[str, QAction]:
    """Makes the table's QActions; those of the viewer work within `viewer` only."""
    made = {}
    for entry in table:
        action = QAction(entry.text, owner)
        action.setObjectName(entry.id)
        action.setShortcuts([QKeySequence(key) for key in entry.keys])
        shown = QKeySequence(entry.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{entry.tip} ({shown})")
        if entry.icon:
            icons.dress(action, entry.icon)
        if entry.where == "viewer":
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(partial(_run, entry, owner))
        (viewer if entry.where == "viewer" else owner).addAction(action)
        action.setEnabled(not entry.needs_picture)
        made[entry.id] = action
    return made


def _run(entry: Action, owner: QWidget, _checked: bool = False) -> None:
    entry.run(owner)
