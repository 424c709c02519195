"""The keys of Interpolate: the same kind of table as studio/ui/actions.py.

The letters and arrows work while the frames or the large pictures have the focus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.ui.actions import PICTURE, VIEWER, Action

if TYPE_CHECKING:
    from studio.ui.workspaces.interpolate.panel import InterpolatePanel


# fmt: off
WALK: tuple[Action[InterpolatePanel], ...] = (
    Action("walk_go", "Ctrl+Return Ctrl+Enter", "Walk", lambda p: p.run(),
        "Make all frames, the ends first."),
    Action("cancel", "Esc", "Cancel", lambda p: p.escape(), "Stop; finished frames are kept."),
    Action("frame_left", "Left", "Frame to the left", lambda p: p.step(-1, 0),
        "Look at the frame to the left.", VIEWER),
    Action("frame_right", "Right", "Frame to the right", lambda p: p.step(1, 0),
        "Look at the frame to the right.", VIEWER),
    Action("frame_up", "Up", "Frame above", lambda p: p.step(0, -1),
        "Look at the frame above.", VIEWER),
    Action("frame_down", "Down", "Frame below", lambda p: p.step(0, 1),
        "Look at the frame below.", VIEWER),
    Action("frame_first", "Home", "First frame", lambda p: p.show_frame(0),
        "Go to the first end.", VIEWER),
    Action("frame_last", "End", "Last frame", lambda p: p.show_frame(p.course.count - 1),
        "Go to the last end.", VIEWER),
    Action("walk_play", "Space", "Play", lambda p: p.player.toggle(),
        "Play the frames, or pause.", VIEWER),
    Action("walk_fade", "F", "Cross-fade", lambda p: p.toggle_fade(),
        "Show the pixel cross-fade of the ends beside the walk.", VIEWER, icon="beside"),
    Action("frame_menu", "Return Enter", "What to do with the frame", lambda p: p.open_menu(),
        "Open the menu of the frame.", VIEWER),
    Action("frame_generate", "A", "Open in Generate", lambda p: p.to_generate(),
        "Take the settings to Generate; a frame between the ends becomes the picture to start"
        " from.",
        VIEWER, PICTURE, "settings"),
    Action("frame_end", "E", "Make it an end", lambda p: p.open_ends(),
        "Walk on from this frame: it becomes an end, as a picture.", VIEWER, PICTURE, "start"),
    Action("frame_save", "Ctrl+S", "Save frame", lambda p: p.save_frame(),
        "Write the frame, its place on the walk inside, to the pictures folder.", needs=PICTURE,
        icon="save"),
    Action("frame_copy", "Ctrl+Shift+C", "Copy frame", lambda p: p.copy_frame(),
        "Copy the frame to the clipboard.", needs=PICTURE, icon="copy"),
    Action("walk_whole", "0", "Whole picture", lambda p: p.stage.lens.set_zoom(None),
        "Show the pictures whole again.", VIEWER, PICTURE, "fit"),
    Action("walk_export", "Ctrl+E", "Export", lambda p: p.open_exports(),
        "Write the walk as a film or as frames.", needs=PICTURE, icon="export"),
    Action("walk_swap", "Alt+X", "Swap the ends", lambda p: p.column.turn_round(),
        "Swap the ends: the first with the last."),
    Action("to_ends", "Alt+P Ctrl+L", "Go to the ends",
        lambda p: p.column.cards[0].prompt.setFocus(),
        "Put the cursor into the first end's prompt."),
    Action("to_way", "Alt+W", "Go to the way", lambda p: p.column.way.setFocus(),
        "Choose what lies between the ends."),
    Action("to_map", "Alt+V", "Go to the frames", lambda p: p.map.setFocus(),
        "From here the keys of the frames work."),
    Action("to_slider", "Alt+T", "Go to the slider", lambda p: p.player.slider.setFocus(),
        "Scrub with the arrow keys."),
)

#: What the tool bar and a frame's menu offer, in this order.
TOOLS = ("walk_fade", "walk_whole", "frame_generate", "frame_end", "frame_save", "frame_copy")
