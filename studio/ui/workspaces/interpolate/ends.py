"""One end of a walk in the column: a prompt with its seed, or a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.core.errors import DataError
from studio.core.settings import Settings
from studio.gallery import png
from studio.ui.background import Background
from studio.ui.start import Start, from_file
from studio.ui.starting.section import FILES
from studio.ui.starting.sources import from_image, pass_on
from studio.ui.starting.well import Well, holds_picture
from studio.ui.widgets.buttons import small_button
from studio.ui.widgets.form import caption, column, named, row
from studio.ui.widgets.line import show_file_name
from studio.ui.widgets.prompt_box import PromptBox
from studio.ui.widgets.seed_line import SeedLine
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.token_count import TokenCount

if TYPE_CHECKING:
    from studio.ui.workspaces.interpolate.panel import InterpolatePanel

KINDS = {
    "prompt": ("Prompt", "What a prompt and a seed make"),
    "picture": ("Picture", "A picture: inverted to its noise, or encoded"),
}
TIP = "What this end shows. Ctrl+Enter starts the walk."
SAME = " Empty: the same prompt as at the first end."
OPEN = "Open a picture for this end"
PASTE = "Use the picture on the clipboard"
YOURS = "Use one of your pictures"
SAMPLES = ("A red apple", "A green pear", "A yellow lemon", "A blue plum")


@dataclass(frozen=True, eq=False)
class Taken:
    """A picture, and the settings inside its file if this studio made it."""

    start: Start
    settings: Settings | None = None


class Reading(Background):
    """Reads pictures for the ends; `done` gives which end wanted it and a Taken."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent, to_the_end=True)

    def open(self, end: int, path: Path) -> None:
        self.start(end, _from_path, path)

    def offered(self, end: int, data: QMimeData) -> bool:
        """Takes what is dropped or pasted: a file, else pixels; whether there was any."""
        return pass_on(data, partial(self.open, end), partial(self.start, end, _from_pixels))


class EndCard(QWidget):
    """`edited` follows every change; pictures come through the panel."""

    edited = Signal()
    prompt: PromptBox

    def __init__(self, index: int, panel: InterpolatePanel) -> None:
        super().__init__()
        self.index, self._panel = index, panel
        self.start: Start | None = None
        self.setObjectName(f"walkEnd{index}")
        self.setAcceptDrops(True)
        self.title = caption("", "title")
        self.kind = Segments(f"walkKind{index}", "The end is", KINDS)
        self._pictures, self._seeds, self._facts = QWidget(), QWidget(), QWidget()
        self._make_picture()
        self._make_prompt()
        count = TokenCount(self.prompt, panel.jobs, panel.session.model)
        head = row((self.title, 1), count, self.kind)
        parts = head, self._pictures, self.prompt, self._seeds
        column(*parts, gap=5, margins=(0, 0, 0, 12), on=self)
        self.kind.chosen.connect(self._show)
        for signal in (self.kind.chosen, self.prompt.edited, self.seed.edited):
            signal.connect(self.edited)
        self.show_start(None)
        self._show()

    def _make_prompt(self) -> None:
        number, first = self.index, self.index == 0
        sample = SAMPLES[number] + ("" if first else " (empty: the first prompt)")
        tip = TIP + ("" if first else SAME)
        self.prompt = PromptBox(f"walkPrompt{number}", "", tip, sample, 1, 4)
        self.prompt.submitted.connect(self._panel.run)
        empty = "New for every walk" if first else "The first end's"
        self.seed = SeedLine(f"walkSeed{number}", "Seed of this end", empty)
        label = caption("Seed", "muted", buddy=self.seed)
        row(label, (self.seed, 1), gap=8, on=self._seeds)

    def _make_picture(self) -> None:
        number = self.index
        self.well = named(Well(), f"walkWell{number}", "Picture at this end")
        self.well.clicked.connect(self.choose_file)
        self.well.dropped.connect(self._offered)
        self.file_name = caption()
        self.quality = caption("", "muted", f"walkQuality{number}", wrap=True)
        choose = small_button(f"walkOpen{number}", "Open…", OPEN, self.choose_file)
        paste = small_button(f"walkPaste{number}", "Paste", PASTE, self.paste_picture)
        self.mine = small_button(
            f"walkYours{number}", "Yours…", YOURS, lambda: self._panel.open_yours(number)
        )
        column(self.file_name, self.quality, None, gap=2, on=self._facts)
        place, ways = row(self.well, (self._facts, 1), gap=12), row(choose, paste, self.mine, None)
        column(place, ways, on=self._pictures)

    @property
    def is_picture(self) -> bool:
        return self.kind.value == "picture"

    def name(self, title: str) -> None:
        """What the end is called: Start, Top left, ..."""
        self.title.setText(title)
        for widget, what in ((self.prompt, "prompt"), (self.seed.line, "seed")):
            widget.setAccessibleName(f"{title}: {what}")

    def swap(self, other: EndCard) -> None:
        """Exchanges what is chosen here and there."""
        mine, theirs = self._choice(), other._choice()
        self._show_choice(*theirs)
        other._show_choice(*mine)

    def _choice(self) -> tuple[Start | None, str, int | None, str]:
        return self.start, self.prompt.toPlainText(), self.seed.value(), self.kind.value

    def _show_choice(
        self, start: Start | None, prompt: str, seed: int | None, kind: str = "picture"
    ) -> None:
        self.show_start(start)
        self.prompt.set_value(prompt)
        self.seed.set_value(seed)
        self.kind.choose(kind)

    def take(self, taken: Taken) -> None:
        """Becomes a picture; its prompt and seed, if they are known, are at hand."""
        _, prompt, seed, _ = self._choice()
        if taken.settings is not None:
            prompt, seed = taken.settings.prompt, taken.settings.seed
        self._show_choice(taken.start, prompt, seed)

    def show_start(self, start: Start | None) -> None:
        """Shows a picture, or a place for one."""
        self.start = start
        self.well.show_start(start)
        self._facts.setVisible(start is not None)
        size = self._panel.session.size.get()
        words = ("", "") if start is None else (start.name, start.notes_for(size))
        show_file_name(self.file_name, words[0], 190)
        self.file_name.setToolTip(" ".join(filter(None, words)))
        self.set_text("")

    def set_text(self, quality: str, tip: str = "") -> None:
        """How the picture becomes a point of the walk, or how well it came back."""
        self.quality.setVisible(bool(quality) and self.start is not None)
        self.quality.setText(quality)
        self.quality.setToolTip(tip)

    @Slot()
    def choose_file(self) -> None:
        """Asks for a file."""
        title, home = "Picture at this end", str(Path.home())
        chosen, _ = QFileDialog.getOpenFileName(self, title, home, FILES)
        if chosen:
            self._panel.reading.open(self.index, Path(chosen))

    @Slot()
    def paste_picture(self) -> None:
        """Takes a picture, or a picture's file, from the clipboard."""
        if not self._offered(QGuiApplication.clipboard().mimeData()):
            self._panel.error("There is no picture on the clipboard; copy one first.")

    @Slot(object)
    def _offered(self, data: QMimeData) -> bool:
        return self._panel.reading.offered(self.index, data)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if holds_picture(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if self._offered(event.mimeData()):
            event.acceptProposedAction()

    @Slot()
    def _show(self, _: str = "") -> None:
        self._pictures.setVisible(self.is_picture)
        self._seeds.setVisible(not self.is_picture)


def _from_path(path: Path) -> Taken:
    """Any picture file, with our settings if there are any. Raises DataError."""
    start = from_file(path)
    try:
        return Taken(start, png.read_settings(path))
    except DataError:
        return Taken(start)


def _from_pixels(name: str, image: QImage) -> Taken:
    return Taken(from_image(name, image))
