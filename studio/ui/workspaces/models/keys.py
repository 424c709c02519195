"""The keys of Models: the same kind of table as studio/ui/actions.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.ui.actions import PICTURE, VIEWER, Action

if TYPE_CHECKING:
    from studio.ui.workspaces.models.panel import ModelsPanel


# fmt: off
MODELS: tuple[Action[ModelsPanel], ...] = (
    Action("models_search", "/ Ctrl+F", "Search", lambda p: p.search.setFocus(),
        "Put the cursor into the search line."),
    Action("models_load", "Return Enter", "Load", lambda p: p.run(),
        "Load the selected model; all workspaces then use it.", VIEWER, PICTURE),
    Action("cancel", "Esc", "Cancel", lambda p: p.escape(),
        "Stop loading, scanning or hashing, else dismiss the message."),
    Action("models_show", "Ctrl+Shift+O", "Show in folder", lambda p: p.show_in_folder(),
        "Show the folder that the selected model is in.", needs=PICTURE),
    Action("models_hash", "Ctrl+Shift+H", "Hash", lambda p: p.hash(),
        "Read the whole file for its SHA-256, by which pictures and your answers find it again.",
        needs=PICTURE),
    Action("models_point", "Ctrl+Shift+P", "Point to…", lambda p: p.parts.point(),
        "Choose the file or the folder that the chosen part is taken from.", needs=PICTURE),
    Action("models_reset", "Ctrl+Shift+R", "Reset", lambda p: p.parts.reset(),
        "Take the chosen part from where it is found again.", needs=PICTURE),
    Action("models_add", "Ctrl+Shift+F", "Add a folder…", lambda p: p.add_folder(),
        "Watch a folder of models: it is read, never changed."),
    Action("models_remove", "Ctrl+Shift+Delete", "Stop watching", lambda p: p.remove_folder(),
        "Take the chosen folder off this list; the folder itself stays as it is.", needs=PICTURE),
    Action("models_scan", "F5", "Scan again", lambda p: p.scan(),
        "Look for models that were added or removed.", icon="refresh"),
)
