"""The keys of Queue: the same kind of table as studio/ui/actions.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.ui.actions import Action

if TYPE_CHECKING:
    from studio.ui.workspaces.queue.panel import QueuePanel


def _panel(run: Callable[[QueuePanel], object]) -> Callable[[Any], object]:
    return run


QUEUE = (
    Action(
        "queue_earlier",
        "Earlier",
        ("Alt+Up",),
        "Let the chosen job go before the one above it.",
        _panel(lambda p: p.shift(-1)),
    ),
    Action(
        "queue_later",
        "Later",
        ("Alt+Down",),
        "Let the job below the chosen one go first.",
        _panel(lambda p: p.shift(1)),
    ),
    Action(
        "queue_repeat",
        "Repeat",
        ("Ctrl+R",),
        "Queue the chosen jobs once more, pictures with the next seeds.",
        _panel(lambda p: p.repeat()),
    ),
    Action(
        "queue_cancel",
        "Cancel the chosen jobs",
        ("Delete",),
        "Take the chosen jobs off the queue.",
        _panel(lambda p: p.cancel()),
        "viewer",
    ),
    Action(
        "cancel",
        "Cancel",
        ("Esc",),
        "Stop the job being done now; what waits goes on.",
        _panel(lambda p: p.escape()),
    ),
    Action(
        "cancel_all",
        "Cancel everything",
        ("Shift+Esc",),
        "Stop the job being done and empty the queue.",
        _panel(lambda p: p.cancel_all()),
    ),
    Action(
        "to_prompts",
        "Go to the prompts",
        ("Alt+P",),
        "Type a list of prompts.",
        _panel(lambda p: p.prompts.text.setFocus()),
    ),
)
