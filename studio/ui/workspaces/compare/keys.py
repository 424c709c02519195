"""The keys of Compare: the same kind of table as studio/ui/actions.py.

The letters work while the grid has the focus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.ui.actions import PICTURE, VIEWER, Action

if TYPE_CHECKING:
    from studio.ui.workspaces.compare.panel import ComparePanel


# fmt: off
COMPARE: tuple[Action[ComparePanel], ...] = (
    Action("compare", "Ctrl+Return Ctrl+Enter", "Compare", lambda p: p.run(),
        "Make all pictures of the comparison."),
    Action("cancel", "Esc", "Cancel", lambda p: p.escape(),
        "Stop; finished pictures are kept."),
    Action("cell_left", "Left", "Cell to the left", lambda p: p.pictures.grid.walk(-1, 0),
        "Select the cell to the left.", VIEWER),
    Action("cell_right", "Right", "Cell to the right", lambda p: p.pictures.grid.walk(1, 0),
        "Select the cell to the right.", VIEWER),
    Action("cell_up", "Up", "Cell above", lambda p: p.pictures.grid.walk(0, -1),
        "Select the cell above.", VIEWER),
    Action("cell_down", "Down", "Cell below", lambda p: p.pictures.grid.walk(0, 1),
        "Select the cell below.", VIEWER),
    Action("tab_next", "PgDown", "Next tab", lambda p: p.pictures.turn(1),
        "Go to the next value of the third axis; without one, scroll.", VIEWER),
    Action("tab_before", "PgUp", "Previous tab", lambda p: p.pictures.turn(-1),
        "Go to the previous value of the third axis; without one, scroll.", VIEWER),
    Action("cell_menu", "Return Enter", "What to do with the cell", lambda p: p.open_menu(),
        "Open the menu of the selected cell.", VIEWER),
    Action("use_settings", "A", "Use these settings", lambda p: p.use_settings(),
        "Take the selected cell's settings to Generate, its seed included.", VIEWER, PICTURE,
        "settings"),
    Action("save_cell", "Ctrl+S", "Save picture", lambda p: p.save_cell(),
        "Write the selected picture, its settings inside, to the pictures folder.", needs=PICTURE,
        icon="save"),
    Action("copy_cell", "Ctrl+Shift+C", "Copy picture", lambda p: p.copy_cell(),
        "Copy the selected picture to the clipboard.", needs=PICTURE, icon="copy"),
    Action("copy_cell_settings", "Ctrl+Alt+C", "Copy settings", lambda p: p.copy_settings(),
        "Copy the selected cell's settings to the clipboard, as text.", needs=PICTURE,
        icon="notes"),
    Action("zoom_whole", "0", "Whole pictures", lambda p: p.pictures.lens.set_zoom(None),
        "Show all pictures whole again.", VIEWER, PICTURE, "fit"),
    Action("zoom_closer", "+ =", "Zoom in",
        lambda p: p.pictures.lens.set_zoom(p.pictures.lens.zoom * 1.25),
        "Enlarge all pictures about the same place.", VIEWER),
    Action("zoom_away", "-", "Zoom out",
        lambda p: p.pictures.lens.set_zoom(p.pictures.lens.zoom * 0.8),
        "Reduce all pictures about the same place.", VIEWER),
    Action("cell_words", "M", "What each word did", lambda p: p.show_view("words").setFocus(),
        "Show where each word acted in the selected cell (Esc: back).", VIEWER, PICTURE, "words"),
    Action("to_word", "W", "Go to the word over all pictures",
        lambda p: p.pictures.words.word.setFocus(),
        "Choose a word, to see where in every picture it acts.", VIEWER),
    Action("word_scale", "O", "One scale for the word",
        lambda p: p.pictures.words.one_scale.toggle(),
        "Show the chosen word in one scale for all pictures, or in each one's own.", VIEWER),
    Action("play", "Space", "Play", lambda p: p.pictures.scrubber.toggle(),
        "Play all trajectories in step, from noise to picture.", VIEWER),
    Action("beside", "T", "Beside a true run", lambda p: p.pictures.scrubber.beside.toggle(),
        "Show the prediction at step k beside a full run of k steps.", VIEWER),
    Action("export", "Ctrl+E", "Export", lambda p: p.open_exports(),
        "Write the comparison as labelled sheet, film or JSON.", needs=PICTURE, icon="export"),
    Action("to_prompt", "Alt+P Ctrl+L", "Go to the prompt", lambda p: p.column.prompt.setFocus(),
        "Put the cursor into the prompt box."),
    Action("to_negative", "Alt+N", "Go to the negative prompt",
        lambda p: p.column.negative.setFocus(), "Put the cursor into the negative prompt box."),
    Action("to_axes", "Alt+C", "Go to the axes", lambda p: p.column.axes.take_focus(),
        "Choose what is compared."),
    Action("to_grid", "Alt+V", "Go to the pictures", lambda p: p.show_view("pictures").setFocus(),
        "From here the keys of the grid work."),
    Action("to_scrubber", "Alt+T", "Go to the scrubber",
        lambda p: p.pictures.scrubber.slider.setFocus(),
        "Walk from noise to picture with the arrow keys."),
)

#: What a cell's tools and menu offer, in this order.
CELL_TOOLS = (
    *("use_settings", "cell_words", "save_cell", "copy_cell", "copy_cell_settings", "zoom_whole"),
)
