"""Rows of settings: caption, control and value; and how their controls take the wheel."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from studio.ui.session import Value
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.form import Check, Form, settings_grid
from studio.ui.widgets.interval_box import IntervalBox
from studio.ui.widgets.slider import Slider
from studio.ui.widgets.slider_spin import SliderSpin
from studio.ui.widgets.spin import RealSpin, WholeSpin

LETTERS = (("a", "A", "the first"), ("b", "B", "the second"))


def turn(app: QApplication, widget: QWidget) -> bool:
    """One notch of the wheel up; whether it was taken."""
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at,
        QPointF(widget.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    app.sendEvent(widget, event)
    return event.isAccepted()


def test_a_row_binds_its_control_and_is_shown_and_hidden_whole(qtbot: QtBot) -> None:
    window, value = QWidget(), Value(3)
    qtbot.addWidget(window)
    form = Form(QVBoxLayout(window), apart=8)
    box = form.add("Steps", SliderSpin("steps", "Steps", "How many", 1, 9, 9), value)
    form.add("Kept", Check("kept", "Keep it", "For later"))
    window.show()
    assert (box.value(), box.spin.objectName(), box.spin.toolTip()) == (3, "stepsSpin", "How many")
    assert form.captions["Steps"].buddy() is box
    value.set(5)
    assert box.value() == 5
    box.spin.setValue(7)
    assert value.get() == 7
    form.reveal("Steps", False)
    assert not box.isVisible() and not form.captions["Steps"].isVisible()
    assert form.captions["Kept"].isVisible()


def test_rows_beside_their_captions_lie_below_each_other(qtbot: QtBot) -> None:
    window, grid = QWidget(), settings_grid()
    qtbot.addWidget(window)
    window.setLayout(grid)
    form = Form(grid)
    first, second = (form.add(text, WholeSpin(text)) for text in ("One", "Two"))
    window.show()
    assert form.captions["One"].x() < first.x()
    assert first.y() < second.y() and first.x() == second.x()


def test_the_wheel_turns_what_has_the_focus(qtbot: QtBot, qapp: QApplication) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    controls = (
        RealSpin("real", value=1),
        WholeSpin("whole", value=1),
        ChoiceBox("letters", "Letters", "One of them", LETTERS),
        Slider(28),
    )
    controls[2].set_value("b")
    for control in controls:
        layout.addWidget(control)
    window.show()
    qtbot.waitExposed(window)
    for control in controls:
        before = control.value()
        window.setFocus()
        assert not turn(qapp, control) and control.value() == before
        control.setFocus()
        qtbot.waitUntil(control.hasFocus)
        assert turn(qapp, control) and control.value() != before


def test_other_choices_keep_what_is_chosen_without_an_edit(qtbot: QtBot) -> None:
    box = ChoiceBox("letters", "Letters", "One of them", LETTERS)
    qtbot.addWidget(box)
    box.set_value("b")
    with qtbot.assertNotEmitted(box.edited):
        box.offer((*LETTERS, ("c", "C", "the third")))
        assert (box.value(), box.count()) == ("b", 3)
        box.offer((("c", "C", ""),))
        assert box.value() == "c"


def test_numbers_without_decimals_are_whole(qtbot: QtBot) -> None:
    whole, real = RealSpin("whole", value=3), RealSpin("real", value=2.5, decimals=1)
    for spin in (whole, real):
        qtbot.addWidget(spin)
    assert type(whole.value()) is int and real.value() == 2.5


def test_an_interval_keeps_its_ends_apart(qtbot: QtBot) -> None:
    box = IntervalBox("part", "Part", "From here to there")
    qtbot.addWidget(box)
    box.set_value((0.2, 0.6))
    with qtbot.waitSignal(box.edited) as edited:
        box.low.setValue(0.7)
    assert edited.args == [(0.7, 0.71)]
    assert box.value() == (0.7, 0.71)
