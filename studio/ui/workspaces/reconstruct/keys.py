"""The keys of Reconstruct: the same kind of table as studio/ui/actions.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.ui.actions import VIEWER, Action

if TYPE_CHECKING:
    from studio.ui.workspaces.reconstruct.panel import ReconstructPanel


# fmt: off
RECONSTRUCT: tuple[Action[ReconstructPanel], ...] = (
    Action("reconstruct", "Ctrl+Return Ctrl+Enter", "Reconstruct", lambda p: p.run(),
        "Reconstruct every picture with the ticked autoencoders."),
    Action("cancel", "Esc", "Cancel", lambda p: p.escape(), "Stop; finished results are kept."),
    Action("open_pictures", "Ctrl+O", "Open pictures…", lambda p: p.opener.choose(),
        "Open pictures from files."),
    Action("paste_picture", "Ctrl+V", "Paste picture", lambda p: p.opener.paste(),
        "Use the picture or files on the clipboard."),
    Action("export_reconstructions", "Ctrl+S", "Export", lambda p: p.export(),
        "Write the labelled sheet and the figures (CSV) to the pictures folder.", icon="export"),
    Action("remove_picture", "Delete", "Remove the picture",
        lambda p: p.bench.remove(p.bench.current),
        "Remove the current picture from the list; its file is kept.", VIEWER),
    Action("wipe_left", "Left", "Wipe left, or previous picture", lambda p: p.wall.walk(-1),
        "Move the wipe to the left; without one go to the previous picture.", VIEWER),
    Action("wipe_right", "Right", "Wipe right, or next picture", lambda p: p.wall.walk(1),
        "Move the wipe to the right; without one go to the next picture.", VIEWER),
    Action("wipe", "W", "Wipe", lambda p: p.wall.wipe.toggle(),
        "Show the original left of a line.", VIEWER),
    Action("flicker", "F", "Flicker", lambda p: p.wall.flicker.toggle(),
        "Show original and reconstruction in turn; Space shows the original while held.", VIEWER),
    Action("wall_fit", "0", "Fit", lambda p: p.wall.sight.set_zoom(None),
        "Fit the pictures to their panes.", VIEWER, icon="fit"),
    Action("wall_actual", "1", "100 %", lambda p: p.wall.sight.set_zoom(1.0),
        "Show the pictures at their own size.", VIEWER, icon="actual"),
)
TOOLS = ("wall_actual", "wall_fit", "export_reconstructions")
