"""The keys of Queue: the same kind of table as studio/ui/actions.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.ui.actions import VIEWER, Action

if TYPE_CHECKING:
    from studio.ui.workspaces.queue.panel import QueuePanel


# fmt: off
QUEUE: tuple[Action[QueuePanel], ...] = (
    Action("queue_earlier", "Alt+Up", "Earlier", lambda p: p.shift(-1),
        "Move the selected jobs up."),
    Action("queue_later", "Alt+Down", "Later", lambda p: p.shift(1),
        "Move the selected jobs down."),
    Action("queue_repeat", "Ctrl+R", "Repeat", lambda p: p.repeat(),
        "Queue the selected jobs again, pictures with the next seeds."),
    Action("queue_cancel", "Delete", "Cancel the selected jobs", lambda p: p.cancel(),
        "Remove the selected jobs from the queue.", VIEWER),
    Action("cancel", "Esc", "Cancel", lambda p: p.escape(),
        "Stop the running job; the queue continues."),
    Action("cancel_all", "Shift+Esc", "Cancel everything", lambda p: p.cancel_all(),
        "Stop the running job and empty the queue."),
    Action("to_prompts", "Alt+P", "Go to the prompts", lambda p: p.prompts.text.setFocus(),
        "Type a list of prompts."),
)
