"""One end of a walk in the column: a prompt with its seed, or a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.ui.start import Start
from studio.ui.starting.section import FILES
from studio.ui.starting.well import Well, holds_picture
from studio.ui.widgets.prompt_box import PromptBox
from studio.ui.widgets.seed_line import SeedLine
from studio.ui.widgets.segments import Segments
from studio.ui.workspaces.interpolate.reading import Reading, Taken

KINDS = {
    "prompt": ("Prompt", "What a prompt and a seed make"),
    "picture": ("Picture", "A picture: inverted to its noise, or encoded"),
}
SAMPLES = ("A red apple", "A green pear", "A yellow lemon", "A blue plum")


@dataclass(frozen=True, eq=False)
class Draft:
    """What one end is to be."""

    kind: str
    prompt: str
    seed: int | None
    start: Start | None


class EndCard(QWidget):
    """`edited` follows every change, `mine_wanted` a click on Yours, `said` gives a sentence."""

    edited = Signal()
    mine_wanted = Signal(int)
    submitted = Signal()
    said = Signal(str)

    def __init__(self, index: int, reading: Reading) -> None:
        super().__init__()
        self.index, self._reading = index, reading
        self.start: Start | None = None
        self.setObjectName(f"walkEnd{index}")
        self.setAcceptDrops(True)
        self.title = QLabel()
        self.title.setProperty("role", "title")
        self.kind = Segments(f"walkKind{index}", "The end is", KINDS)
        self._make_prompt()
        self._make_picture()
        self._lay_out()
        self._connect()
        self.show_start(None)
        self._show()

    def _make_prompt(self) -> None:
        first = self.index == 0
        self.prompt = PromptBox(
            f"walkPrompt{self.index}",
            "What is there at this end. Ctrl+Enter walks."
            + ("" if first else " Empty: the same prompt as at the first end."),
            SAMPLES[0] if first else f"{SAMPLES[self.index]} (empty: the first prompt)",
            1,
            4,
        )
        self.seed = SeedLine(
            f"walkSeed{self.index}",
            "Seed of this end",
            "A new one for every walk" if first else "The first end's",
        )
        label = QLabel("Seed")
        label.setProperty("role", "muted")
        label.setBuddy(self.seed)
        self._seeds = QWidget()
        row = QHBoxLayout(self._seeds)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(label)
        row.addWidget(self.seed, 1)

    def _make_picture(self) -> None:
        number = self.index
        self.well = Well()
        self.well.setObjectName(f"walkWell{number}")
        self.well.setAccessibleName("Picture at this end")
        self.file_name, self.quality = QLabel(), QLabel()
        self.file_name.setProperty("role", "label")
        self.quality.setObjectName(f"walkQuality{number}")
        self.quality.setProperty("role", "muted")
        self.quality.setWordWrap(True)
        for text in (self.file_name, self.quality):
            text.setTextFormat(Qt.TextFormat.PlainText)
        self.choose = _small("Open…", f"walkOpen{number}", "Open a picture for this end")
        self.paste = _small("Paste", f"walkPaste{number}", "Take the picture on the clipboard")
        self.mine = _small("Yours…", f"walkYours{number}", "Take one of the pictures made here")

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.kind)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.choose, self.paste, self.mine):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._facts = QWidget()
        facts = QVBoxLayout(self._facts)
        facts.setContentsMargins(0, 0, 0, 0)
        facts.setSpacing(2)
        facts.addWidget(self.file_name)
        facts.addWidget(self.quality)
        facts.addStretch(1)
        beside = QHBoxLayout()
        beside.setSpacing(12)
        beside.addWidget(self.well)
        beside.addWidget(self._facts, 1)
        self._pictures = QWidget()
        below = QVBoxLayout(self._pictures)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(6)
        below.addLayout(beside)
        below.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 12)
        column.setSpacing(5)
        column.addLayout(head)
        column.addWidget(self._pictures)
        column.addWidget(self.prompt)
        column.addWidget(self._seeds)

    def _connect(self) -> None:
        self.kind.chosen.connect(self._show)
        for signal in (self.kind.chosen, self.prompt.edited, self.seed.edited):
            signal.connect(self._edited)
        self.prompt.submitted.connect(self.submitted)
        self.well.clicked.connect(self.choose_file)
        self.well.dropped.connect(partial(self._reading.offered, self.index))
        self.choose.clicked.connect(self.choose_file)
        self.paste.clicked.connect(self.paste_picture)
        self.mine.clicked.connect(partial(self.mine_wanted.emit, self.index))

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
        self.well.setToolTip("Drop a picture here, or click to open one (Enter).")
        name = start.name if start is not None else ""
        self._facts.setVisible(start is not None)
        room = self.file_name.fontMetrics()
        self.file_name.setText(room.elidedText(name, Qt.TextElideMode.ElideMiddle, 190))
        self.file_name.setToolTip(" ".join((name, *(start.notes if start is not None else ()))))
        self.tell("")

    def tell(self, quality: str, tip: str = "") -> None:
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
            self.said.emit("There is no picture on the clipboard; copy one first.")

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

    @Slot()
    def _edited(self, _: object = None) -> None:
        self.edited.emit()


def _small(text: str, name: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setProperty("role", "small")
    button.setAccessibleName(tip)
    button.setToolTip(tip)
    return button
