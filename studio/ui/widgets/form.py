"""Settings as rows: a caption, its control, and the value that the control is bound to.

A control takes its object name, accessible name and tooltip when it is made; a widget of Qt's own
gets them from `named`. `row` and `column` lay widgets out, `caption` is the one label.
"""

from __future__ import annotations

from typing import Any, TypeVar

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from studio.ui.session import Value, bind

W = TypeVar("W", bound=QWidget)
L = TypeVar("L", bound=QBoxLayout)
Part = QWidget | QLayout | int | None | tuple[QWidget | QLayout, int]
Margins = tuple[int, int, int, int]
NONE = (0, 0, 0, 0)


def named(widget: W, name: str, label: str = "", tip: str = "", role: str = "") -> W:
    """The widget with its object name, accessible name, tooltip and role in theme.qss."""
    widget.setObjectName(name)
    if label:
        widget.setAccessibleName(label)
    if tip:
        widget.setToolTip(tip)
    if role:
        widget.setProperty("role", role)
    return widget


def caption(
    text: str = "",
    role: str = "label",
    name: str = "",
    tip: str = "",
    buddy: QWidget | None = None,
    wrap: bool = False,
) -> QLabel:
    """Plain text; a click on its mnemonic goes to its buddy."""
    label = named(QLabel(text), name, tip=tip, role=role)
    label.setWordWrap(wrap)
    if buddy is not None:
        label.setBuddy(buddy)  # and its mnemonic, which plain text would not have
    else:
        label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def row(*parts: Part, gap: int = 6, on: QWidget | None = None) -> QHBoxLayout:
    """Side by side: widgets and layouts, each alone or with its stretch, numbers for so many
    pixels, None for what room is left."""
    return _filled(QHBoxLayout(), parts, gap, NONE, on)


def column(
    *parts: Part, gap: int = 6, margins: Margins = NONE, on: QWidget | None = None
) -> QVBoxLayout:
    """One below the other; `parts` as those of `row`."""
    return _filled(QVBoxLayout(), parts, gap, margins, on)


def _filled(
    layout: L, parts: tuple[Part, ...], gap: int, margins: Margins, on: QWidget | None
) -> L:
    if on is not None:
        on.setLayout(layout)
    layout.setContentsMargins(*margins)
    layout.setSpacing(gap)
    for each in parts:
        part, stretch = each if isinstance(each, tuple) else (each, 0)
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, int):
            layout.addSpacing(part)
        elif isinstance(part, QLayout):
            layout.addLayout(part, stretch)
        else:
            layout.addWidget(part, stretch)
    return layout


class Check(QCheckBox):
    """A box to tick that is bound like any other control."""

    def __init__(self, name: str, text: str, tip: str, checked: bool = False) -> None:
        super().__init__(text)
        named(self, name, text, tip)
        self.setChecked(checked)

    @property
    def edited(self) -> Any:
        return self.toggled

    def value(self) -> bool:
        return self.isChecked()

    @Slot(object)
    def set_value(self, checked: bool) -> None:
        self.setChecked(checked)


def line_edit(name: str, label: str, tip: str, empty: str = "") -> QLineEdit:
    """A line to type in; `empty` stands in grey while it is."""
    line = named(QLineEdit(), name, label, tip)
    line.setPlaceholderText(empty)
    return line


class Form:
    """Rows on a layout: on a grid captions stand beside their controls, else above them, and
    `apart` pixels lie between two rows. What has no caption takes the whole row of a grid."""

    def __init__(self, layout: QGridLayout | QVBoxLayout, apart: int = 0) -> None:
        self._layout, self._apart = layout, apart
        self.captions: dict[str, QLabel] = {}
        self._controls: dict[str, tuple[QWidget, ...]] = {}

    def add(
        self, text: str, control: W, value: Value | None = None, note: QWidget | None = None
    ) -> W:
        """The control, bound to its value; `note` stands at the end of the caption."""
        label, layout = caption(text, buddy=control), self._layout
        if isinstance(layout, QGridLayout):
            number = layout.rowCount()
            if text:
                layout.addWidget(label, number, 0)
            layout.addWidget(control, number, int(bool(text)), 1, 1 if text else 2)
        else:
            if self.captions:
                layout.addSpacing(self._apart)
            layout.addLayout(row((label, 1), *([note] if note is not None else [])))
            layout.addWidget(control)
        if value is not None:
            bind(value, control)  # type: ignore[arg-type]
        self.captions[text] = label
        self._controls[text] = (control,) if note is None else (control, note)
        return control

    def reveal(self, text: str, shown: bool) -> None:
        """Shows or hides a row."""
        for widget in (self.captions[text], *self._controls[text]):
            widget.setVisible(shown)


def settings_grid() -> QGridLayout:
    """For a form whose captions stand beside the controls of a column."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(10)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(1, 1)
    return grid


def clear(layout: QLayout) -> None:
    """Takes every widget out of a layout, and away."""
    while (item := layout.takeAt(0)) is not None:
        if (old := item.widget()) is not None:
            old.hide()
            old.deleteLater()
