"""Controls set by their names: as by hand, or one clear sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from studio.core.errors import UsageError
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.setting_up import set_up

ANY = st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=3))
ANY = st.one_of(ANY, st.lists(ANY, max_size=2).map(tuple), st.just({"a": 1}))


@pytest.fixture
def root(qtbot: QtBot) -> QWidget:
    root = QWidget()
    qtbot.addWidget(root)
    combo, ticks, tabs = QComboBox(), QListWidget(), QTabBar()
    combo.addItem("One", 1)
    combo.addItem("Two", "two")
    for text in ("a", "b", "damaged"):
        item = QListWidgetItem(text, ticks)
        item.setCheckState(Qt.CheckState.Checked)
    ticks.item(2).setFlags(Qt.ItemFlag.NoItemFlags)
    tabs.addTab("First")
    tabs.addTab("Second")
    segments = Segments("segments", "Segments", {"x": ("X", ""), "y": ("Y", "")})
    controls = {
        "line": QLineEdit(), "text": QPlainTextEdit(), "spin": QSpinBox(), "combo": combo,
        "ticks": ticks, "tabs": tabs, "check": QCheckBox(), "button": QPushButton(),
        "segments": segments, "label": QLabel(),
    }  # fmt: skip
    for name, control in controls.items():
        control.setObjectName(name)
        control.setParent(root)
    root.setObjectName("root")
    return root


@pytest.mark.parametrize(
    ("name", "value", "seen"),
    [
        ("line", "5", lambda c: c.text()),
        ("text", "a bear", lambda c: c.toPlainText()),
        ("spin", 7, lambda c: c.value()),
        ("combo", 1, lambda c: c.currentData()),
        ("combo", "Two", lambda c: c.currentText()),
        ("tabs", "Second", lambda c: c.tabText(c.currentIndex())),
        ("check", True, lambda c: c.isChecked()),
        ("segments", "y", lambda c: c.value),
        ("ticks", ("b",), lambda c: tuple(i.text() for i in ticked(c))),
    ],
)
def test_each_kind_takes_its_value(root: QWidget, name: str, value: Any, seen: Any) -> None:
    set_up(root, [(name, value)])
    assert seen(root.findChild(QWidget, name)) == value


def ticked(entries: QListWidget) -> list[QListWidgetItem]:
    items = [entries.item(n) for n in range(entries.count())]
    able = [item for item in items if item.flags() & Qt.ItemFlag.ItemIsUserCheckable]
    return [item for item in able if item.checkState() == Qt.CheckState.Checked]


def test_a_button_is_clicked_and_a_line_edited(root: QWidget, qtbot: QtBot) -> None:
    button, line = root.findChild(QPushButton), root.findChild(QLineEdit)
    assert button is not None and line is not None
    with qtbot.waitSignals([button.clicked, line.textEdited, line.editingFinished]):
        set_up(root, [("button", True), ("line", "x")])


@pytest.mark.parametrize(
    ("name", "value"),
    [("nobody", 1), ("label", "x"), ("combo", "three"), ("combo", 2**63),
     ("tabs", "Third"), ("ticks", ("damaged",)), ("segments", "z"), ("check", "yes"),
     ("spin", "x"), ("spin", 10**30), ("line", 3)],
)  # fmt: skip
def test_what_does_not_fit_is_said(root: QWidget, name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=name):
        set_up(root, [(name, value)])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    st.sampled_from(("line", "text", "spin", "combo", "ticks", "tabs", "check", "segments")), ANY
)
def test_any_value_fits_or_is_said(root: QWidget, name: str, value: Any) -> None:
    try:
        set_up(root, [(name, value)])
    except UsageError as error:
        assert repr(name) in str(error)  # noqa: PT017
