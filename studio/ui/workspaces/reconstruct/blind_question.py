"""A question of a blind test: three pictures, side by side or one at a time, and the answers.

It knows pictures and letters only; no name of an autoencoder or of a picture reaches it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QSizeF, Qt, Signal, SignalInstance, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.gallery.blind import ABX, FIRST, NEITHER, PREFERENCE, SECOND, crop
from studio.ui.widgets.segments import Segments
from studio.ui.workspaces.reconstruct.blind_pages import button, text_label
from studio.ui.workspaces.reconstruct.pane import Pane
from studio.ui.workspaces.reconstruct.sight import Sight

BESIDE, ONE = "beside", "one"
MIDDLE = "middle"
PLACES = (FIRST, MIDDLE, SECOND)
MIDDLES = {ABX: "X", PREFERENCE: "Original"}
CHOICES = {
    ABX: {FIRST: "X is A (1)", SECOND: "X is B (2)"},
    PREFERENCE: {FIRST: "A is nearer (1)", NEITHER: "No difference (0)", SECOND: "B is nearer (2)"},
}
MOVING = "Wheel, + and −: zoom. Drag, arrows: move. F: fit. Backspace: undo."
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
    """Three pictures under one sight, and the answers."""

    answered = Signal(str)
    undo_asked = Signal()
    end_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.sight = Sight(self)
        self.panes: tuple[LetterPane, ...] = ()
        self.answers: dict[str, QPushButton] = {}
        self._kind = ABX
        self._shown: tuple[np.ndarray, ...] = ()
        self._make_bar()
        self._titles = [_title(name) for name in PLACES]
        self._stands = [QWidget() for _ in PLACES]
        row, self._choices = QHBoxLayout(), QHBoxLayout()
        self._places = [QVBoxLayout(stand) for stand in self._stands]
        for title, stand, place in zip(self._titles, self._stands, self._places, strict=True):
            place.setContentsMargins(0, 0, 0, 0)
            place.setSpacing(3)
            place.addWidget(title)
            row.addWidget(stand, 1)
        self._look = text_label("blindLook")
        self._look.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._look.setProperty("role", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._bar)
        column.addWidget(self.shown, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(row, 1)
        column.addLayout(self._choices)
        column.addWidget(self._look)
        self._arrange()

    def _make_bar(self) -> None:
        self.number = text_label("blindNumber")
        self.number.setWordWrap(False)
        self.progress = QProgressBar()
        self.progress.setObjectName("blindProgress")
        self.progress.setAccessibleName("Questions answered")
        self.progress.setToolTip("Questions answered")
        self.progress.setTextVisible(False)
        self.layout_choice = Segments(
            "blindLayout",
            "How pictures are shown",
            {
                BESIDE: ("Side by side", "All three at once (S changes it)"),
                ONE: ("One at a time", "Large, each in the same place (S changes it)"),
            },
        )
        self.layout_choice.chosen.connect(self._arrange)
        letters = dict(zip(PLACES, "AXB", strict=True))
        tips = {name: (key, f"Look at this one (key {key})") for name, key in letters.items()}
        self.shown = Segments("blindShown", "Which picture is seen", tips)
        self.shown.chosen.connect(self._arrange)
        self.undo = button(
            "Undo", "blindUndo", "Take the last answer back (Backspace)", self.undo_asked
        )
        self.end = button("End", "blindEnd", "End here and see the result (Esc)", self.end_asked)
        self._bar = QHBoxLayout()
        self._bar.setSpacing(10)
        self._bar.addWidget(self.number)
        self._bar.addWidget(self.progress, 1)
        for each in (self.layout_choice, self.undo, self.end):
            self._bar.addWidget(each)

    @property
    def one(self) -> bool:
        """Whether pictures are seen one at a time."""
        return self.layout_choice.value == ONE

    def offer(self, kind: str) -> None:
        """The answers of this kind of test."""
        while (item := self._choices.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.answers, self._kind = {}, kind
        self.shown.set_texts({MIDDLE: MIDDLES[kind]})
        self._choices.addStretch(1)
        for choice, text in CHOICES[kind].items():
            self.answers[choice] = button(
                text, f"blind-{choice}", "Answer, and go on", _emits(self.answered, choice)
            )
            self._choices.addWidget(self.answers[choice])
        self._choices.addStretch(1)

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
        pane, room, size = self._view()
        self.sight.zoom_at(factor, QPointF(pane.rect().center()), room, size)

    def glide(self, x: int, y: int) -> None:
        """Moves what is seen by logical pixels."""
        _, room, size = self._view()
        self.sight.move(QPointF(x, y), room, size)

    def _view(self) -> tuple[LetterPane, QSizeF, QSizeF]:
        pane = self.panes[PLACES.index(self.shown.value) if self.one else 1]
        height, width = pane.original.shape[:2]
        return pane, QSizeF(pane.size()), QSizeF(width, height)

    def crop(self) -> str:
        """What part is looked at, for the record."""
        return crop(self.sight.zoom, self.sight.centre.x(), self.sight.centre.y())

    def tell(self, done: int, count: int) -> None:
        self.progress.setRange(0, count)
        self.progress.setValue(done)
        self.number.setText(f"Question {min(done + 1, count)} of {count}")
        self.undo.setEnabled(done > 0)


def _emits(signal: SignalInstance, value: str) -> Callable[[], None]:
    return lambda: signal.emit(value)


def _title(place: str) -> QLabel:
    title = QLabel()
    title.setObjectName(f"blindTitle-{place}")
    title.setProperty("role", "title")
    title.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return title
