"""The pages of a blind test: what is asked, a question, what came out.

A question knows pictures and letters only; no name of an autoencoder or of a picture reaches it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QPointF, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QTableWidgetItem, QWidget

from studio.gallery.blind import ABX, FIRST, NEITHER, PREFERENCE, SECOND, Tally, crop
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import Margins, caption, clear, column, row
from studio.ui.widgets.progress import Progress
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.spin import WholeSpin
from studio.ui.widgets.table import Table
from studio.ui.workspaces.reconstruct.pane import Pane, WallSight

PAGE: Margins = (0, 8, 0, 0)
RIVALS = "rivals"
KINDS = {
    ABX: ("ABX", "Can you tell a reconstruction from the original?"),
    RIVALS: ("ABX of two", "Can you tell two autoencoders' reconstructions apart?"),
    PREFERENCE: ("Preference", "Which of two reconstructions is nearer to the original?"),
}
ABOUT = {
    ABX: (
        "A and B are an original and its reconstruction, and X is one of the two: say which."
        " Nothing tells you whose it is, or whether you are right, before the end."
    ),
    RIVALS: (
        "A and B are reconstructions by two autoencoders, and X is one of the two: say which."
        " Nothing tells you whose they are, or whether you are right, before the end."
    ),
    PREFERENCE: (
        "A and B are reconstructions of the original in the middle: say which is nearer to it."
        " Nothing tells you whose they are before the end."
    ),
}
BESIDE, ONE = "beside", "one"
MIDDLE = "middle"
PLACES = (FIRST, MIDDLE, SECOND)
MIDDLES = {ABX: "X", PREFERENCE: "Original"}
CHOICES = {
    ABX: {FIRST: "X is A (1)", SECOND: "X is B (2)"},
    PREFERENCE: {FIRST: "A is nearer (1)", NEITHER: "No difference (0)", SECOND: "B is nearer (2)"},
}
LETTERS = {
    name: (key, f"Look at this one (key {key})") for name, key in zip(PLACES, "AXB", strict=True)
}
LAYOUTS = {
    BESIDE: ("Side by side", "All three at once (S changes it)"),
    ONE: ("One at a time", "Large, each in the same place (S changes it)"),
}
MOVING = "Scroll, + and −: zoom. Drag, arrows: pan. F: fit. Backspace: undo."
LOOKING = {
    BESIDE: f"Hold A or B: see it in the middle's place. {MOVING}",
    ONE: f"A, {{}}, B: see that one in the same place. {MOVING}",
}
TALLEST = 420  # pixels of the table; the rest is scrolled to
HEADS = (
    ("pair", "What was compared with what"),
    ("right or preferred", "Right answers (ABX), or preferences of the one preferred more often"),
    ("of", "Answers; undecided ones are not counted"),
    ("share, 95 %", "Wilson's interval of the share"),
    (
        "chance",
        "The probability that guessing does at least this well, or that chance splits as unevenly",
    ),
)


class SetupPage(QWidget):
    """Which test, and how long; `start` begins it."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.kind = Segments("blindKind", "The test", KINDS)
        self.about = caption(role="", name="blindAbout", wrap=True)
        self.plan = caption(role="", name="blindPlan", wrap=True)
        tip = "How many questions; with 16, 12 right answers are unlikely to be guesses"
        self.count = WholeSpin("blindCount", "Trials", tip, 1, 400, 16)
        tip = "Begin the test (Ctrl+Enter)"
        self.start = text_button("blindStart", "Start", "Start", tip, "primary")
        head = row(self.kind, 16, QLabel("Trials"), self.count, None, gap=12)
        last = row(self.start, None, gap=12)
        column(head, self.about, self.plan, last, None, gap=12, margins=PAGE, on=self)
        self.kind.chosen.connect(self.edited)
        self.count.valueChanged.connect(self.edited)

    def set_text(self, plan: str, possible: bool) -> None:
        """What the test would be, or what it lacks."""
        self.about.setText(ABOUT[self.kind.value])
        self.plan.setText(plan)
        self.start.setEnabled(possible)


class LetterPane(Pane):
    """A pane that shows its pixels as they lie in memory: large pictures are not copied at every
    question."""

    def __init__(self, sight: WallSight) -> None:
        super().__init__("", np.zeros((1, 1, 3), np.uint8), None, sight)

    def image(self) -> QImage:
        height, width = self.original.shape[:2]
        return QImage(self.original.data, width, height, 3 * width, QImage.Format.Format_RGB888)

    def show_pixels(self, pixels: np.ndarray) -> None:
        """(H, W, 3) uint8, contiguous."""
        self.original = pixels
        self.update()


class QuestionPage(QWidget):
    """Three pictures under one sight, and the answers; `undo` takes the last back, `end` ends."""

    answered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.sight = WallSight(self)
        self.panes = tuple(LetterPane(self.sight) for _ in PLACES)
        self.answers: dict[str, QPushButton] = {}
        self._letters: tuple[str, ...] = ()
        self._pixels: tuple[np.ndarray, ...] = ()
        self.shown = Segments("blindShown", "Which picture is seen", LETTERS)
        self.layout_choice = Segments("blindLayout", "How pictures are shown", LAYOUTS)
        for choice in (self.shown, self.layout_choice):
            choice.chosen.connect(self._arrange)
        self._titles = [caption(role="title", name=f"blindTitle-{name}") for name in PLACES]
        self._stands = [QWidget() for _ in PLACES]
        for title, pane, stand in zip(self._titles, self.panes, self._stands, strict=True):
            column(title, (pane, 1), gap=3, on=stand)
        self._choices = QHBoxLayout()
        self._look = caption(role="muted", name="blindLook", wrap=True)
        for label in (*self._titles, self._look):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        shown, pictures = row(None, self.shown, None), row(*((each, 1) for each in self._stands))
        column(self._bar(), shown, (pictures, 1), self._choices, self._look, on=self)
        self.offer(ABX)

    def _bar(self) -> QHBoxLayout:
        self.number = caption(role="", name="blindNumber")
        self.progress = Progress("blindProgress", "Questions answered")
        tip = "Undo the last answer (Backspace)"
        self.undo = text_button("blindUndo", "Undo", "Undo", tip)
        self.end = text_button("blindEnd", "End", "End", "End here and see the result (Esc)")
        parts = (self.number, (self.progress, 1), self.layout_choice, self.undo, self.end)
        return row(*parts, gap=10)

    @property
    def one(self) -> bool:
        """Whether pictures are seen one at a time."""
        return self.layout_choice.value == ONE

    def offer(self, kind: str) -> None:
        """The letters and the answers of this kind of test."""
        clear(self._choices)
        self.answers = {
            choice: text_button(f"blind-{choice}", text, text, "Answer, and go on")
            for choice, text in CHOICES[kind].items()
        }
        self._choices.addStretch(1)
        for choice, button in self.answers.items():
            button.clicked.connect(partial(self._answer, choice))
            self._choices.addWidget(button)
        self._choices.addStretch(1)
        self._letters = "A", MIDDLES[kind], "B"
        self.shown.set_texts({MIDDLE: MIDDLES[kind]})
        for pane, letter in zip(self.panes, self._letters, strict=True):
            pane.setObjectName(f"pane-{letter}")
            pane.setAccessibleName(letter)
        self._arrange()

    def _answer(self, choice: str, _checked: bool = False) -> None:
        self.answered.emit(choice)

    def ask(self, *pixels: np.ndarray) -> None:
        """Shows the left, the middle and the right one, (H, W, 3) uint8, contiguous; of one at a
        time, the middle one first."""
        self._pixels = pixels
        for pane, each in zip(self.panes, pixels, strict=True):
            pane.show_pixels(each)
        self.shown.choose(MIDDLE)

    @Slot()
    def _arrange(self, _: object = None) -> None:
        """What is seen, and the words that go with it."""
        one, place = self.one, PLACES.index(self.shown.value)
        self.shown.setVisible(one)
        seen = [not one or number == place for number in range(len(PLACES))]
        for stand, on in sorted(zip(self._stands, seen, strict=True), key=lambda each: each[1]):
            stand.setVisible(on)  # first those that go, or what comes is laid out beside them
        for title, letter in zip(self._titles, self._letters, strict=True):
            title.setVisible(not one)
            title.setText(letter)
        self._look.setText(LOOKING[self.layout_choice.value].format(self._letters[1][0]))

    def turn(self) -> None:
        """Side by side, or one at a time."""
        self.layout_choice.choose(BESIDE if self.one else ONE)

    def look_at(self, place: int) -> None:
        """Shows the left (0), middle (1) or right (2) picture; side by side in the middle."""
        if self.one:
            self.shown.choose(PLACES[place])
        else:
            self.panes[1].show_pixels(self._pixels[place])
            self._titles[1].setText(self._letters[place])

    def let_go(self) -> None:
        """Side by side, the middle shows its own again."""
        if not self.one:
            self.look_at(1)

    def zoom(self, factor: float) -> None:
        """About the middle of what is seen."""
        pane = self._seen()
        room = QSizeF(pane.size())
        self.sight.zoom_at(factor, QPointF(pane.rect().center()), room, pane.size_at_100())

    def glide(self, x: int, y: int) -> None:
        """Moves what is seen by logical pixels."""
        pane = self._seen()
        self.sight.move(QPointF(x, y), QSizeF(pane.size()), pane.size_at_100())

    def _seen(self) -> LetterPane:
        return self.panes[PLACES.index(self.shown.value) if self.one else 1]

    def crop(self) -> str:
        """What part is looked at, for the record."""
        return crop(self.sight.zoom, self.sight.centre.x(), self.sight.centre.y())

    def set_text(self, done: int, count: int) -> None:
        self.progress.setRange(0, count)
        self.progress.setValue(done)
        self.number.setText(f"Question {min(done + 1, count)} of {count}")
        self.undo.setEnabled(done > 0)


class ResultPage(QWidget):
    """What came out, a row a pair; `export` writes it, `again` goes back to the beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.words = caption(role="", name="blindWords", wrap=True)
        self.status = caption(role="", name="blindSaid", wrap=True)
        label, tip = "Results of the blind test", "A row for each pair"
        self.table = Table("blindTable", label, tip, HEADS)
        self.table.horizontalHeader().setStretchLastSection(True)
        tip = "Write every answer and the table as CSV"
        self.export = text_button("blindExport", "Export", "Export", tip)
        self.again = text_button("blindAgain", "New test", "New test", "Back to the beginning")
        last = row(self.again, self.export, None, gap=12)
        parts = self.words, self.table, last, self.status, None
        column(*parts, gap=12, margins=PAGE, on=self)

    def set_text(self, found: Sequence[Tally]) -> None:
        self.words.setText("\n".join(each.sentence for each in found))
        self.status.clear()
        self.table.setRowCount(len(found))
        for number, each in enumerate(found):
            name = f" ({each.winner})" if each.winner and each.count else ""
            share = f"{each.low:.0%} to {each.high:.0%}" if each.count else "–"
            cells = (" and ".join(each.pair), f"{each.hits}{name}", str(each.count), share)
            for place, text in enumerate((*cells, f"{each.p:.3g}")):
                self.table.setItem(number, place, QTableWidgetItem(text))
        self.table.fit(TALLEST)
