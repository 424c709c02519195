"""A list of prompts, a line each, with wildcards: what it stands for, and its way to the queue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QPlainTextEdit, QWidget

from studio.core.errors import DataError, UsageError
from studio.core.generating import Generate
from studio.core.settings import MAX_SEED
from studio.core.wildcards import chosen, every
from studio.core.wording import capitalised
from studio.gallery.word_lists import lines_in, prompt_lines, read_lines, words_folder
from studio.ui.background import Background
from studio.ui.session import Session, bind
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.form import caption, column, named, row
from studio.ui.widgets.size_box import SizeBox

MOST = 2000  # requests at once: more is a mistake more often than a wish
TIP = "One prompt per line; # begins a comment. {red|blue} and __colours__ are wildcards"
EXAMPLES = "a {red|blue} car\na cat on a {yellow|green} background\n__animals__ face"
HOWS = (
    ("all", "Every combination", "{red|blue} {car|bus} makes four prompts"),
    ("one", "One at random", "Each line makes one prompt, its choices drawn by the seed"),
)


def requests(text: str, how: str, first: Generate) -> tuple[Generate, ...]:
    """What a list stands for: `first` with each prompt. Seeds go on where all combinations are
    made of one prompt, they do not, so that what differs is the words. Raises StudioError."""
    lines, words, start = prompt_lines(text), lines_in(words_folder()), first.settings
    if len(lines) > MOST:
        raise UsageError(f"this list expands to more than {MOST:,} prompts; make it shorter.")
    if how == "all":
        wanted = [replace(start, prompt=each) for each in every(lines, words, MOST)]
    else:
        seeds = [(start.seed + number) % (MAX_SEED + 1) for number in range(len(lines))]
        wanted = [
            replace(start, seed=seed, prompt=chosen(line, Random(seed), words))
            for seed, line in zip(seeds, lines, strict=True)
        ]
    made = tuple(replace(first, settings=settings) for settings in wanted)
    for each in made:
        each.check()
    return made


class PromptList(QWidget):
    """`wanted` (requests) when they shall be queued; `failed` with a sentence."""

    wanted = Signal(object)
    failed = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("promptList")
        self._session = session
        self.text = named(QPlainTextEdit(), "promptLines", "Prompts, one per line", TIP)
        self.text.setPlaceholderText(EXAMPLES)
        self.text.setTabChangesFocus(True)
        self.how = ChoiceBox("promptHow", "How", "How wildcards are expanded", HOWS)
        self.count = caption(role="", name="promptCount", wrap=True)
        tip = "Load the lines of a text file"
        self.open = text_button("promptOpen", "Open…", "Open…", tip, act=self._open)
        text, tip = "Add to the queue", "Queue them with Generate's settings"
        self.add = text_button("promptAdd", text, text, tip, act=self._add)
        self.add.setEnabled(False)
        title = caption("Prompts, one per line", "title", buddy=self.text)
        extent = SizeBox(session, "promptSize")
        bind(session.size, extent)
        size = row(caption("Size", buddy=extent), 4, (extent, 1))
        buttons = row((self.how, 1), self.open, self.add)
        column(title, (self.text, 1), self.count, size, buttons, on=self)
        self._work = Background(self, done=self._done, failed=self._not_done)
        self._changes, self._counting = 0, False
        self.text.textChanged.connect(self._changed)
        self.how.edited.connect(self._changed)
        self._changed()

    def take(self, path: Path) -> None:
        """The lines of a file. `failed` if it cannot be read."""
        self._work.start(("take", path), _lines, path)

    @Slot()
    def _changed(self, _: object = None) -> None:
        self._changes += 1
        if not self._counting:
            self._count()

    def _count(self) -> None:
        """Beside the window, and once for all that is typed meanwhile."""
        self._counting = True
        self._start("count", self._changes)

    def _start(self, what: str, number: int) -> None:
        first = Generate(self._session.settings(), count=self._session.count.get())
        text, how = self.text.toPlainText(), str(self.how.currentData())
        self._work.start((what, number), requests, text, how, first)

    @Slot(object, object)
    def _done(self, key: tuple[str, object], found: Any) -> None:
        what, number = key
        if what == "take":
            self.text.setPlainText("\n".join(found))
        elif what == "add":
            self.add.setEnabled(True)
            self.wanted.emit(found)
        elif self._counted(number):
            self._show_state(len(found))

    @Slot(object, str)
    def _not_done(self, key: tuple[str, object], problem: str) -> None:
        what, number = key
        if what != "count":
            self.add.setEnabled(self.add.isEnabled() or what == "add")
            self.failed.emit(problem)
        elif self._counted(number):
            self.count.setText(capitalised(problem))
            self.add.setEnabled(False)

    def _counted(self, number: object) -> bool:
        """Whether nothing has changed since; else it is counted again."""
        self._counting = False
        if number != self._changes:
            self._count()
        return not self._counting

    def _show_state(self, prompts: int) -> None:
        pictures = prompts * self._session.count.get()
        self.add.setEnabled(bool(prompts))
        if prompts:
            plural = "" if pictures == 1 else "s"
            self.count.setText(f"{prompts:,} prompts, {pictures:,} picture{plural}.")
        else:
            self.count.setText(f"__name__ stands for a line of name.txt in {words_folder()}.")

    @Slot()
    def _open(self) -> None:
        chosen_file, _ = QFileDialog.getOpenFileName(self, "Prompts", "", "Text (*.txt);;All (*)")
        if chosen_file:
            self.take(Path(chosen_file))

    @Slot()
    def _add(self) -> None:
        try:
            self._session.request()  # draws the seed, unless it is locked
        except UsageError as error:
            self.failed.emit(str(error))
            return
        self.add.setEnabled(False)  # until they are queued
        self._start("add", self._changes)


def _lines(path: Path) -> tuple[str, ...]:
    """Of a file that is not too long to be shown. Raises DataError."""
    lines = read_lines(path)
    if len(lines) > MOST:
        raise DataError(f"{path} holds more than {MOST:,} prompts; make it shorter.")
    return lines
