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
