"""The keys of Interpolate: the same kind of table as studio/ui/actions.py.

The letters and arrows work while the frames or the large pictures have the focus.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.ui.actions import Action

if TYPE_CHECKING:
    from studio.ui.workspaces.interpolate.panel import InterpolatePanel


def _panel(run: Callable[[InterpolatePanel], object]) -> Callable[[Any], object]:
    return run


WALK = (
    Action(
        "walk_go",
        "Walk",
        ("Ctrl+Return", "Ctrl+Enter"),
        "Make all frames, the ends first.",
        _panel(lambda p: p.run()),
    ),
    Action(
        "cancel",
        "Cancel",
        ("Esc",),
        "Stop; the frames that are done stay.",
        _panel(lambda p: p.escape()),
    ),
    Action(
        "frame_left",
        "Frame to the left",
        ("Left",),
        "Look at the frame to the left.",
        _panel(lambda p: p.step(-1, 0)),
        "viewer",
    ),
    Action(
        "frame_right",
        "Frame to the right",
        ("Right",),
        "Look at the frame to the right.",
        _panel(lambda p: p.step(1, 0)),
        "viewer",
    ),
    Action(
        "frame_up",
        "Frame above",
        ("Up",),
        "Look at the frame above.",
        _panel(lambda p: p.step(0, -1)),
        "viewer",
    ),
    Action(
        "frame_down",
        "Frame below",
        ("Down",),
        "Look at the frame below.",
        _panel(lambda p: p.step(0, 1)),
        "viewer",
    ),
    Action(
        "frame_first",
        "First frame",
        ("Home",),
        "Go to the first end.",
        _panel(lambda p: p.show_frame(0)),
        "viewer",
    ),
    Action(
        "frame_last",
        "Last frame",
        ("End",),
        "Go to the last end.",
        _panel(lambda p: p.show_frame(p.course.count - 1)),
        "viewer",
    ),
    Action(
        "walk_play",
        "Play",
        ("Space",),
        "Play the frames, or pause.",
        _panel(lambda p: p.player.toggle()),
        "viewer",
    ),
    Action(
        "walk_fade",
        "Cross-fade",
        ("F",),
        "Show the pixel cross-fade of the ends beside the walk.",
        _panel(lambda p: p.toggle_fade()),
        "viewer",
        "beside",
    ),
    Action(
        "frame_menu",
        "What to do with the frame",
        ("Return", "Enter"),
        "Open the menu of the frame.",
        _panel(lambda p: p.open_menu()),
        "viewer",
    ),
    Action(
        "frame_generate",
        "Open in Generate",
        ("A",),
        "Take the settings to Generate; a frame between the ends becomes the picture to start"
        " from.",
        _panel(lambda p: p.to_generate()),
        "viewer",
        "settings",
        True,
    ),
    Action(
        "frame_end",
        "Make it an end",
        ("E",),
        "Walk on from this frame: it becomes an end, as a picture.",
        _panel(lambda p: p.open_ends()),
        "viewer",
        "start",
        True,
    ),
    Action(
        "frame_save",
        "Save frame",
        ("Ctrl+S",),
        "Write the frame, its place on the walk inside, to the pictures folder.",
        _panel(lambda p: p.save_frame()),
        "window",
        "save",
        True,
    ),
    Action(
        "frame_copy",
        "Copy frame",
        ("Ctrl+Shift+C",),
        "Copy the frame to the clipboard.",
        _panel(lambda p: p.copy_frame()),
        "window",
        "copy",
        True,
    ),
    Action(
        "walk_whole",
        "Whole picture",
        ("0",),
        "Show the pictures whole again.",
        _panel(lambda p: p.stage.lens.reset()),
        "viewer",
        "fit",
        True,
    ),
    Action(
        "walk_export",
        "Export",
        ("Ctrl+E",),
        "Write the walk as a film or as frames.",
        _panel(lambda p: p.open_exports()),
        "window",
        "export",
        True,
    ),
    Action(
        "walk_swap",
        "Turn round",
        ("Alt+X",),
        "Exchange the ends: the first with the last.",
        _panel(lambda p: p.column.turn_round()),
    ),
    Action(
        "to_ends",
        "Go to the ends",
        ("Alt+P", "Ctrl+L"),
        "Put the cursor into the first end's prompt.",
        _panel(lambda p: p.column.cards[0].prompt.setFocus()),
    ),
    Action(
        "to_way",
        "Go to the way",
        ("Alt+W",),
        "Choose what lies between the ends.",
        _panel(lambda p: p.column.way.setFocus()),
    ),
    Action(
        "to_map",
        "Go to the frames",
        ("Alt+V",),
        "From here the keys of the frames work.",
        _panel(lambda p: p.map.setFocus()),
    ),
    Action(
        "to_slider",
        "Go to the slider",
        ("Alt+T",),
        "Scrub with the arrow keys.",
        _panel(lambda p: p.player.slider.setFocus()),
    ),
)

#: What the tool bar and a frame's menu offer, in this order.
TOOLS = ("walk_fade", "walk_whole", "frame_generate", "frame_end", "frame_save", "frame_copy")
