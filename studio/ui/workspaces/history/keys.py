"""The keys of History: the same kind of table as studio/ui/actions.py.

The letters and numbers work while the grid or the large picture has the focus.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.ui.actions import Action

if TYPE_CHECKING:
    from studio.gallery.history.rows import Item
    from studio.ui.workspaces.history.panel import HistoryPanel


def _panel(run: Callable[[HistoryPanel], object]) -> Callable[[Any], object]:
    return run


def _one(run: Callable[[HistoryPanel, Item], object]) -> Callable[[Any], object]:
    """What is done with the one selected picture, if there is one."""

    def act(panel: HistoryPanel) -> None:
        if (item := panel.item()) is not None:
            run(panel, item)

    return act


def _rate(stars: int) -> Action:
    return Action(
        f"rate_{stars}",
        f"Rate {'★' * stars}" if stars else "No rating",
        (str(stars),),
        f"Give the selected pictures {stars} stars." if stars else "Take the stars away.",
        _panel(lambda p: p.rate(stars)),
        "viewer",
    )


def _walk(panel: HistoryPanel) -> None:
    """Hands up to four selected pictures to Interpolate."""
    items = (panel.rows.known(each) for each in panel.selected()[:4])
    if paths := tuple(item.path for item in items if item is not None):
        panel.offered.emit("interpolate", paths)


HISTORY = (
    Action(
        "history_search",
        "Search",
        ("/", "Ctrl+F"),
        "Put the cursor into the search line.",
        _panel(lambda p: p.to_search()),
    ),
    Action(
        "history_open",
        "Enlarge",
        ("Return", "Enter"),
        "Show the picture large; again, or Esc, goes back.",
        _panel(lambda p: p.enlarge()),
        "viewer",
        needs_picture=True,
    ),
    Action("cancel", "Back", ("Esc",), "Back to the grid.", _panel(lambda p: p.escape())),
    *(_rate(stars) for stars in range(6)),
    Action(
        "history_like",
        "Favourite",
        ("F",),
        "Make the selected pictures favourites, or no more.",
        _panel(lambda p: p.toggle_favourite()),
        "viewer",
    ),
    Action(
        "history_tag",
        "Add a tag",
        ("T",),
        "Type a tag for the selected pictures.",
        _panel(lambda p: p.details.tags.line.setFocus()),
        "viewer",
        needs_picture=True,
    ),
    Action(
        "history_restore",
        "Use settings",
        ("A",),
        "Take every setting of this picture to Generate.",
        _one(lambda p, item: p.remake.restore(item.settings)),
        "viewer",
        needs_picture=True,
    ),
    Action(
        "history_again",
        "Make again",
        ("Ctrl+Return", "Ctrl+Enter"),
        "Make the same picture once more.",
        _one(lambda p, item: p.remake.make(item.settings)),
        needs_picture=True,
    ),
    Action(
        "history_vary",
        "Make again with…",
        ("V",),
        "Make it again with one thing changed.",
        _panel(lambda p: p.open_variants()),
        "viewer",
        needs_picture=True,
    ),
    Action(
        "history_next_seed",
        "Next seed",
        ("N",),
        "Make it again with the next seed.",
        _one(lambda p, item: p.remake.make_next_seed(item.settings)),
        "viewer",
        needs_picture=True,
    ),
    Action(
        "history_copy_settings",
        "Copy settings",
        ("Ctrl+Alt+C",),
        "Copy the settings as text that other studios read too.",
        _one(lambda p, item: p.remake.copy_settings(item.settings)),
        needs_picture=True,
    ),
    Action(
        "history_copy_command",
        "Copy command",
        ("Ctrl+Alt+K",),
        "Copy the command line that makes this picture.",
        _one(lambda p, item: p.remake.copy_command(item.settings)),
        needs_picture=True,
    ),
    Action(
        "history_start",
        "Start from it",
        ("I",),
        "Take this picture to Generate, to change it or repaint parts of it.",
        _one(lambda p, item: p.remake.start(item.path)),
        "viewer",
        needs_picture=True,
    ),
    Action(
        "history_walk",
        "Walk between",
        ("W",),
        "Take the selected picture, or two or four, to Interpolate as ends of a walk.",
        _panel(_walk),
        "viewer",
        needs_picture=True,
    ),
    Action(
        "history_copy_picture",
        "Copy picture",
        ("Ctrl+Shift+C", "Ctrl+C"),
        "Copy the picture to the clipboard.",
        _one(lambda p, item: p.remake.copy(item.path)),
        "viewer",
        needs_picture=True,
    ),
    Action(
        "history_folder",
        "Open its folder",
        ("Ctrl+Shift+O",),
        "Show the folder that this picture's file is in.",
        _one(lambda p, item: p.remake.open_folder(item.path)),
        needs_picture=True,
    ),
    Action(
        "history_delete",
        "Delete",
        ("Delete", "Backspace"),
        "Move the selected pictures to the trash; Ctrl+Z brings them back.",
        _panel(lambda p: p.delete()),
        "viewer",
        needs_picture=True,
    ),
    Action(
        "history_put_back",
        "Put back",
        ("P",),
        "Bring the selected pictures back from the trash.",
        _panel(lambda p: p.put_back()),
        "viewer",
        needs_picture=True,
    ),
    Action(
        "history_empty",
        "Empty the trash…",
        ("Ctrl+Shift+Delete",),
        "Delete what is in the trash for good, after a question.",
        _panel(lambda p: p.empty_trash()),
    ),
    Action(
        "history_undo",
        "Undo delete",
        ("Ctrl+Z",),
        "Bring back what was deleted last.",
        _panel(lambda p: p.undo()),
    ),
    Action(
        "history_sync",
        "Look through the folder",
        ("F5",),
        "Look for pictures that came or went without this window.",
        _panel(lambda p: p.archive.sync()),
        icon="refresh",
    ),
)
LARGE = (
    Action(
        "history_older",
        "Next picture",
        ("Right", "Down"),
        "While a picture is large, go to the next one.",
        _panel(lambda p: p.grid.walk(1)),
        "viewer",
    ),
    Action(
        "history_newer",
        "Previous picture",
        ("Left", "Up"),
        "While a picture is large, go to the previous one.",
        _panel(lambda p: p.grid.walk(-1)),
        "viewer",
    ),
    Action(
        "history_zoom_in",
        "Zoom in",
        ("+", "="),
        "Enlarge the large picture.",
        _panel(lambda p: p.canvas.set_zoom(p.canvas.scale() * 1.25)),
        "viewer",
    ),
    Action(
        "history_zoom_out",
        "Zoom out",
        ("-",),
        "Reduce the large picture.",
        _panel(lambda p: p.canvas.set_zoom(p.canvas.scale() / 1.25)),
        "viewer",
    ),
)
MENU = (  # of a tile and of the large picture
    ("history_open", "history_restore", "history_start", "history_walk"),
    ("history_again", "history_next_seed", "history_vary"),
    ("history_like", "history_tag"),
    ("history_copy_picture", "history_copy_settings", "history_copy_command", "history_folder"),
    ("history_delete", "history_put_back", "history_empty"),
)
BUTTONS = (
    "history_restore",
    "history_start",
    "history_again",
    "history_next_seed",
    "history_vary",
    "history_copy_settings",
    "history_copy_command",
    "history_delete",
    "history_put_back",
    "history_empty",
)
ONE = frozenset(  # they need exactly one picture
    (
        "history_open",
        "history_restore",
        "history_start",
        "history_copy_picture",
        "history_folder",
        "history_again",
        "history_vary",
        "history_next_seed",
        "history_copy_settings",
        "history_copy_command",
    )
)
