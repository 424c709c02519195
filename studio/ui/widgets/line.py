"""Lines of text: a pale one, and one that ends in an ellipsis where there is no room for it all."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLabel

from studio.ui.widgets.form import named


def muted(text: str) -> QLabel:
    """A few pale words."""
    label = QLabel(text)
    label.setProperty("role", "muted")
    return label


class Line(QLabel):
    """Shows what fits; the tooltip has the rest."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.full = ""
        named(self, name, role="muted")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMinimumWidth(60)

    def tell(self, text: str) -> None:
        self.full = text
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


def show_file_name(label: QLabel, name: str, room: int) -> None:
    """Its beginning and its end, as much as there is room for; the tooltip has all of it."""
    label.setText(label.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room))
    label.setToolTip(name)
