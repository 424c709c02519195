"""The keys of Compare: the same kind of table as studio/ui/actions.py.

The letters work while the grid has the focus.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.ui.actions import Action

if TYPE_CHECKING:
    from studio.ui.workspaces.compare.panel import ComparePanel


def _panel(run: Callable[[ComparePanel], object]) -> Callable[[Any], object]:
    return run


COMPARE = (
    Action(
        "compare",
        "Compare",
        ("Ctrl+Return", "Ctrl+Enter"),
        "Make all pictures of the comparison.",
        _panel(lambda p: p.compare()),
    ),
    Action(
        "cancel",
        "Cancel",
        ("Esc",),
        "Stop; the pictures that are done stay.",
        _panel(lambda p: p.escape()),
    ),
    Action(
        "cell_left",
        "Cell to the left",
        ("Left",),
        "Select the cell to the left.",
        _panel(lambda p: p.pictures.grid.walk(-1, 0)),
        "viewer",
    ),
    Action(
        "cell_right",
        "Cell to the right",
        ("Right",),
        "Select the cell to the right.",
        _panel(lambda p: p.pictures.grid.walk(1, 0)),
        "viewer",
    ),
    Action(
        "cell_up",
        "Cell above",
        ("Up",),
        "Select the cell above.",
        _panel(lambda p: p.pictures.grid.walk(0, -1)),
        "viewer",
    ),
    Action(
        "cell_down",
        "Cell below",
        ("Down",),
        "Select the cell below.",
        _panel(lambda p: p.pictures.grid.walk(0, 1)),
        "viewer",
    ),
    Action(
        "tab_next",
        "Next tab",
        ("PgDown",),
        "Go to the next value of the third axis; without one, scroll.",
        _panel(lambda p: p.pictures.turn(1)),
        "viewer",
    ),
    Action(
        "tab_before",
        "Previous tab",
        ("PgUp",),
        "Go to the previous value of the third axis; without one, scroll.",
        _panel(lambda p: p.pictures.turn(-1)),
        "viewer",
    ),
    Action(
        "cell_menu",
        "What to do with the cell",
        ("Return", "Enter"),
        "Open the menu of the selected cell.",
        _panel(lambda p: p.open_menu()),
        "viewer",
    ),
    Action(
        "use_settings",
        "Use these settings",
        ("A",),
        "Take the selected cell's settings to Generate, its seed included.",
        _panel(lambda p: p.use_settings()),
        "viewer",
        "settings",
        True,
    ),
    Action(
        "save_cell",
        "Save picture",
        ("Ctrl+S",),
        "Write the selected picture, its settings inside, to the pictures folder.",
        _panel(lambda p: p.save_cell()),
        "window",
        "save",
        True,
    ),
    Action(
        "copy_cell",
        "Copy picture",
        ("Ctrl+Shift+C",),
        "Copy the selected picture to the clipboard.",
        _panel(lambda p: p.copy_cell()),
        "window",
        "copy",
        True,
    ),
    Action(
        "copy_cell_settings",
        "Copy settings",
        ("Ctrl+Alt+C",),
        "Copy the selected cell's settings to the clipboard, as text.",
        _panel(lambda p: p.copy_settings()),
        "window",
        "notes",
        True,
    ),
    Action(
        "zoom_whole",
        "Whole pictures",
        ("0",),
        "Show all pictures whole again.",
        _panel(lambda p: p.pictures.lens.reset()),
        "viewer",
        "fit",
        True,
    ),
    Action(
        "zoom_closer",
        "Zoom in",
        ("+", "="),
        "Enlarge all pictures about the same place.",
        _panel(lambda p: p.pictures.lens.zoom_at(p.pictures.lens.part.center(), 1.25)),
        "viewer",
    ),
    Action(
        "zoom_away",
        "Zoom out",
        ("-",),
        "Reduce all pictures about the same place.",
        _panel(lambda p: p.pictures.lens.zoom_at(p.pictures.lens.part.center(), 0.8)),
        "viewer",
    ),
    Action(
        "play",
        "Play",
        ("Space",),
        "Play all trajectories in step, from noise to picture.",
        _panel(lambda p: p.pictures.scrubber.toggle_play()),
        "viewer",
    ),
    Action(
        "beside",
        "Beside a true run",
        ("T",),
        "Put what is predicted at step k beside a whole run of k steps.",
        _panel(lambda p: p.pictures.scrubber.beside.toggle()),
        "viewer",
    ),
    Action(
        "export",
        "Export",
        ("Ctrl+E",),
        "Write the comparison as labelled sheet, film or JSON.",
        _panel(lambda p: p.open_exports()),
        "window",
        "export",
        True,
    ),
    Action(
        "to_prompt",
        "Go to the prompt",
        ("Alt+P", "Ctrl+L"),
        "Put the cursor into the prompt box.",
        _panel(lambda p: p.column.prompt.setFocus()),
    ),
    Action(
        "to_negative",
        "Go to the negative prompt",
        ("Alt+N",),
        "Put the cursor into the negative prompt box.",
        _panel(lambda p: p.column.negative.setFocus()),
    ),
    Action(
        "to_axes",
        "Go to the axes",
        ("Alt+C",),
        "Choose what is compared.",
        _panel(lambda p: p.column.axes.take_focus()),
    ),
    Action(
        "to_grid",
        "Go to the pictures",
        ("Alt+V",),
        "From here the keys of the grid work.",
        _panel(lambda p: p.show_view("pictures").setFocus()),
    ),
    Action(
        "to_scrubber",
        "Go to the scrubber",
        ("Alt+T",),
        "Walk from noise to picture with the arrow keys.",
        _panel(lambda p: p.pictures.scrubber.slider.setFocus()),
    ),
)

#: What a cell's tools and menu offer, in this order.
CELL_TOOLS = ("use_settings", "save_cell", "copy_cell", "copy_cell_settings", "zoom_whole")
