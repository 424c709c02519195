"""The keys of Language: the same kind of table as studio/ui/actions.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.ui.actions import VIEWER, Action

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel


# fmt: off
LANGUAGE: tuple[Action[LanguagePanel], ...] = (
    Action("language_run", "Ctrl+Return Ctrl+Enter", "Run", lambda p: p.run(),
        "Do the work of this view."),
    Action("cancel", "Esc", "Cancel", lambda p: p.escape(), "Stop what is being computed."),
    Action("open_pictures", "Ctrl+O", "Open pictures…", lambda p: p.opener.choose(),
        "Open pictures from files."),
    Action("paste_picture", "Ctrl+Shift+V", "Paste picture", lambda p: p.opener.paste(),
        "Use the picture or files on the clipboard."),
    Action("remove_picture", "Delete", "Remove the picture",
        lambda p: p.desk.remove(p.desk.current),
        "Remove the current picture from the list; its file is kept.", VIEWER),
)
