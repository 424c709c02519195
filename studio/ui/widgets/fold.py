"""A part of the column that is folded away until it is asked for."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import Form, column, row

APART = 8  # logical pixels between two rows


class Fold(QWidget):
    """A link that shows and hides `rows`, among them those of `form`; what is chosen in them is
    told on the link."""

    def __init__(self, name: str, title: str, tip: str) -> None:
        super().__init__()
        self._title = title
        self.toggle = text_button(name, title, title, tip, "link")
        self.toggle.setCheckable(True)
        self.body = QWidget()
        self.body.hide()
        self.rows = column(gap=5, margins=(0, 0, 0, 10), on=self.body)
        self.form = Form(self.rows, APART)
        self.toggle.toggled.connect(self.body.setVisible)
        column(row(self.toggle, None), self.body, on=self)

    def set_text(self, chosen: str) -> None:
        """What is chosen inside, in a word or two; nothing when all is as usual."""
        self.toggle.setText(f"{self._title} · {chosen}" if chosen else self._title)

    def open(self) -> None:
        self.toggle.setChecked(True)
