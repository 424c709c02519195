"""The blind test: what the eye tells apart, and prefers, when it does not know what it looks at."""

from __future__ import annotations

import secrets
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from studio.core.errors import UsageError
from studio.core.wording import many
from studio.gallery import blind
from studio.gallery.blind import FIRST, NEITHER, ORIGINAL, SECOND, Answer, Trial
from studio.ui.output.exporter import Exporter
from studio.ui.widgets.form import column
from studio.ui.workspaces.reconstruct.blind_pages import (
    RIVALS,
    QuestionPage,
    ResultPage,
    SetupPage,
)

if TYPE_CHECKING:
    from studio.ui.workspaces.reconstruct.panel import ReconstructPanel

KEYS: dict[int, str] = {Qt.Key.Key_1: FIRST, Qt.Key.Key_2: SECOND, Qt.Key.Key_0: NEITHER}
LETTERS: dict[int, int] = {Qt.Key.Key_A: 0, Qt.Key.Key_X: 1, Qt.Key.Key_O: 1, Qt.Key.Key_B: 2}
ZOOMS: dict[int, float] = {Qt.Key.Key_Plus: 1.2, Qt.Key.Key_Equal: 1.2, Qt.Key.Key_Minus: 1 / 1.2}
GLIDE = 24  # logical pixels a key
GLIDES: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (GLIDE, 0),
    Qt.Key.Key_Right: (-GLIDE, 0),
    Qt.Key.Key_Up: (0, GLIDE),
    Qt.Key.Key_Down: (0, -GLIDE),
}
LACK = "Reconstruct a picture first: open one on the left and press Reconstruct."
LACK_OF_TWO = "Tick a second autoencoder on the left, and reconstruct."


class BlindView(QWidget):
    """Setup, questions, result."""

    def __init__(self, panel: ReconstructPanel) -> None:
        super().__init__()
        self.setObjectName("blindView")
        bench = self._bench = panel.bench
        self.trials: tuple[Trial, ...] = ()
        self.answers: list[Answer] = []
        self._names: tuple[str, ...] = ()  # of the pictures
        self._pixels: dict[tuple[int, str], np.ndarray] = {}  # of this test, whatever else happens
        self._asked_at = 0.0
        self._exporter = Exporter(panel.exporter.folder, self)
        self.setup, self.question, self.result = SetupPage(), QuestionPage(), ResultPage()
        self.pages = QStackedWidget()
        for page in (self.setup, self.question, self.result):
            self.pages.addWidget(page)
        column(self.pages, on=self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        setup, question, result = self.setup, self.question, self.result
        setup.start.clicked.connect(self.run)
        question.answered.connect(self.answer)
        question.undo.clicked.connect(self.undo)
        question.end.clicked.connect(self.escape)
        for choice in (question.layout_choice, question.shown):
            choice.chosen.connect(self._take_keys)
        result.export.clicked.connect(self.export)
        result.again.clicked.connect(self.begin_anew)
        self._exporter.written.connect(self._written)
        self._exporter.failed.connect(result.status.setText)
        for signal in (
            setup.edited, bench.finished, bench.chosen_changed, bench.pictures_changed,
        ):  # fmt: skip
            signal.connect(self.plan)
        for action, zoom in (("wall_fit", None), ("wall_actual", 1.0)):
            panel.actions_by_id[action].triggered.connect(partial(self._zoom, zoom))
        self.plan()

    def _zoom(self, zoom: float | None, _checked: bool = False) -> None:
        self.question.sight.set_zoom(zoom)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.plan()

    def _material(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """The chosen autoencoders, and the pictures that every one of them gave back."""
        bench = self._bench
        every = range(len(bench.sources))
        found = (n for n in every if all((n, name) in bench.results for name in bench.chosen))
        return bench.chosen, tuple(found) if bench.chosen else ()

    @Slot()
    def plan(self) -> None:
        """Says what the test would be, or what it lacks."""
        names, pictures = self._material()
        kind, count = self.setup.kind.value, self.setup.count.value()
        pairs = len(blind.pairs_of(blind.PREFERENCE if kind == RIVALS else kind, names))
        if not pictures or not names:
            self.setup.set_text(LACK, False)
        elif not pairs:
            self.setup.set_text(LACK_OF_TWO, False)
        else:
            of = f"{many(pairs, 'pair')} on {many(len(pictures), 'picture')}"
            each = count / (pairs * len(pictures))
            often = f"each comes {each:.3g} times" if each >= 1 else "not all of them come"
            hint = " Tick fewer autoencoders for a surer answer." if pairs > 1 and each < 8 else ""
            self.setup.set_text(f"{of}, {many(count, 'question')}: {often}.{hint}", True)

    @Slot()
    def run(self) -> None:
        """Begins a test, if none is under way; what it lacks is reconstructed first."""
        if self.pages.currentWidget() is self.question:
            return
        if self.setup.start.isEnabled():
            self._begin()
            return
        try:
            self._bench.run()
        except UsageError as error:
            self.setup.set_text(str(error), False)

    def _begin(self) -> None:
        (names, pictures), bench = self._material(), self._bench
        kind, material = self.setup.kind.value, (names, pictures, self.setup.count.value())
        seed = secrets.randbits(63)
        if kind == RIVALS:
            kind, self.trials = blind.ABX, blind.design_rivals(*material, seed)
        else:
            self.trials = blind.design(kind, *material, seed)
        self._names = tuple(source.name for source in bench.sources)
        shown = {(n, ORIGINAL): bench.sources[n].pixels for n in pictures}
        shown |= {(n, name): bench.results[n, name].image for n in pictures for name in names}
        self._pixels = {key: np.ascontiguousarray(each) for key, each in shown.items()}
        self.answers = []
        self.question.sight.set_zoom(None)
        self.question.offer(kind)
        self.pages.setCurrentWidget(self.question)
        self._ask()

    def _ask(self) -> None:
        """The next question, or the result."""
        if len(self.answers) == len(self.trials):
            self._reveal()
            return
        trial = self.trials[len(self.answers)]
        shown = (trial.first, trial.x, trial.second)
        self.question.ask(*(self._pixels[trial.picture, name] for name in shown))
        self.question.set_text(len(self.answers), len(self.trials))
        self.setFocus()
        self._asked_at = time.perf_counter()

    @Slot(str)
    def _take_keys(self, _: str) -> None:
        self.setFocus()

    @Slot(str)
    def answer(self, choice: str) -> None:
        """Takes an answer and goes on."""
        trial = self.trials[len(self.answers)]
        seconds = time.perf_counter() - self._asked_at
        self.answers.append(Answer(trial, choice, seconds, self.question.crop()))
        self._ask()

    @Slot()
    def undo(self) -> None:
        """Takes the last answer back."""
        if self.answers:
            self.answers.pop()
            self._ask()

    @Slot()
    def escape(self) -> None:
        """Ends the test; what was answered counts."""
        if self.pages.currentWidget() is self.question and self.answers:
            self._reveal()
        else:
            self.begin_anew()

    @Slot()
    def begin_anew(self) -> None:
        self.pages.setCurrentWidget(self.setup)
        self.plan()

    def _reveal(self) -> None:
        self.result.set_text(blind.tallies(self.answers))
        self.pages.setCurrentWidget(self.result)

    @Slot()
    def export(self) -> None:
        """Writes answers.csv and pairs.csv."""
        path = self._exporter.new_path("blind test", "")
        self._exporter.write(path, _write, tuple(self.answers), self._names)

    @Slot(object)
    def _written(self, path: Path) -> None:
        self.result.status.setText(f"Written: {path}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Of a question: answers, letters, zoom and moves; the page says which key does what."""
        key, again = event.key(), event.isAutoRepeat()
        if self.pages.currentWidget() is not self.question:
            super().keyPressEvent(event)
        elif key in ZOOMS:
            self.question.zoom(ZOOMS[key])
        elif key in GLIDES:
            self.question.glide(*GLIDES[key])
        elif again:  # a key that is held down answers once
            super().keyPressEvent(event)
        elif KEYS.get(key) in self.question.answers:
            self.answer(KEYS[key])
        elif key in LETTERS:
            self.question.look_at(LETTERS[key])
        elif key == Qt.Key.Key_Backspace:
            self.undo()
        elif key == Qt.Key.Key_F:
            self.question.sight.set_zoom(None)
        elif key == Qt.Key.Key_S:
            self.question.turn()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() in LETTERS and not event.isAutoRepeat():
            self.question.let_go()
        else:
            super().keyReleaseEvent(event)


def _write(place: Path, answers: tuple[Answer, ...], names: tuple[str, ...]) -> None:
    """Raises OutputError."""
    blind.write_answers(place / "answers.csv", answers, names)
    blind.write_tallies(place / "pairs.csv", blind.tallies(answers))
