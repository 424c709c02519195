"""Menus as every part of the window makes them: named for tests, gone once they are closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget


def passing_menu(parent: QWidget, name: str) -> QMenu:
    """An empty one that is deleted when it closes."""
    menu = QMenu(parent)
    menu.setObjectName(name)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    return menu


def add(menu: QMenu, name: str, text: str, act: Callable[[], object], tip: str = "") -> QAction:
    """One line of a menu."""
    action = menu.addAction(text)
    action.setObjectName(name)
    action.setToolTip(tip or text)
    action.triggered.connect(lambda: act())
    return action


def add_forms(
    menu: QMenu, name: str, forms: Mapping[str, tuple[str, str]], chosen: Callable[[str], object]
) -> None:
    """A line for each form to write something in; the form without a suffix is of frames."""
    for form, (text, tip) in forms.items():
        add(menu, f"{name}{form or '-frames'}", text, partial(chosen, form), tip)
