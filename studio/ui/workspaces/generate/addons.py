"""The column's "LoRA and embeddings": files that change what a checkpoint draws."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.core import messages
from studio.core.addons import ADDONS, EMBEDDING, WEIGHTS, AddOn
from studio.ui.jobs import Jobs
from studio.ui.session import Session
from studio.ui.widgets.buttons import small_button
from studio.ui.widgets.fold import Fold
from studio.ui.widgets.form import caption, clear, column, row
from studio.ui.widgets.line import show_file_name
from studio.ui.widgets.slider_spin import SliderSpin

FILES = "LoRA and embeddings (*.safetensors);;All files (*)"
ADD = "Choose LoRA files or textual inversions that were made for this model"
WEIGHT = "How strongly it acts: 0 not at all, 1 as it was trained, below 0 away from it."
WORD = "Acts where the prompt says “{}”."


class AddOnsSection(Fold):
    """The session's files; there only while a model is loaded that takes them."""

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__(
            "addonsFold",
            "LoRA and embeddings",
            "Files that change what the model draws: styles, people, things (Alt+F)",
        )
        self._session, self._shown = session, list[tuple[str, str]]()
        self._weights: list[SliderSpin | None] = []
        self._list = column(gap=9)
        self.add = small_button("addonsAdd", "Add…", ADD, self.choose_files)
        self.rows.addLayout(self._list)
        self.rows.addLayout(row(self.add, None))
        session.addons.changed.connect(self._show)
        jobs.on(messages.Ready, self._model_ready)
        self._takes = jobs.model is not None and ADDONS in jobs.model.needs
        if not self._takes:
            self.hide()
        self._show()

    @Slot()
    def choose_files(self) -> None:
        """Asks for files and puts them last."""
        start = Path(self._session.model.get()).expanduser().parent
        chosen, _ = QFileDialog.getOpenFileNames(self, "Add files", str(start), FILES)
        addons = self._session.addons.get()
        known = {each.file for each in addons}
        new = (AddOn(file) for file in chosen if file not in known)
        self._session.addons.set((*addons, *new))

    @Slot(object)
    def _model_ready(self, model: messages.Ready) -> None:
        self._takes = ADDONS in model.needs
        self.setVisible(self._takes)
        if not self._takes:
            self._session.addons.reset()

    @Slot()
    def _show(self, _: object = None) -> None:
        addons: tuple[AddOn, ...] = self._session.addons.get()
        if addons and not self._takes:
            self._session.addons.reset()  # what a picture's settings brought
            return
        if self._shown != (shown := [(each.file, each.kind) for each in addons]):
            self._shown = shown
            clear(self._list)
            self._weights = [self._add_row(i, each) for i, each in enumerate(addons)]
        for weight, each in zip(self._weights, addons, strict=True):
            if weight is not None:
                weight.set_value(each.weight)
        self.set_text(str(len(addons) or ""))

    def _add_row(self, index: int, addon: AddOn) -> SliderSpin | None:
        line, name = QWidget(), caption("", "title", f"addon{index}Name")
        show_file_name(name, addon.name, 180)
        tip = f"Leave {addon.name} out"
        remove = small_button(f"addon{index}Remove", "Remove", tip, partial(self._remove, index))
        self._list.addWidget(line)
        rows = column(row((name, 1), remove), gap=2, on=line)
        if addon.kind == EMBEDDING:
            rows.addWidget(caption(WORD.format(addon.name), "muted", wrap=True))
            return None
        about = f"addon{index}", f"Weight of {addon.name}", WEIGHT
        weight = SliderSpin(*about, *WEIGHTS, WEIGHTS[1], decimals=2, step=0.05)
        weight.edited.connect(partial(self._weigh, index))
        rows.addWidget(weight)
        return weight

    def _weigh(self, index: int, weight: float) -> None:
        self._replace(index, self._session.addons.get()[index]._replace(weight=weight))

    def _remove(self, index: int) -> None:
        self._replace(index)
        self.add.setFocus()

    def _replace(self, index: int, *others: AddOn) -> None:
        addons = self._session.addons.get()
        self._session.addons.set((*addons[:index], *others, *addons[index + 1 :]))
