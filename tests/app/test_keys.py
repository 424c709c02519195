"""Every key of every page does one thing: no two that are live at once are the same."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from studio.ui import workspaces as panels
from studio.ui.actions import PROMPT_KEYS
from studio.ui.widgets.banner import Banner
from tests.app.conftest import Stage

PANELS = (
    "generate",
    "compare",
    "reconstruct",
    "interpolate",
    "language",
    "queue",
    "history",
    "models",
)
NAMED = re.compile(r"(?:(?:Ctrl|Alt|Shift)\+)+(?:Enter|Up|Down|Delete|Esc|[A-Z0-9?])\b")
WRITING = {QKeySequence(key).toString() for key, _ in PROMPT_KEYS}


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def show(stage: Stage, name: str) -> QWidget:
    stage.window._go_to(name)
    return stage.window.panel(name)


def pages(stage: Stage, name: str) -> Iterator[QWidget]:
    """The panel, once with each of its views in sight."""
    panel = show(stage, name)
    tabs = getattr(panel, "tabs", None)
    for number in range(tabs.count() if isinstance(tabs, QTabBar) else 1):
        if isinstance(tabs, QTabBar):
            tabs.setCurrentIndex(number)
        yield panel


def labels_of(action: QAction) -> str:
    return f"action {action.objectName() or action.text()}"


def live(stage: Stage) -> dict[str, dict[QObject, QWidget]]:
    """By key: what it acts on, and the widget that it is found through."""
    found: dict[str, dict[QObject, QWidget]] = defaultdict(dict)
    for widget in (stage.window, *stage.window.findChildren(QWidget)):
        if not widget.isVisible():
            continue
        for action in widget.actions():
            for sequence in action.shortcuts():
                found[sequence.toString()][action] = widget
        if isinstance(widget, QAbstractButton) and not widget.shortcut().isEmpty():
            found[widget.shortcut().toString()][widget] = widget
        if isinstance(widget, QLabel) and widget.buddy() is not None:
            sequence = QKeySequence.mnemonic(widget.text())
            if not sequence.isEmpty():
                found[sequence.toString()][widget] = widget
    return found


def all_enabled(stage: Stage) -> None:
    """Some wait for a picture; a clash shows when it is there."""
    for panel in stage.window.panels:
        for action in panel.actions_by_id.values():
            action.setEnabled(True)


def press(qtbot: QtBot, stage: Stage, key: str, within: QWidget) -> None:
    """Presses a key with the focus within a widget."""
    inner = (within, *within.findChildren(QWidget))
    able = [w for w in inner if w.isVisible() and w.isEnabled() and w.focusPolicy()]
    if within is not stage.window and not within.isAncestorOf(QApplication.focusWidget()):
        assert able, (key, within.objectName())
        able[0].setFocus()
    pressed = QKeySequence(key)[0]
    target = stage.window if within is stage.window else QApplication.focusWidget() or within
    qtbot.keyClick(target, pressed.key(), pressed.keyboardModifiers())


@pytest.mark.parametrize("name", PANELS)
def test_every_key_does_one_thing(stage: Stage, qtbot: QtBot, name: str) -> None:
    all_enabled(stage)
    done: list[str] = []
    for _ in pages(stage, name):
        keys = live(stage)
        twice = {key: list(map(str, each)) for key, each in keys.items() if len(each) > 1}
        assert not twice
        for key, each in keys.items():
            ((acted, widget),) = each.items()
            if isinstance(acted, QAction):
                _fires(qtbot, stage, key, acted, widget, done)
    assert len(done) > 10, done


def _fires(
    qtbot: QtBot, stage: Stage, key: str, action: QAction, widget: QWidget, done: list[str]
) -> None:
    """Once, and whatever it would do is not done."""
    if not action.isEnabled() or not action.isVisible():
        return
    if not action.property("silenced"):
        action.triggered.disconnect()
        action.setProperty("silenced", True)
        action.triggered.connect(lambda: done.append(labels_of(action)))
    before = len(done)
    within = action.shortcutContext() == Qt.ShortcutContext.WidgetWithChildrenShortcut
    press(qtbot, stage, key, widget if within else stage.window)
    assert done[before:] == [labels_of(action)], (key, done[before:])


@pytest.mark.parametrize("name", PANELS)
def test_every_letter_that_is_underlined_works(stage: Stage, qtbot: QtBot, name: str) -> None:
    all_enabled(stage)
    for panel in pages(stage, name):
        for label in panel.findChildren(QLabel):
            sequence, buddy = QKeySequence.mnemonic(label.text()), label.buddy()
            if label.isVisible() and buddy is not None and not sequence.isEmpty():
                buddy.setEnabled(True)
                stage.window.setFocus()
                press(qtbot, stage, sequence.toString(), stage.window)
                assert buddy.hasFocus() or buddy.isAncestorOf(QApplication.focusWidget())


def choices() -> list[tuple[str, str]]:
    """What the panels' banners offer with an underlined letter: (panel, label)."""
    folder = Path(panels.__file__).parent
    return [
        (name, label)
        for name in PANELS
        for label in re.findall(
            r'\(\s*"([^"]*&[^"]*)",', (folder / name / "panel.py").read_text(encoding="utf-8")
        )
    ]


@pytest.mark.parametrize(("name", "label"), choices())
def test_every_offer_of_a_banner_has_a_letter_of_its_own(
    stage: Stage, qtbot: QtBot, name: str, label: str
) -> None:
    assert len(choices()) > 5
    all_enabled(stage)
    panel = show(stage, name)
    banner = next(each for each in panel.findChildren(Banner) if each.parentWidget().isVisible())
    chosen: list[str] = []
    banner.show_message("offer", "What now?", ((label, lambda: chosen.append(label)),))
    key = QKeySequence.mnemonic(label).toString()
    assert [type(each) for each in live(stage)[key]] == [type(banner._choices[0])], key
    press(qtbot, stage, key, stage.window)
    qtbot.waitUntil(lambda: chosen == [label])


@pytest.mark.parametrize("name", PANELS)
def test_a_key_that_a_tip_names_is_there(stage: Stage, name: str) -> None:
    named = 0
    for panel in pages(stage, name):
        keys = {key.replace("Return", "Enter") for key in live(stage)} | WRITING
        for widget in panel.findChildren(QWidget):
            if not widget.isVisibleTo(panel):
                continue
            for key in NAMED.findall(widget.toolTip()):
                named += 1
                assert key in keys, (key, widget.objectName(), widget.toolTip())
    assert named > 1 or name == "history"


def test_more_settings_have_a_key_that_lasts(stage: Stage, qtbot: QtBot) -> None:
    session, more = stage.panel.session, stage.panel.column.more
    session.shift.set(2.0)  # its words change
    qtbot.keyClick(stage.window, Qt.Key.Key_O, Qt.KeyboardModifier.AltModifier)
    assert more.body.isVisible() and more.schedule.hasFocus()
    assert more.toggle.text() == "More settings · 1 changed"
    qtbot.keyClick(stage.window, Qt.Key.Key_M, Qt.KeyboardModifier.AltModifier)
    assert stage.panel.column.sampler.hasFocus()
