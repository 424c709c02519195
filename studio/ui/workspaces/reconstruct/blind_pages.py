"""The first and the last page of a blind test: what is asked, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.gallery.blind import ABX, PREFERENCE, Tally
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.spin import WholeSpin

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
TALLEST = 420  # pixels of the table; the rest is scrolled to
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
        self.about = text_label("blindAbout")
        self.plan = text_label("blindPlan")
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
        column.setContentsMargins(0, 8, 0, 0)
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


class ResultPage(QWidget):
    """What came out, a row a pair."""

    export_asked = Signal()
    again_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.words = text_label("blindWords")
        self.said = text_label("blindSaid")
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
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.words)
        column.addWidget(self.table)
        column.addLayout(row)
        column.addWidget(self.said)
        column.addStretch(1)

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
        rows = sum(self.table.rowHeight(row) for row in range(len(found)))
        head = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(min(TALLEST, head + rows + 4))


def button(text: str, name: str, tip: str, act: Callable[[], None] | SignalInstance) -> QPushButton:
    made = QPushButton(text)
    made.setObjectName(name)
    made.setAccessibleName(text)
    made.setToolTip(tip)
    made.clicked.connect(act)
    return made


def text_label(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
