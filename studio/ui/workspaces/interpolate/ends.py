"""One end of a walk in the column: a prompt with its seed, or a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.ui.start import Start
from studio.ui.starting.section import FILES
from studio.ui.starting.well import Well, holds_picture
from studio.ui.widgets.buttons import small_button
from studio.ui.widgets.form import caption, column, named, row
from studio.ui.widgets.line import show_file_name
from studio.ui.widgets.prompt_box import PromptBox
from studio.ui.widgets.seed_line import SeedLine
from studio.ui.widgets.segments import Segments
from studio.ui.workspaces.interpolate.reading import Reading, Taken

KINDS = {
    "prompt": ("Prompt", "What a prompt and a seed make"),
    "picture": ("Picture", "A picture: inverted to its noise, or encoded"),
}
OPEN = "Open a picture for this end"
PASTE = "Use the picture on the clipboard"
YOURS = "Use one of your pictures"
SAMPLES = ("A red apple", "A green pear", "A yellow lemon", "A blue plum")


@dataclass(frozen=True, eq=False)
class Draft:
    """What one end is to be."""

    kind: str
    prompt: str
    seed: int | None
    start: Start | None


class EndCard(QWidget):
    """`edited` follows every change, `mine_wanted` a click on Yours, `message` gives a sentence."""

    edited = Signal()
    mine_wanted = Signal(int)
    submitted = Signal()
    message = Signal(str)

    def __init__(self, index: int, reading: Reading) -> None:
        super().__init__()
        self.index, self._reading = index, reading
        self.start: Start | None = None
        self.setObjectName(f"walkEnd{index}")
        self.setAcceptDrops(True)
        self.title = caption("", "title")
        self.kind = Segments(f"walkKind{index}", "The end is", KINDS)
        self._pictures, self._seeds = QWidget(), QWidget()
        self._make_picture()
        self._make_prompt()
        head = row((self.title, 1), self.kind)
        parts = head, self._pictures, self.prompt, self._seeds
        column(*parts, gap=5, margins=(0, 0, 0, 12), on=self)
        self.kind.chosen.connect(self._show)
        for signal in (self.kind.chosen, self.prompt.edited, self.seed.edited):
            signal.connect(self.edited)
        self.prompt.submitted.connect(self.submitted)
        self.show_start(None)
        self._show()

    def _make_prompt(self) -> None:
        number, first = self.index, self.index == 0
        tip = "What this end shows. Ctrl+Enter starts the walk."
        if not first:
            tip += " Empty: the same prompt as at the first end."
        sample = SAMPLES[number] + ("" if first else " (empty: the first prompt)")
        self.prompt = PromptBox(f"walkPrompt{number}", "", tip, sample, 1, 4)
        empty = "New for every walk" if first else "The first end's"
        self.seed = SeedLine(f"walkSeed{number}", "Seed of this end", empty)
        label = caption("Seed", "muted", buddy=self.seed)
        row(label, (self.seed, 1), gap=8, on=self._seeds)

    def _make_picture(self) -> None:
        number = self.index
        self.well = named(Well(), f"walkWell{number}", "Picture at this end")
        self.file_name = caption()
        self.quality = caption("", "muted", f"walkQuality{number}", wrap=True)
        choose = small_button(f"walkOpen{number}", "Open…", OPEN, self.choose_file)
        paste = small_button(f"walkPaste{number}", "Paste", PASTE, self.paste_picture)
        self.mine = small_button(
            f"walkYours{number}", "Yours…", YOURS, lambda: self.mine_wanted.emit(number)
        )
        self._facts = QWidget()
        column(self.file_name, self.quality, None, gap=2, on=self._facts)
        column(
            row(self.well, (self._facts, 1), gap=12),
            row(choose, paste, self.mine, None),
            on=self._pictures,
        )
        self.well.clicked.connect(self.choose_file)
        self.well.dropped.connect(partial(self._reading.offered, number))

    @property
    def is_picture(self) -> bool:
        return self.kind.value == "picture"

    def name(self, title: str) -> None:
        """What the end is called: Start, Top left, ..."""
        self.title.setText(title)
        for widget, what in ((self.prompt, "prompt"), (self.seed.line, "seed")):
            widget.setAccessibleName(f"{title}: {what}")

    def draft(self) -> Draft:
        """What is chosen here."""
        text = self.prompt.toPlainText()
        return Draft(self.kind.value, text, self.seed.value(), self.start)

    def show_draft(self, draft: Draft) -> None:
        """Shows another end's choice."""
        self.show_start(draft.start)
        self.prompt.set_value(draft.prompt)
        self.seed.set_value(draft.seed)
        self.kind.choose(draft.kind)

    def take(self, taken: Taken) -> None:
        """Becomes a picture; its prompt and seed, if they are known, are at hand."""
        self.show_start(taken.start)
        if taken.settings is not None:
            self.prompt.set_value(taken.settings.prompt)
            self.seed.set_value(taken.settings.seed)
        self.kind.choose("picture")

    def show_start(self, start: Start | None) -> None:
        """Shows a picture, or a place for one."""
        self.start = start
        self.well.show_start(start)
        name = start.name if start is not None else ""
        self._facts.setVisible(start is not None)
        show_file_name(self.file_name, name, 190)
        self.file_name.setToolTip(" ".join((name, *(start.notes if start is not None else ()))))
        self.set_text("")

    def set_text(self, quality: str, tip: str = "") -> None:
        """How the picture becomes a point of the walk, or how well it came back."""
        self.quality.setVisible(bool(quality) and self.start is not None)
        self.quality.setText(quality)
        self.quality.setToolTip(tip)

    @Slot()
    def choose_file(self) -> None:
        """Asks for a file."""
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Picture at this end", str(Path.home()), FILES
        )
        if chosen:
            self._reading.open(self.index, Path(chosen))

    @Slot()
    def paste_picture(self) -> None:
        """Takes a picture, or a picture's file, from the clipboard."""
        data = QGuiApplication.clipboard().mimeData()
        if data is None or not self._reading.offered(self.index, data):
            self.message.emit("There is no picture on the clipboard; copy one first.")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if holds_picture(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if self._reading.offered(self.index, event.mimeData()):
            event.acceptProposedAction()

    @Slot()
    def _show(self, _: str = "") -> None:
        self._pictures.setVisible(self.is_picture)
        self._seeds.setVisible(not self.is_picture)
