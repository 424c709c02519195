"""A choice among a few, all in sight: buttons side by side of which one is down."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QToolButton, QWidget

from studio.ui.widgets.form import named, row


class Segments(QWidget):
    """`value` is the name of the button that is down; `chosen` follows a click."""

    chosen = Signal(str)

    def __init__(self, name: str, label: str, choices: dict[str, tuple[str, str]]) -> None:
        """`choices` are names with (text, tooltip); the first is down."""
        super().__init__()
        named(self, name, label)
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        for value, (text, tip) in choices.items():
            button = named(QToolButton(), f"{name}-{value}", f"{label}: {text}", tip, "segment")
            button.setText(text)
            button.setCheckable(True)
            button.setChecked(not self._buttons)
            button.clicked.connect(self._clicked)
            self._group.addButton(button)
            self._buttons[value] = button
        row(*self._buttons.values(), gap=2, on=self)

    @property
    def value(self) -> str:
        return next(name for name, button in self._buttons.items() if button.isChecked())

    def choose(self, value: str) -> None:
        """As a click on it does."""
        self._buttons[value].click()

    def set_texts(self, texts: Mapping[str, str]) -> None:
        """Other words on the buttons, for more or less room."""
        for value, text in texts.items():
            self._buttons[value].setText(text)

    def enable(self, value: str, able: bool) -> None:
        """What cannot be chosen is greyed; if it was chosen, the first that can be is."""
        button = self._buttons[value]
        button.setEnabled(able)
        if not able and button.isChecked():
            others = (each for each in self._buttons.values() if each.isEnabledTo(self))
            next(others, button).setChecked(True)

    @Slot()
    def _clicked(self) -> None:
        self.chosen.emit(self.value)
