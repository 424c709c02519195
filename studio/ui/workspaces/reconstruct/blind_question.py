"""A question of a blind test: three pictures, side by side or one at a time, and the answers.

It knows pictures and letters only; no name of an autoencoder or of a picture reaches it.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QPointF, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from studio.gallery.blind import ABX, FIRST, NEITHER, PREFERENCE, SECOND, crop
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import caption, clear, column, row
from studio.ui.widgets.progress import Progress
from studio.ui.widgets.segments import Segments
from studio.ui.workspaces.reconstruct.pane import Pane
from studio.ui.workspaces.reconstruct.sight import WallSight

BESIDE, ONE = "beside", "one"
MIDDLE = "middle"
PLACES = (FIRST, MIDDLE, SECOND)
MIDDLES = {ABX: "X", PREFERENCE: "Original"}
CHOICES = {
    ABX: {FIRST: "X is A (1)", SECOND: "X is B (2)"},
    PREFERENCE: {FIRST: "A is nearer (1)", NEITHER: "No difference (0)", SECOND: "B is nearer (2)"},
}
KEYS = {FIRST: "A", MIDDLE: "X", SECOND: "B"}
LETTERS = {name: (key, f"Look at this one (key {key})") for name, key in KEYS.items()}
LAYOUTS = {
    BESIDE: ("Side by side", "All three at once (S changes it)"),
    ONE: ("One at a time", "Large, each in the same place (S changes it)"),
}
MOVING = "Scroll, + and −: zoom. Drag, arrows: pan. F: fit. Backspace: undo."
LOOKING = {
    BESIDE: f"Hold A or B: see it in the middle's place. {MOVING}",
    ONE: f"A, {{}}, B: see that one in the same place. {MOVING}",
}


class LetterPane(Pane):
    """A pane that shows its pixels as they lie in memory: large pictures are not copied at every
    question."""

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
        self.panes: tuple[LetterPane, ...] = ()
        self.answers: dict[str, QPushButton] = {}
        self._kind = ABX
        self._shown: tuple[np.ndarray, ...] = ()
        self.shown = Segments("blindShown", "Which picture is seen", LETTERS)
        self.shown.chosen.connect(self._arrange)
        self._titles = [caption(role="title", name=f"blindTitle-{name}") for name in PLACES]
        self._stands = [QWidget() for _ in PLACES]
        stands = zip(self._titles, self._stands, strict=True)
        self._places = [column(title, gap=3, on=stand) for title, stand in stands]
        self._choices = QHBoxLayout()
        self._look = caption(role="muted", name="blindLook", wrap=True)
        for label in (*self._titles, self._look):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        pictures = row(*((stand, 1) for stand in self._stands))
        whole = column(self._bar(), (pictures, 1), self._choices, self._look, on=self)
        whole.insertWidget(1, self.shown, 0, Qt.AlignmentFlag.AlignHCenter)
        self._arrange()

    def _bar(self) -> QHBoxLayout:
        self.number = caption(role="", name="blindNumber")
        self.progress = Progress("blindProgress", "Questions answered")
        self.layout_choice = Segments("blindLayout", "How pictures are shown", LAYOUTS)
        self.layout_choice.chosen.connect(self._arrange)
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
        """The answers of this kind of test."""
        clear(self._choices)
        self.answers, self._kind = {}, kind
        self.shown.set_texts({MIDDLE: MIDDLES[kind]})
        self._choices.addStretch(1)
        for choice, text in CHOICES[kind].items():
            button = text_button(f"blind-{choice}", text, text, "Answer, and go on")
            button.clicked.connect(partial(self._answer, choice))
            self.answers[choice] = button
            self._choices.addWidget(button)
        self._choices.addStretch(1)

    def _answer(self, choice: str, _checked: bool = False) -> None:
        self.answered.emit(choice)

    def ask(self, left: np.ndarray, middle: np.ndarray, right: np.ndarray) -> None:
        """Shows (H, W, 3) uint8 pictures, contiguous; of one at a time, the middle one first."""
        self._shown = (left, middle, right)
        for pane in self.panes:
            pane.hide()
            pane.deleteLater()
        self.panes = tuple(
            LetterPane(letter, pixels, None, self.sight)
            for letter, pixels in zip(self._letters(), self._shown, strict=True)
        )
        for pane, place in zip(self.panes, self._places, strict=True):
            place.addWidget(pane, 1)
        self.shown.choose(MIDDLE)
        self._arrange()

    def _letters(self) -> tuple[str, str, str]:
        return "A", MIDDLES[self._kind], "B"

    @Slot()
    def _arrange(self, _: object = None) -> None:
        """What is seen, and the words that go with it."""
        one, place = self.one, PLACES.index(self.shown.value)
        self.shown.setVisible(one)
        seen = [not one or number == place for number in range(len(PLACES))]
        for stand, on in sorted(zip(self._stands, seen, strict=True), key=lambda each: each[1]):
            stand.setVisible(on)  # first those that go, or what comes is laid out beside them
        for title, letter in zip(self._titles, self._letters(), strict=True):
            title.setVisible(not one)
            title.setText(letter)
        self._look.setText(LOOKING[self.layout_choice.value].format(self._letters()[1][0]))

    def turn(self) -> None:
        """Side by side, or one at a time."""
        self.layout_choice.choose(BESIDE if self.one else ONE)

    def look_at(self, place: int) -> None:
        """Shows the left (0), middle (1) or right (2) picture; side by side in the middle."""
        if self.one:
            self.shown.choose(PLACES[place])
        else:
            self._show_in_the_middle(place)

    def let_go(self) -> None:
        """Side by side, the middle shows its own again."""
        if not self.one:
            self._show_in_the_middle(1)

    def _show_in_the_middle(self, place: int) -> None:
        if self.panes:
            self.panes[1].show_pixels(self._shown[place])
            self._titles[1].setText(self._letters()[place])

    def zoom(self, factor: float) -> None:
        """About the middle of what is seen."""
        pane = self._view()
        room = QSizeF(pane.size())
        self.sight.zoom_at(factor, QPointF(pane.rect().center()), room, pane.size_at_100())

    def glide(self, x: int, y: int) -> None:
        """Moves what is seen by logical pixels."""
        pane = self._view()
        self.sight.move(QPointF(x, y), QSizeF(pane.size()), pane.size_at_100())

    def _view(self) -> LetterPane:
        return self.panes[PLACES.index(self.shown.value) if self.one else 1]

    def crop(self) -> str:
        """What part is looked at, for the record."""
        return crop(self.sight.zoom, self.sight.centre.x(), self.sight.centre.y())

    def set_text(self, done: int, count: int) -> None:
        self.progress.setRange(0, count)
        self.progress.setValue(done)
        self.number.setText(f"Question {min(done + 1, count)} of {count}")
        self.undo.setEnabled(done > 0)
