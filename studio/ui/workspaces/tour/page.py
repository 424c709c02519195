"""One stop of the tour, to be read: its claim, what to look at, its figure and its source."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QWidget

from studio.core.tour import Figure, Stop, number
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import caption, column, row

SHOW = "Set up the workspace for this stop and begin (Ctrl+Enter)"
WIDTH = 660  # logical pixels: some 80 letters a line, as books have
MEASURE = "Measure this figure on the model (Ctrl+M)"


class Page(QFrame):
    """`show_stop` fills it; its buttons are the panel's affair."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("tourPage")
        self.place = caption(role="muted", name="tourPlace")
        self.title = caption(role="heading", name="tourTitle", wrap=True)
        self.claim = caption(role="", name="tourClaim", wrap=True)
        self.look = caption(role="", name="tourLook", wrap=True)
        self.figure = caption(role="", name="tourFigure", wrap=True)
        self.found = caption(role="title", name="tourFound", wrap=True)
        self.paper = caption(role="muted", name="tourPaper", wrap=True)
        self.show_it = text_button("tourShow", "Show it", "Show this stop", SHOW, "primary")
        self.measure = text_button(
            "tourMeasure", "Measure", "Measure the figure", MEASURE, "beside"
        )
        parts: list[QFrame | int] = [self.place, self.title, self.claim, 8]
        for words, label in (
            ("What to look at", self.look), ("The figure it should show", self.figure),
        ):  # fmt: skip
            parts += [caption(words, "title"), label, 8]
        buttons = row(self.show_it, self.measure, None, gap=8)
        text = QWidget()
        text.setMaximumWidth(WIDTH)
        column(*parts, self.found, 4, buttons, 14, self.paper, None, gap=8, on=text)
        row((text, 1), on=self).setContentsMargins(28, 22, 28, 22)

    def show_stop(self, stop: Stop, place: str) -> None:
        """`place` is its chapter and number."""
        figure = f"{stop.figure.what}: {stop.figure.range}"
        for label, text in (
            (self.place, place), (self.title, stop.title), (self.claim, stop.claim),
            (self.look, stop.look), (self.figure, figure), (self.paper, stop.paper),
        ):  # fmt: skip
            label.setText(text)
        self.found.clear()

    @Slot(object)
    def show_value(self, figure: Figure, value: float) -> None:
        verdict = "as it should be" if figure.holds(value) else "outside that range"
        self.found.setText(f"Measured: {number(value)}, {verdict}.")
