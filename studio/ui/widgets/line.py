"""Lines of text that end in an ellipsis where there is no room for all of them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLabel, QWidget

from studio.ui.widgets.form import column, named


class Line(QLabel):
    """Shows what fits; the tooltip has the rest."""

    def __init__(self, name: str, role: str = "muted") -> None:
        super().__init__()
        self.full = ""
        named(self, name, role=role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMinimumWidth(60)

    def set_text(self, text: str) -> None:
        self.full = text = " ".join(text.split())
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._elide()

    def resizeEvent(self, event: QEvent) -> None:
        self._elide()

    def _elide(self) -> None:
        fits = self.fontMetrics().elidedText(
            self.full, Qt.TextElideMode.ElideRight, max(60, self.width())
        )
        self.setText(fits)


class Facts(QWidget):
    """Two lines: a prompt, and what made the picture."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.prompt, self.rest = Line(f"{name}Prompt", "title"), Line(f"{name}Rest")
        column(self.prompt, self.rest, gap=1, margins=(2, 0, 8, 0), on=self)

    def set_text(self, prompt: str, rest: str) -> None:
        self.prompt.set_text(prompt)
        self.rest.set_text(rest)


def show_file_name(label: QLabel, name: str, room: int) -> None:
    """Its beginning and its end, as much as there is room for; the tooltip has all of it."""
    label.setText(label.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room))
    label.setToolTip(name)
