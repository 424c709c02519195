"""The keys of Queue: the same kind of table as studio/ui/actions.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.ui.actions import VIEWER, Action

if TYPE_CHECKING:
    from studio.ui.workspaces.queue.panel import QueuePanel


# fmt: off
QUEUE: tuple[Action[QueuePanel], ...] = (
    Action("queue_earlier", "Alt+Up", "Earlier", lambda p: p.shift(-1),
        "Let the chosen job go before the one above it."),
    Action("queue_later", "Alt+Down", "Later", lambda p: p.shift(1),
        "Let the job below the chosen one go first."),
    Action("queue_repeat", "Ctrl+R", "Repeat", lambda p: p.repeat(),
        "Queue the chosen jobs once more, pictures with the next seeds."),
    Action("queue_cancel", "Delete", "Cancel the chosen jobs", lambda p: p.cancel(),
        "Take the chosen jobs off the queue.", VIEWER),
    Action("cancel", "Esc", "Cancel", lambda p: p.escape(),
        "Stop the job being done now; what waits goes on."),
    Action("cancel_all", "Shift+Esc", "Cancel everything", lambda p: p.cancel_all(),
        "Stop the job being done and empty the queue."),
    Action("to_prompts", "Alt+P", "Go to the prompts", lambda p: p.prompts.text.setFocus(),
        "Type a list of prompts."),
)
