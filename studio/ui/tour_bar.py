"""While a stop of the tour is shown: what to look at, above the workspace that shows it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFrame

from studio.core.tour import Stop
from studio.ui.widgets.buttons import icon_button, small_button
from studio.ui.widgets.form import caption, row


class TourBar(QFrame):
    """Hidden until a stop is shown."""

    def __init__(self, back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("tourBar")
        self.place = caption(role="muted", name="tourBarPlace")
        self.text = caption(role="", name="tourBarText", wrap=True)
        to_tour = small_button("tourBarBack", "Back to the tour", "Go back to the tour", back)
        close = icon_button("tourBarClose", "close", "Hide this line")
        close.clicked.connect(self.hide)
        row(self.place, (self.text, 1), to_tour, close, gap=10, on=self).setContentsMargins(
            14, 6, 8, 6
        )
        self.hide()

    def show_stop(self, stop: Stop, place: str) -> None:
        self.place.setText(f"Tour, {place}")
        self.text.setText(stop.look)
        self.show()
