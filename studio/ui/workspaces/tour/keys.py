"""The keys of the tour: the same kind of table as studio/ui/actions.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.ui.actions import Action

if TYPE_CHECKING:
    from studio.ui.workspaces.tour.panel import TourPanel

# fmt: off
TOUR: tuple[Action[TourPanel], ...] = (
    Action("tour_show", "Ctrl+Return", "Show it", lambda p: p.show_stop(),
        "Set up the workspace for this stop and begin."),
    Action("tour_measure", "Ctrl+M", "Measure", lambda p: p.measure(),
        "Measure this stop's figure on the model."),
    Action("tour_next", "Alt+Right", "Next stop", lambda p: p.step(1),
        "Go to the next stop."),
    Action("tour_back", "Alt+Left", "Previous stop", lambda p: p.step(-1),
        "Go to the stop before."),
    Action("cancel", "Esc", "Cancel", lambda p: p.escape(),
        "Stop the running job."),
)
# fmt: on
