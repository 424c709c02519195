"""Buttons as every part of the window makes them: named for tests, told to screen readers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, SignalInstance
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton, QToolButton

from studio.ui import icons
from studio.ui.widgets.form import named

Act = Callable[..., object] | SignalInstance


def icon_button(
    name: str, icon: str, tip: str, label: str = "", checkable: bool = False
) -> QToolButton:
    """A flat button that shows an icon of assets/icons; without a label its tip is read out."""
    button = named(QToolButton(), name, label or tip, tip)
    button.setCheckable(checkable)
    button.setIconSize(QSize(icons.SIZE, icons.SIZE))
    icons.dress(button, icon)
    return button


def text_button(
    name: str, text: str, label: str, tip: str, role: str = "", act: Act | None = None
) -> QPushButton:
    """A button with words, and what a click does; `role` as in theme.qss: "primary", "beside",
    "small", ..."""
    button = named(QPushButton(text), name, label, tip, role)
    if act is not None:
        button.clicked.connect(act)
    return button


def small_button(name: str, text: str, tip: str, act: Act | None = None) -> QPushButton:
    """One of several in a line; what it does, without its key, is read out."""
    return text_button(name, text, tip.split(" (")[0], tip, "small", act)


def tool(action: QAction, worded: bool = False) -> QToolButton:
    """A flat button for an action of the table: an icon, with words beside it if `worded`."""
    button = QToolButton()
    button.setDefaultAction(action)
    if worded:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setIconSize(QSize(icons.SIZE, icons.SIZE))
    return named(button, f"tool-{action.objectName()}", action.text())
