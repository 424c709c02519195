"""Buttons as every part of the window makes them: named for tests, told to screen readers."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton, QToolButton

from studio.ui import icons


def icon_button(name: str, icon: str, tip: str, label: str = "") -> QToolButton:
    """A flat button that shows an icon of assets/icons; without a label its tip is read out."""
    button = QToolButton()
    button.setObjectName(name)
    button.setAccessibleName(label or tip)
    button.setToolTip(tip)
    button.setIconSize(QSize(icons.SIZE, icons.SIZE))
    icons.dress(button, icon)
    return button


def text_button(name: str, text: str, label: str, tip: str, role: str) -> QPushButton:
    """A button with words; `role` as in theme.qss: "primary", "beside", "small", ..."""
    button = QPushButton(text)
    button.setObjectName(name)
    button.setProperty("role", role)
    button.setAccessibleName(label)
    button.setToolTip(tip)
    return button


def tool(action: QAction) -> QToolButton:
    """A flat button for an action of the table."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setObjectName(f"tool-{action.objectName()}")
    button.setAccessibleName(action.text())
    button.setIconSize(QSize(icons.SIZE, icons.SIZE))
    return button
