"""The first and the last page of a blind test: what is asked, and what came out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QTableWidgetItem, QWidget

from studio.gallery.blind import ABX, PREFERENCE, Tally
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import caption, column, row
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.spin import WholeSpin
from studio.ui.widgets.table import Table

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
        column(head, self.about, self.plan, last, None, gap=12, margins=(0, 8, 0, 0), on=self)
        self.kind.chosen.connect(self.edited)
        self.count.valueChanged.connect(self.edited)

    def set_text(self, plan: str, possible: bool) -> None:
        """What the test would be, or what it lacks."""
        self.about.setText(ABOUT[self.kind.value])
        self.plan.setText(plan)
        self.start.setEnabled(possible)


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
        parts = (self.words, self.table, last, self.status, None)
        column(*parts, gap=12, margins=(0, 8, 0, 0), on=self)

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
