"""Everything that has a key: one table. The keys dialog, menus and tool bars are made from it.

A row takes two lines: what it is called and does, then its tip and where it works. That is no
way of ruff's, so a table begins with `fmt: off`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from studio.core.settings import Settings
from studio.ui import icons

if TYPE_CHECKING:
    from studio.ui.window import Window


OWN = Settings("").model
VIEWER = "viewer"  # while the picture or the strip has the focus; letters can be typed elsewhere
PICTURE, PICTURES = "picture", "pictures"  # needs exactly one; needs one or more

Owner = TypeVar("Owner", bound=QWidget)


@dataclass(frozen=True)
class Action(Generic[Owner]):
    """What a key does. `run` is called with the window or the panel that owns the table."""

    id: str
    keys: str  # a space between two
    text: str
    run: Callable[[Owner], object]
    tip: str
    where: str = "window"  # works everywhere
    needs: str = ""
    icon: str = ""


# fmt: off
WINDOW: tuple[Action[Window], ...] = (
    Action("theme", "Ctrl+Shift+L", "Switch light / dark", lambda w: w.theme.toggle(),
        "Switch between the light and the dark theme.", icon="theme"),
    Action("keys", "F1 Shift+?", "Keyboard shortcuts", lambda w: w.show_keys(),
        "List every keyboard shortcut.", icon="keyboard"),
    Action("open_model", "Ctrl+Shift+M", "Open a model…", lambda w: w.choose_model(),
        "Open a folder with a Stable Diffusion model, as diffusers keeps it."),
    Action("own_model", "Ctrl+Shift+0", "The studio's own model", lambda w: w.open_model(OWN),
        "Go back to the model that came with the studio."),
    Action("quit", "Ctrl+Q", "Quit", lambda w: w.close(), "Close Latent Studio."),
)
# fmt: on

# Keys that a control handles itself; listed for the reader.
PROMPT_KEYS = (
    ("Alt+Up", "Previous prompt (in the prompt box)"),
    ("Alt+Down", "Next prompt (in the prompt box)"),
    ("Ctrl+Up", "More weight for the selected words (in the prompt box)"),
    ("Ctrl+Down", "Less weight for the selected words (in the prompt box)"),
)


def install(table: tuple[Action[Owner], ...], owner: Owner, viewer: QWidget) -> dict[str, QAction]:
    """Makes the table's QActions; those of the viewer work within `viewer` only."""
    made = {}
    for entry in table:
        action = QAction(entry.text, owner)
        action.setObjectName(entry.id)
        action.setShortcuts([QKeySequence(key) for key in entry.keys.split()])
        shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{entry.tip} ({shown})")
        if entry.icon:
            icons.dress(action, entry.icon)
        if entry.where == VIEWER:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(partial(_run, entry, owner))
        (viewer if entry.where == VIEWER else owner).addAction(action)
        action.setEnabled(not entry.needs)
        made[entry.id] = action
    return made


def _run(entry: Action[Owner], owner: Owner, _checked: bool = False) -> None:
    entry.run(owner)
