"""A list of prompts, a line each, with wildcards: what it stands for, and its way to the queue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import StudioError, UsageError
from studio.core.requests import MAX_SEED, Generate
from studio.core.wildcards import chosen, combinations
from studio.gallery.word_lists import lines_in, read_lines, words_folder
from studio.ui.controls.choice_box import ChoiceBox
from studio.ui.state import Session

MOST = 2000  # requests at once: more is a mistake more often than a wish
HOWS = (
    ("all", "Every combination", "{red|blue} {car|bus} makes four prompts"),
    ("one", "One at random", "Each line makes one prompt, its choices drawn by the seed"),
)


def requests(text: str, how: str, first: Generate) -> tuple[Generate, ...]:
    """What a list stands for: `first` with each prompt. Seeds go on where all combinations are
    made of one prompt, they do not, so that what differs is the words. Raises StudioError."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    words, made = lines_in(words_folder()), []
    for number, line in enumerate(lines):
        settings = first.settings
        if how == "all":
            prompts = combinations(line, words)
        else:
            seed = (settings.seed + number) % (MAX_SEED + 1)
            settings = replace(settings, seed=seed)
            prompts = (chosen(line, Random(seed), words),)
        made += [replace(first, settings=replace(settings, prompt=each)) for each in prompts]
        if len(made) > MOST:
            raise UsageError(f"this list stands for more than {MOST:,} prompts; make it shorter.")
    for each in made:
        each.check()
    return tuple(made)


class PromptList(QWidget):
    """`wanted` (requests) when they shall be queued; `failed` with a sentence."""

    wanted = Signal(object)
    failed = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("promptList")
        self._session = session
        self.text = QPlainTextEdit()
        self.text.setObjectName("promptLines")
        self.text.setAccessibleName("Prompts, a line each")
        self.text.setToolTip("A prompt a line; {red|blue} and __colours__ stand for many")
        self.text.setPlaceholderText(
            "a {red|blue} car\na cat on a {yellow|green} background\n__animals__ face"
        )
        self.text.setTabChangesFocus(True)
        self.how = ChoiceBox("promptHow", "How", "What braces stand for", HOWS)
        self.count = QLabel()
        self.count.setObjectName("promptCount")
        self.count.setWordWrap(True)
        self.open = _button("promptOpen", "Open…", "Take the lines of a text file")
        self.add = _button("promptAdd", "Add to the queue", "Queue them with Generate's settings")
        self._lay_out()
        self.text.textChanged.connect(self._changed)
        self.how.edited.connect(self._changed)
        self.open.clicked.connect(self._open)
        self.add.clicked.connect(self._add)
        self._changed()

    def _lay_out(self) -> None:
        title = QLabel("Prompts, a line each")
        title.setProperty("role", "title")
        title.setBuddy(self.text)
        buttons = QHBoxLayout()
        buttons.addWidget(self.how, 1)
        buttons.addWidget(self.open)
        buttons.addWidget(self.add)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(title)
        column.addWidget(self.text, 1)
        column.addWidget(self.count)
        column.addLayout(buttons)

    def take(self, path: Path) -> None:
        """The lines of a file. `failed` if it cannot be read."""
        try:
            self.text.setPlainText("\n".join(read_lines(path)))
        except StudioError as error:
            self.failed.emit(str(error))

    @Slot()
    def _changed(self, _: object = None) -> None:
        try:
            found = self._requests()
        except StudioError as error:
            self.count.setText(f"{str(error)[:1].upper()}{str(error)[1:]}")
            self.add.setEnabled(False)
            return
        pictures = len(found) * self._session.count.get()
        self.add.setEnabled(bool(found))
        if found:
            plural = "" if pictures == 1 else "s"
            self.count.setText(f"{len(found):,} prompts, {pictures:,} picture{plural}.")
        else:
            self.count.setText(f"Words for __name__ are lines of name.txt in {words_folder()}.")

    def _requests(self) -> tuple[Generate, ...]:
        first = Generate(self._session.settings(), count=self._session.count.get())
        return requests(self.text.toPlainText(), str(self.how.currentData()), first)

    @Slot()
    def _open(self) -> None:
        chosen_file, _ = QFileDialog.getOpenFileName(self, "Prompts", "", "Text (*.txt);;All (*)")
        if chosen_file:
            self.take(Path(chosen_file))

    @Slot()
    def _add(self) -> None:
        try:
            self._session.request()  # draws the seed, unless it is locked
            found = self._requests()
        except StudioError as error:
            self.failed.emit(str(error))
            return
        self.wanted.emit(found)


def _button(name: str, text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setAccessibleName(text)
    button.setToolTip(tip)
    return button
