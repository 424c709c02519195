"""The list of keys, made from the actions tables."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QScrollArea, QWidget

from studio.ui.actions import PROMPT_KEYS, Action
from studio.ui.widgets.form import caption, column, named

_GROUPS = {"window": "Everywhere", "viewer": "On the pictures"}


class KeysDialog(QDialog):
    """Two columns: the key, what it does."""

    def __init__(self, tables: tuple[Action[Any], ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setObjectName("keysDialog")
        body = QWidget()
        body.setObjectName("columnBody")
        self._grid = QGridLayout(body)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnStretch(1, 1)
        for where, title in _GROUPS.items():
            self._title(title)
            for action in tables:
                if action.where == where:
                    self._line(action.keys.split(), action.text, action.tip)
        self._title("While writing")
        for key, text in PROMPT_KEYS:
            self._line([key], text, text)
        area = named(QScrollArea(), "keysArea")
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(body)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        button = close.button(QDialogButtonBox.StandardButton.Close)
        named(button, "keysClose", "Close", "Close (Esc)")
        column(area, close, margins=(11, 11, 11, 11), on=self)
        self.resize(560, 640)

    def _title(self, text: str) -> None:
        row = self._grid.rowCount()
        self._grid.setRowMinimumHeight(row, 34)
        self._grid.addWidget(caption(text, "title"), row, 0, 1, 2, Qt.AlignmentFlag.AlignBottom)

    def _line(self, keys: list[str], text: str, tip: str) -> None:
        native = QKeySequence.SequenceFormat.NativeText
        shown = (QKeySequence(key).toString(native).replace("Return", "Enter") for key in keys)
        names = dict.fromkeys(shown)
        row = self._grid.rowCount()
        keys_told = "  or  ".join(name for name in names if name)
        self._grid.addWidget(caption(keys_told, "muted"), row, 0)
        self._grid.addWidget(caption(text, "", tip=tip), row, 1)
