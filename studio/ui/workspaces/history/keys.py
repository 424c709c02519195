"""The keys of History: the same kind of table as studio/ui/actions.py.

The letters and numbers work while the grid or the large picture has the focus.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.ui.actions import PICTURE, PICTURES, VIEWER, Action
from studio.ui.panel import show_folder

if TYPE_CHECKING:
    from studio.gallery.history.rows import Item
    from studio.ui.workspaces.history.panel import HistoryPanel


def _one(run: Callable[[HistoryPanel, Item], object]) -> Callable[[HistoryPanel], object]:
    """What is done with the one selected picture, if there is one."""

    def act(panel: HistoryPanel) -> None:
        if (item := panel.item()) is not None:
            run(panel, item)

    return act


def _rate(stars: int) -> Action[HistoryPanel]:
    text = f"Rate {'★' * stars}" if stars else "No rating"
    tip = f"Give the selected pictures {stars} stars." if stars else "Remove the rating."
    return Action(f"rate_{stars}", str(stars), text, lambda p: p.rate(stars), tip, VIEWER)


def _walk(panel: HistoryPanel) -> None:
    """Hands up to four selected pictures to Interpolate."""
    items = (panel.rows.known(each) for each in panel.selected()[:4])
    if paths := tuple(item.path for item in items if item is not None):
        panel.offered.emit("interpolate", paths)


# fmt: off
HISTORY: tuple[Action[HistoryPanel], ...] = (
    Action("history_search", "/ Ctrl+F", "Search", lambda p: p.to_search(),
        "Put the cursor into the search line."),
    Action("history_open", "Return Enter", "Enlarge", lambda p: p.enlarge(),
        "Show the picture large; again, or Esc, goes back.", VIEWER, PICTURE),
    Action("cancel", "Esc", "Back", lambda p: p.escape(), "Back to the grid."),
    *(_rate(stars) for stars in range(6)),
    Action("history_like", "F", "Favourite", lambda p: p.toggle_favourite(),
        "Mark the selected pictures as favourites, or unmark them.", VIEWER),
    Action("history_tag", "T", "Add a tag", lambda p: p.details.tags.line.setFocus(),
        "Type a tag for the selected pictures.", VIEWER, PICTURES),
    Action("history_restore", "A", "Use settings",
        _one(lambda p, item: p.remake.restore(item.settings, item.path)),
        "Take every setting of this picture to Generate.", VIEWER, PICTURE),
    Action("history_again", "Ctrl+Return Ctrl+Enter", "Make again",
        _one(lambda p, item: p.remake.make(item.settings)), "Make the same picture once more.",
        needs=PICTURE),
    Action("history_vary", "V", "Make again with…", lambda p: p.open_variants(),
        "Make it again with one thing changed.", VIEWER, PICTURE),
    Action("history_next_seed", "N", "Next seed",
        _one(lambda p, item: p.remake.make_next_seed(item.settings)),
        "Make it again with the next seed.", VIEWER, PICTURE),
    Action("history_copy_settings", "Ctrl+Alt+C", "Copy settings",
        _one(lambda p, item: p.share(item.settings)),
        "Copy the settings as text that other studios read too.", needs=PICTURE),
    Action("history_copy_command", "Ctrl+Alt+K", "Copy command",
        _one(lambda p, item: p.share(item.settings, True)),
        "Copy the command line that makes this picture.", needs=PICTURE),
    Action("history_start", "I", "Start from it", _one(lambda p, item: p.remake.start(item.path)),
        "Take this picture to Generate, to change it or repaint parts of it.", VIEWER, PICTURE),
    Action("history_walk", "W", "Walk between", _walk,
        "Take the selected picture, or two or four, to Interpolate as ends of a walk.", VIEWER,
        PICTURES),
    Action("history_copy_picture", "Ctrl+Shift+C Ctrl+C", "Copy picture",
        _one(lambda p, item: p.remake.copy(item.path)), "Copy the picture to the clipboard.",
        VIEWER, PICTURE),
    Action("history_folder", "Ctrl+Shift+O", "Open its folder",
        _one(lambda p, item: show_folder(item.path)),
        "Show the folder that this picture's file is in.", needs=PICTURE),
    Action("history_delete", "Delete Backspace", "Delete", lambda p: p.delete(),
        "Move the selected pictures to the trash; Ctrl+Z brings them back.", VIEWER, PICTURES),
    Action("history_put_back", "P", "Restore", lambda p: p.put_back(),
        "Restore the selected pictures from the trash.", VIEWER, PICTURES),
    Action("history_empty", "Ctrl+Shift+Delete", "Empty the trash…", lambda p: p.empty_trash(),
        "Delete everything in the trash for good, after asking."),
    Action("history_undo", "Ctrl+Z", "Undo delete", lambda p: p.undo(),
        "Restore what was deleted last."),
    Action("history_sync", "F5", "Rescan the folder", lambda p: p.archive.sync(),
        "Look for pictures that were added or removed elsewhere.", icon="refresh"),
)
LARGE: tuple[Action[HistoryPanel], ...] = (
    Action("history_older", "Right Down", "Next picture", lambda p: p.grid.walk(1),
        "While a picture is large, go to the next one.", VIEWER),
    Action("history_newer", "Left Up", "Previous picture", lambda p: p.grid.walk(-1),
        "While a picture is large, go to the previous one.", VIEWER),
    Action("history_zoom_in", "+ =", "Zoom in",
        lambda p: p.canvas.set_zoom(p.canvas.scale() * 1.25), "Enlarge the large picture.", VIEWER),
    Action("history_zoom_out", "-", "Zoom out",
        lambda p: p.canvas.set_zoom(p.canvas.scale() / 1.25), "Reduce the large picture.", VIEWER),
)
MENU = (  # of a tile and of the large picture
    ("history_open", "history_restore", "history_start", "history_walk"),
    ("history_again", "history_next_seed", "history_vary"),
    ("history_like", "history_tag"),
    ("history_copy_picture", "history_copy_settings", "history_copy_command", "history_folder"),
    ("history_delete", "history_put_back", "history_empty"),
)
BUTTONS = (
    "history_restore", "history_start", "history_again", "history_next_seed", "history_vary",
    "history_copy_settings", "history_copy_command", "history_delete", "history_put_back",
    "history_empty",
)
