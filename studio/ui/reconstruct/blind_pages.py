"""The three pages of a blind test: what is asked, a question, what came out.

A question's page knows pictures and letters only; no name of an autoencoder reaches it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.gallery.blind import ABX, FIRST, NEITHER, PREFERENCE, SECOND, Tally
from studio.ui.compare.segments import Segments
from studio.ui.controls.spin import WholeSpin
from studio.ui.reconstruct.pane import Pane
from studio.ui.reconstruct.sight import Sight

KINDS = {
    ABX: ("ABX", "Can you tell a reconstruction from the original?"),
    PREFERENCE: ("Preference", "Which of two reconstructions is nearer to the original?"),
}
ABOUT = {
    ABX: (
        "A and B are an original and its reconstruction, and X is one of the two: say which."
        " Nothing tells you whose it is, or whether you are right, before the end."
    ),
    PREFERENCE: (
        "A and B are reconstructions of the original in the middle: say which is nearer to it."
        " Nothing tells you whose they are before the end."
    ),
}
MIDDLE = {ABX: "X", PREFERENCE: "Original"}
CHOICES = {
    ABX: {FIRST: "X is A (1)", SECOND: "X is B (2)"},
    PREFERENCE: {FIRST: "A is nearer (1)", NEITHER: "No difference (0)", SECOND: "B is nearer (2)"},
}
LOOK = "Wheel: zoom. Drag: move. Hold A or B: see it in the middle's place. Backspace: undo."
HEADS = (
    ("pair", "What was held against what"),
    ("right or preferred", "Right answers (ABX), or preferences of the one preferred more often"),
    ("of", "Answers; undecided ones are not counted"),
    ("share, 95 %", "Wilson's interval of the share"),
    ("chance", "How probable it is that guessing does as well, or a coin falls as unevenly"),
)


class SetupPage(QWidget):
    """Which test, and how long."""

    asked = Signal()
    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.kind = Segments("blindKind", "The test", KINDS)
        self.about = _text("blindAbout")
        self.plan = _text("blindPlan")
        self.count = WholeSpin()
        self.count.setObjectName("blindCount")
        self.count.setAccessibleName("Trials")
        self.count.setToolTip("How many questions; 16 tell 12 right answers from guessing")
        self.count.setRange(1, 400)
        self.count.setValue(16)
        self.start = button("Start", "blindStart", "Begin the test (Ctrl+Enter)", self.asked)
        self.start.setProperty("role", "primary")
        row = QHBoxLayout()
        row.addWidget(self.kind)
        row.addSpacing(16)
        row.addWidget(QLabel("Trials"))
        row.addWidget(self.count)
        row.addStretch(1)
        last = QHBoxLayout()
        last.addWidget(self.start)
        last.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addLayout(row)
        column.addWidget(self.about)
        column.addWidget(self.plan)
        column.addLayout(last)
        column.addStretch(1)
        self.kind.chosen.connect(self.edited)
        self.count.valueChanged.connect(self.edited)

    def tell(self, plan: str, possible: bool) -> None:
        """What the test would be, or what it lacks."""
        self.about.setText(ABOUT[self.kind.value])
        self.plan.setText(plan)
        self.start.setEnabled(possible)


class QuestionPage(QWidget):
    """Three pictures under one sight, and the answers."""

    answered = Signal(str)
    undo_asked = Signal()
    end_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.sight = Sight(self)
        self.panes: tuple[Pane, ...] = ()
        self.answers: dict[str, QPushButton] = {}
        self._shown: tuple[np.ndarray, ...] = ()
        self.progress = QProgressBar()
        self.progress.setObjectName("blindProgress")
        self.progress.setAccessibleName("Questions answered")
        self.progress.setToolTip("Questions answered")
        self.undo = button(
            "Undo", "blindUndo", "Take the last answer back (Backspace)", self.undo_asked
        )
        self.end = button("End", "blindEnd", "End here and see the result (Esc)", self.end_asked)
        self._titles = [_title(letter) for letter in ("A", "X", "B")]
        self._places = [QVBoxLayout() for _ in self._titles]
        row, self._choices = QHBoxLayout(), QHBoxLayout()
        for title, place in zip(self._titles, self._places, strict=True):
            place.addWidget(title)
            row.addLayout(place, 1)
        top = QHBoxLayout()
        top.addWidget(self.progress, 1)
        top.addWidget(self.undo)
        top.addWidget(self.end)
        look = _text("blindLook")
        look.setText(LOOK)
        look.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addLayout(row, 1)
        column.addLayout(self._choices)
        column.addWidget(look)

    def offer(self, kind: str) -> None:
        """The answers of this kind of test."""
        while (item := self._choices.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.answers = {}
        self._titles[1].setText(MIDDLE[kind])
        self._choices.addStretch(1)
        for choice, text in CHOICES[kind].items():
            self.answers[choice] = button(
                text, f"blind-{choice}", "Answer, and go on", _emits(self.answered, choice)
            )
            self._choices.addWidget(self.answers[choice])
        self._choices.addStretch(1)

    def ask(self, left: np.ndarray, middle: np.ndarray, right: np.ndarray) -> None:
        """Shows (H, W, 3) uint8 pictures."""
        self._shown = (left, middle, right)
        for pane in self.panes:
            pane.hide()
            pane.deleteLater()
        letters = [title.text() for title in self._titles]
        self.panes = tuple(
            Pane(letter, pixels, None, self.sight)
            for letter, pixels in zip(letters, self._shown, strict=True)
        )
        for pane, place in zip(self.panes, self._places, strict=True):
            place.addWidget(pane, 1)

    def show_in_the_middle(self, place: int | None) -> None:
        """Shows the left (0) or the right (2) picture in place of the middle one; None: itself."""
        if self.panes:
            self.panes[1].original = self._shown[1 if place is None else place]
            self.panes[1].forget()

    def tell(self, done: int, count: int) -> None:
        self.progress.setRange(0, count)
        self.progress.setValue(done)
        self.progress.setFormat(f"{min(done + 1, count)} of {count}")
        self.undo.setEnabled(done > 0)


class ResultPage(QWidget):
    """What came out, a row a pair."""

    export_asked = Signal()
    again_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.words = _text("blindWords")
        self.said = _text("blindSaid")
        self.table = QTableWidget(0, len(HEADS))
        self.table.setObjectName("blindTable")
        self.table.setAccessibleName("Results of the blind test")
        self.table.setToolTip("A row for each pair")
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        for number, (text, tip) in enumerate(HEADS):
            head = QTableWidgetItem(text)
            head.setToolTip(tip)
            self.table.setHorizontalHeaderItem(number, head)
        self.export = button(
            "Export", "blindExport", "Write every answer and the table as CSV", self.export_asked
        )
        self.again = button("New test", "blindAgain", "Back to the beginning", self.again_asked)
        row = QHBoxLayout()
        row.addWidget(self.again)
        row.addWidget(self.export)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.words)
        column.addWidget(self.table, 1)
        column.addWidget(self.said)
        column.addLayout(row)

    def tell(self, found: Sequence[Tally]) -> None:
        self.words.setText("\n".join(each.sentence for each in found))
        self.said.clear()
        self.table.setRowCount(len(found))
        for row, each in enumerate(found):
            name = f" ({each.winner})" if each.winner and each.count else ""
            share = f"{each.low:.0%} to {each.high:.0%}" if each.count else "–"
            cells = (" and ".join(each.pair), f"{each.hits}{name}", str(each.count), share)
            for column, text in enumerate((*cells, f"{each.p:.3g}")):
                self.table.setItem(row, column, QTableWidgetItem(text))
        self.table.resizeColumnsToContents()


def button(text: str, name: str, tip: str, act: Callable[[], None] | SignalInstance) -> QPushButton:
    made = QPushButton(text)
    made.setObjectName(name)
    made.setAccessibleName(text)
    made.setToolTip(tip)
    made.clicked.connect(act)
    return made


def _emits(signal: SignalInstance, value: str) -> Callable[[], None]:
    return lambda: signal.emit(value)


def _text(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _title(letter: str) -> QLabel:
    title = QLabel(letter)
    title.setProperty("role", "title")
    title.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return title
