"""The menus of the Interpolate workspace; each is gone once it is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from studio.ui.workspaces.interpolate.exports import FORMS


def frame_menu(parent: QWidget, actions: Iterable[QAction]) -> QMenu:
    """What can be done with a frame."""
    menu = _menu("walkFrameMenu", parent)
    menu.addActions(list(actions))
    return menu


def end_menu(parent: QWidget, titles: Iterable[str], chosen: Callable[[int], object]) -> QMenu:
    """Which end a frame is to be."""
    menu = _menu("walkEndMenu", parent)
    for end, title in enumerate(titles):
        _add(menu, f"walkToEnd{end}", title, "", partial(chosen, end))
    return menu


def export_menu(parent: QWidget, chosen: Callable[[str, bool], object]) -> QMenu:
    """Which form to write a walk in; the films also beside the cross-fade."""
    menu = _menu("walkExportMenu", parent)
    for form, (text, tip) in FORMS.items():
        _add(menu, f"walkExport{form or '-frames'}", text, tip, partial(chosen, form, False))
    menu.addSeparator()
    both = menu.addMenu("Beside the cross-fade")
    both.setObjectName("walkExportBoth")
    both.setToolTipsVisible(True)
    for form, (text, tip) in FORMS.items():
        if form:
            _add(both, f"walkExportBoth{form}", text, tip, partial(chosen, form, True))
    return menu


def _add(menu: QMenu, name: str, text: str, tip: str, act: Callable[[], object]) -> None:
    action = menu.addAction(text)
    action.setObjectName(name)
    action.setToolTip(tip or text)
    action.triggered.connect(partial(_run, act))


def _run(act: Callable[[], object], _checked: bool = False) -> None:
    act()


def _menu(name: str, parent: QWidget) -> QMenu:
    menu = QMenu(parent)
    menu.setObjectName(name)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    return menu
