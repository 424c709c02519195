"""A part of the column that is folded away until it is asked for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class Fold(QWidget):
    """A link that shows and hides `rows`; what is chosen in them is told on the link."""

    def __init__(self, name: str, title: str, tip: str) -> None:
        super().__init__()
        self._title = title
        self.toggle = QPushButton(title)
        self.toggle.setObjectName(name)
        self.toggle.setProperty("role", "link")
        self.toggle.setCheckable(True)
        self.toggle.setAccessibleName(title)
        self.toggle.setToolTip(tip)
        self.body = QWidget()
        self.body.setVisible(False)
        self.rows = QVBoxLayout(self.body)
        self.rows.setContentsMargins(0, 0, 0, 10)
        self.rows.setSpacing(5)
        self.toggle.toggled.connect(self.body.setVisible)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.toggle, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.body)

    def tell(self, chosen: str) -> None:
        """What is chosen inside, in a word or two; nothing when all is as usual."""
        self.toggle.setText(f"{self._title} · {chosen}" if chosen else self._title)

    def open(self) -> None:
        self.toggle.setChecked(True)

    def add(self, text: str, control: QWidget) -> QLabel:
        """A control under its label."""
        label = QLabel(text)
        label.setProperty("role", "label")
        label.setBuddy(control)
        self.rows.addWidget(label)
        self.rows.addWidget(control)
        return label
