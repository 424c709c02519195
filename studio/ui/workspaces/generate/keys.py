"""The keys of Generate: the same kind of table as studio/ui/actions.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.ui.actions import PICTURE, VIEWER, Action

if TYPE_CHECKING:
    from studio.ui.workspaces.generate.panel import GeneratePanel


def _to_compare(panel: GeneratePanel) -> None:
    """Takes the picture's settings along."""
    panel.use_all()
    panel.wanted.emit("compare")


def _walk(panel: GeneratePanel) -> None:
    """Hands the picture shown to Interpolate, once it is written."""
    entry = panel.viewer.entry
    if entry is not None and entry.path is not None:
        panel.offered.emit("interpolate", (entry.path,))


def _to_addons(panel: GeneratePanel) -> None:
    if panel.column.addons.isHidden():
        panel.note("This model takes no LoRA or embeddings; open a checkpoint that does.")
    else:
        panel.column.go_to(panel.column.addons, panel.column.addons.add)


# fmt: off
GENERATE: tuple[Action[GeneratePanel], ...] = (
    Action("generate", "Ctrl+Return Ctrl+Enter", "Generate", lambda p: p.generate(),
        "Make the pictures; while others are being made, queue them."),
    Action("generate_front", "Ctrl+Shift+Return Ctrl+Shift+Enter", "Generate next",
        lambda p: p.generate(front=True), "Make the pictures before all other waiting jobs."),
    Action("cancel", "Esc", "Cancel", lambda p: p.escape(),
        "Stop the pictures being made now; the queue continues."),
    Action("cancel_all", "Shift+Esc", "Cancel everything", lambda p: p.jobs.cancel_all(),
        "Stop the pictures being made and empty the queue."),
    Action("older", "Right Down", "Next older picture", lambda p: p.viewer.strip.walk(1),
        "Go to the picture made before this one.", VIEWER),
    Action("newer", "Left Up", "Next newer picture", lambda p: p.viewer.strip.walk(-1),
        "Go to the picture made after this one.", VIEWER),
    Action("newest", "Home", "Newest picture", lambda p: p.viewer.follow(),
        "Go to the newest picture; while pictures are made, follow them again.", VIEWER),
    Action("use_all", "A", "Use all settings", lambda p: p.use_all(),
        "Make the next picture with every setting of this one.", VIEWER, PICTURE, "settings"),
    Action("use_seed", "S", "Use seed", lambda p: p.use(p.session.use_seed),
        "Keep this picture's seed.", VIEWER, PICTURE, "seed"),
    Action("use_prompt", "P", "Use prompt", lambda p: p.use(p.session.use_prompt),
        "Use this picture's prompt and negative prompt.", VIEWER, PICTURE, "prompt"),
    Action("to_compare", "C", "Compare from here", _to_compare,
        "Take this picture's settings to Compare.", VIEWER, PICTURE),
    Action("save_as", "Ctrl+S", "Save as…", lambda p: p.save_as(),
        "Save a copy with its settings inside. Every picture is in the pictures folder already.",
        needs=PICTURE, icon="save"),
    Action("copy_picture", "Ctrl+Shift+C", "Copy picture", lambda p: p.copy_picture(),
        "Copy the picture to the clipboard.", needs=PICTURE, icon="copy"),
    Action("copy_settings", "Ctrl+Alt+C", "Copy settings", lambda p: p.copy(False),
        "Copy the settings as text that other studios read too.", needs=PICTURE, icon="notes"),
    Action("copy_command", "Ctrl+Alt+K", "Copy command", lambda p: p.copy(True),
        "Copy the command line that makes this picture.", needs=PICTURE, icon="command"),
    Action("open_folder", "Ctrl+Shift+O", "Open pictures folder", lambda p: p.open_folder(),
        "Show the folder that the pictures are written to.", icon="folder"),
    Action("zoom_fit", "0", "Fit", lambda p: p.viewer.canvas.set_zoom(None),
        "Fit the picture to the window.", VIEWER, PICTURE, "fit"),
    Action("zoom_actual", "1", "100 %", lambda p: p.viewer.canvas.set_zoom(1.0),
        "Show the picture at its own size.", VIEWER, PICTURE, "actual"),
    Action("zoom_in", "+ =", "Zoom in",
        lambda p: p.viewer.canvas.set_zoom(p.viewer.canvas.scale() * 1.25), "Enlarge the picture.",
        VIEWER),
    Action("zoom_out", "-", "Zoom out",
        lambda p: p.viewer.canvas.set_zoom(p.viewer.canvas.scale() / 1.25), "Reduce the picture.",
        VIEWER),
    Action("to_prompt", "Alt+P Ctrl+L", "Go to the prompt", lambda p: p.column.prompt.setFocus(),
        "Put the cursor into the prompt box."),
    Action("to_negative", "Alt+N", "Go to the negative prompt",
        lambda p: p.column.negative.setFocus(), "Put the cursor into the negative prompt box."),
    Action("to_sampler", "Alt+M", "Go to the sampler", lambda p: p.column.sampler.setFocus(),
        "Choose the sampler with the arrow keys."),
    Action("to_steps", "Alt+T", "Go to the steps", lambda p: p.column.steps.spin.setFocus(),
        "Type the number of steps."),
    Action("to_guidance", "Alt+G", "Go to the guidance",
        lambda p: p.column.guidance.spin.setFocus(), "Type the guidance scale."),
    Action("to_size", "Alt+Z", "Go to the size", lambda p: p.column.extent.setFocus(),
        "Type how wide and how high pictures become."),
    Action("to_seed", "Alt+E", "Go to the seed", lambda p: p.column.seed.line.setFocus(),
        "Type a seed."),
    Action("to_count", "Alt+U", "Go to the number of pictures",
        lambda p: p.column.count.spin.setFocus(), "Type how many pictures to make."),
    Action("to_more", "Alt+O", "Go to more settings",
        lambda p: p.column.go_to(p.column.more, p.column.more.schedule),
        "Choose the schedule, the guidance rule and what else there is."),
    Action("to_picture", "Alt+V", "Go to the picture", lambda p: p.viewer.take_focus(),
        "From here the keys of the picture work."),
)

STARTING: tuple[Action[GeneratePanel], ...] = (
    Action("vary", "V", "Vary this", lambda p: p.vary(),
        "Make 4 variations: this picture's noise, moved 0.15 of the way to other noise.", VIEWER,
        PICTURE, "vary"),
    Action("start_here", "I", "Start from this picture", lambda p: p.start_here(),
        "Change this picture, or repaint parts of it.", VIEWER, PICTURE, "start"),
    Action("walk_from", "W", "Interpolate from this picture", _walk,
        "Use this picture in Interpolate, as an end of a walk.", VIEWER, PICTURE),
    Action("trajectory", "T", "Trajectory",
        lambda p: p.viewer.look("trajectory"),
        "Show how this picture emerged from noise, step by step.", VIEWER, icon="steps"),
    Action("words", "M", "What each word did", lambda p: p.viewer.look("words"),
        "Show where in this picture each word of its prompt acted, and any other word.", VIEWER,
        PICTURE, "words"),
    Action("describe", "D", "Describe this picture", lambda p: p.describe(),
        "Put a prompt for this picture into the prompt box; Ctrl+Z there brings the old one back.",
        VIEWER, PICTURE, "describe"),
    Action("to_addons", "Alt+F", "Go to LoRA and embeddings", _to_addons,
        "Add files that change what the model draws."),
    Action("to_start", "Alt+I", "Go to the picture to start from",
        lambda p: p.column.go_to(p.column.start, p.column.start.well),
        "Open, drop or paste a picture to start from."),
    Action("paste_start", "Ctrl+Shift+V", "Start from a copied picture",
        lambda p: p.column.start.paste_picture(), "Start from the picture on the clipboard."),
    Action("paint_mask", "Alt+K", "Paint the mask", lambda p: p.column.start.paint_mask(),
        "Paint the area of the starting picture to be repainted."),
    Action("to_variation", "Alt+R", "Go to the variation",
        lambda p: p.column.go_to(p.column.variation, p.column.variation.share.spin),
        "Stay near the picture of a seed."),
)
