"""What the selected model is and why, what the user knows better, and the button that loads it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from studio.bridge.catalogue import (
    BESIDE,
    CHECKPOINT,
    CHOSEN,
    DENOISER,
    TOPICS,
    WEIGHTS,
    Found,
)
from studio.core.wording import capitalised, size_text
from studio.ui.jobs import Jobs
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.flow import Flow
from studio.ui.widgets.foot import Foot, SettingsColumn
from studio.ui.widgets.form import Check, Form, caption, named, settings_grid

PICTURE = 200  # logical pixels, at most
TIPS = "Load the selected model (Enter)", "Stop loading (Esc)"
OFFLOAD_TIP = "What of other people's models leaves a CUDA GPU while it is not needed"
NOTHING_LEAVES = "There is no CUDA GPU here, and so no other memory to leave to"
LEAVING = (
    ("auto", "As little as needed", "By what the model needs and what is free"),
    ("none", "Nothing", "The quickest, where all of it fits"),
    ("encoders", "Text encoders", "They come back for a new prompt"),
    ("sequential", "All but a block", "The least memory, and slow"),
)
COSTS = "Quicker steps; the first picture of each size takes a minute or more longer"
MAPPED = (
    "Quick, and copies less. Off: folders and .ckpt files are read instead, as other files always"
    " are: better from network drives and some hard disks"
)
WEIGHTS_TIP = "How the denoiser's and the text encoders' linear layers are kept in memory"
ABOUT = {
    "int8": "Half as much memory as bfloat16; changes the picture a little",
    "fp8": "Half as much memory as bfloat16; changes the picture a little, and more than int8",
}
KEPT = (("", "In full", "In the studio's precision"),
        *((kind, f"{kind}, lossy", ABOUT[kind]) for kind in BESIDE))  # fmt: skip
TOPIC_TIP = "Headers cannot always tell; your answer stays with the file's hash"


class Details(SettingsColumn):
    """`answered` comes with a topic of the probe's answer and what it shall be ("": as found)."""

    answered = Signal(str, str)
    packed = Signal(str, str)  # WEIGHTS, and how they shall be kept ("": in full)

    def __init__(self, jobs: Jobs, parent: QWidget) -> None:
        super().__init__("modelsColumn", parent, gap=8)
        self.picture = named(QLabel(), "modelsPicture", "Preview", "The picture beside the file")
        self.title = caption("", "heading", "modelsTitle", wrap=True)
        self.about = caption("", "muted", "modelsAbout", wrap=True)
        self.reasons = caption("", "muted", "modelsReasons", wrap=True)
        for text in (self.title, self.about, self.reasons):
            text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._buttons, grid = QWidget(), settings_grid()
        self._flow, self._form = Flow(self._buttons), Form(grid)
        for each in (self.picture, self.title, self.about, self._buttons):
            self.rows.addWidget(each)
        self.rows.addLayout(grid)
        self.rows.addWidget(self.reasons)
        self.boxes: dict[str, ChoiceBox] = {}
        for topic in TOPICS:
            name = f"models-{topic.replace(' ', '-')}"
            box = self.boxes[topic] = ChoiceBox(name, topic, TOPIC_TIP, ())
            self._form.add(capitalised(topic), box)
            box.edited.connect(lambda value, topic=topic: self.answered.emit(topic, value))
        self.weights = ChoiceBox("modelsWeights", "Weights", WEIGHTS_TIP, KEPT)
        self._form.add("Weights", self.weights)
        self.weights.edited.connect(partial(self.packed.emit, WEIGHTS))
        self.offload = ChoiceBox("modelsOffload", "Offload", OFFLOAD_TIP, LEAVING)
        self._form.add("Offload", self.offload)
        self.compiled = self._form.add("", Check("modelsCompile", "Compile the denoiser", COSTS))
        self.mapped = self._form.add("", Check("modelsMap", "Map files into memory", MAPPED))
        self.foot = self.end(Foot(jobs, "modelsLoad", "Load", "loading", TIPS))

    def add_buttons(self, *actions: QAction) -> None:
        for each in actions:
            name, text = f"button-{each.objectName()}", each.text()
            button = text_button(name, text, text, each.toolTip(), "small", each.trigger)
            each.enabledChanged.connect(button.setEnabled)
            button.setEnabled(each.isEnabled())
            self._flow.addWidget(button)

    def know_device(self, device: str) -> None:
        """In torch's words; only a CUDA GPU has a memory of its own to leave."""
        self.offload.setEnabled(device == "cuda")
        self.offload.setToolTip(OFFLOAD_TIP if device == "cuda" else NOTHING_LEAVES)

    def show_model(
        self, found: Found | None, picture: QIcon | None, refusal: str | None, needs: str,
        weights: str = "",
    ) -> None:  # fmt: skip
        """`refusal` is why it cannot be loaded, "" where it can, None while nobody knows; `needs`
        says what it takes of memory; `weights` how they are kept."""
        self.picture.setVisible(picture is not None)
        if picture is not None:
            self.picture.setPixmap(picture.pixmap(QSize(PICTURE, PICTURE)))
        self.title.setText(found.name if found else "No model selected")
        self.about.setText(_about(found) if found else "")
        self.reasons.setText(_reasons(found) if found else "")
        filled = {each.topic: each for each in found.answer.prefilled} if found else {}
        for topic, values in TOPICS.items():
            said = filled.get(topic)
            mine = said.value if said and said.source == CHOSEN else ""
            as_found = f"As found: {said.value}" if said and not mine else "As found"
            box = self.boxes[topic]
            box.offer([("", as_found, ""), *((value, value, "") for value in values)])
            box.set_value(mine)
            self._form.reveal(capitalised(topic), "prediction" in filled)
        kind = found.answer.kind if found else ""
        self.weights.set_value(weights)
        self._form.reveal("Weights", kind in (CHECKPOINT, DENOISER))
        self.foot.go.setToolTip(capitalised(refusal) if refusal else TIPS[0])
        self.foot.show_plan(needs, "Looking…" if refusal is None else refusal, "muted")
        self.foot.count.setVisible(bool(refusal or needs))
        self.foot.allow(found is not None)


def _about(found: Found) -> str:
    answer = found.answer
    what = " · ".join(filter(None, dict.fromkeys((answer.kind, answer.family, answer.variant))))
    how = " · ".join(filter(None, (answer.precision, answer.scales, answer.layout)))
    lines = [what, f"{how} · {size_text(found.bytes)}", str(found.path)]
    return "\n".join(
        [*lines, *([f"SHA-256 {found.digest[:32]}", found.digest[32:]] if found.digest else [])]
    )


def _reasons(found: Found) -> str:
    answer = found.answer
    parts = [f"Parts: {', '.join(answer.parts)}"] if answer.parts else []
    filled = [f"{each.topic}: {each.value} ({each.source})" for each in answer.prefilled]
    reasons = (each.replace(".", ".\N{ZERO WIDTH SPACE}") for each in answer.reasons)
    return "\n".join([f"Confidence: {answer.confidence}", *parts, *filled, *reasons])
