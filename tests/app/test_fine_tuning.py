"""The settings behind "More", through the real window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from studio.core import messages
from studio.core.errors import UsageError
from studio.core.settings import Settings
from studio.core.sizes import Size, Sizes
from studio.core.specs import Parameter, checked_options
from studio.diffusion.guidance import all_rules
from studio.diffusion.samplers import all_samplers
from studio.ui.widgets.options_box import OptionsBox
from tests.app.conftest import Stage

OWN = Sizes(Size.square(256))

LEFT = Qt.MouseButton.LeftButton


def unfold(qtbot: QtBot, stage: Stage) -> None:
    qtbot.mouseClick(stage.find("more"), LEFT)
    assert stage.panel.column.more.body.isVisible()


def choose(stage: Stage, name: str, value: str) -> None:
    box = stage.find(name)
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(value))


def made(qtbot: QtBot, stage: Stage) -> Settings:
    qtbot.mouseClick(stage.find("generate"), LEFT)
    return stage.bridge.jobs[-1].settings


def test_folded_away_until_asked_for(qtbot: QtBot, stage: Stage) -> None:
    assert not stage.panel.column.more.body.isVisible()
    unfold(qtbot, stage)
    qtbot.mouseClick(stage.find("more"), LEFT)
    assert not stage.panel.column.more.body.isVisible()


def test_guidance_interval_is_chosen_and_keeps_its_ends_apart(qtbot: QtBot, stage: Stage) -> None:
    unfold(qtbot, stage)
    begins, ends = stage.find("guidanceIntervalFrom"), stage.find("guidanceIntervalTo")
    more, back = stage.find("more"), stage.find("interval")
    assert isinstance(begins, QDoubleSpinBox) and isinstance(ends, QDoubleSpinBox)
    assert isinstance(more, QPushButton)
    assert begins.toolTip() and begins.accessibleName() != ends.accessibleName()
    assert (begins.value(), ends.value(), back.isVisible()) == (1, 0, False)
    begins.setValue(0.8)
    ends.setValue(0.25)
    assert made(qtbot, stage).guidance_interval == (0.25, 0.8)
    assert back.isVisible() and more.text() == "More settings · 1 changed"
    begins.setValue(0.2)  # beyond its end, which gives way
    assert made(qtbot, stage).guidance_interval == (0.19, 0.2)
    stage.panel.session.interval.set((0.3, 0.9))
    assert (begins.value(), ends.value()) == (0.9, 0.3)
    qtbot.mouseClick(back, LEFT)
    assert made(qtbot, stage).guidance_interval == (0.0, 1.0)
    assert (begins.value(), ends.value()) == (1, 0)


def test_schedule_shift_and_rule_reach_the_request(qtbot: QtBot, stage: Stage) -> None:
    unfold(qtbot, stage)
    choose(stage, "schedule", "karras")
    choose(stage, "rule", "rescale")
    shift = stage.find("shiftSpin")
    assert isinstance(shift, QDoubleSpinBox)
    shift.setValue(3.0)
    phi = stage.find("ruleOptions-phi")
    assert isinstance(phi, QDoubleSpinBox)
    phi.setValue(0.25)
    settings = made(qtbot, stage)
    assert (settings.schedule, settings.shift, settings.rule) == ("karras", 3.0, "rescale")
    assert settings.rule_options == (("phi", 0.25),)
    more = stage.find("more")
    assert isinstance(more, QPushButton)
    assert "3 changed" in more.text()


def test_a_samplers_options_come_and_go_with_it(qtbot: QtBot, stage: Stage) -> None:
    unfold(qtbot, stage)
    session = stage.panel.session
    session.sampler.set("ddim")
    eta = stage.find("samplerOptions-eta")
    assert isinstance(eta, QDoubleSpinBox)
    eta.setValue(0.5)
    assert made(qtbot, stage).options == (("eta", 0.5),)
    session.sampler.set("dpmpp-2m")
    assert made(qtbot, stage).options == ()
    session.sampler.set("ddim")
    again = stage.find("samplerOptions-eta")
    assert isinstance(again, QDoubleSpinBox)
    assert again.value() == 0.0


def test_a_pictures_settings_come_back_whole(qtbot: QtBot, stage: Stage) -> None:
    settings = Settings(
        "a fox",
        sampler="ddim",
        options=(("eta", 0.5),),
        schedule="beta",
        shift=2.0,
        rule="apg",
        rule_options=(("momentum", 0.0),),
        classifier="fox",
        classifier_scale=3.5,
    )
    stage.panel.session.use_all(settings)
    back = replace(stage.panel.session.settings(), steps=settings.steps)
    assert back == settings
    assert stage.find("samplerOptions-eta").value() == 0.5  # type: ignore[attr-defined]


def test_the_classifier_is_offered_where_the_model_has_one(qtbot: QtBot, stage: Stage) -> None:
    unfold(qtbot, stage)
    field = stage.find("classifier")
    assert isinstance(field, QLineEdit)
    assert not field.isVisible()  # the recording bridge's model has none
    ready = messages.Ready(0, "studio-256", "CPU", "bfloat16", 0.1, OWN, ("fox", "teddy bear"))
    stage.bridge.arrived.emit(ready)
    assert field.isVisible()
    qtbot.keyClicks(field, "fox")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    settings = made(qtbot, stage)
    assert settings.classifier == "fox"
    assert settings.classifier_scale > 0
    completer = field.completer()
    assert completer is not None
    completer.setCompletionPrefix("bear")
    assert completer.currentCompletion() == "teddy bear"


def test_rules_that_need_more_than_the_model_has_cannot_be_chosen(stage: Stage) -> None:
    box = stage.find("rule")
    assert isinstance(box, QComboBox)
    row = box.findData("autoguidance")
    assert not box.model().index(row, 0).flags() & Qt.ItemFlag.ItemIsEnabled
    stage.bridge.arrived.emit(messages.Ready(0, "m", "CPU", "bfloat16", 0.1, OWN, needs=("weak",)))
    assert box.model().index(row, 0).flags() & Qt.ItemFlag.ItemIsEnabled


@pytest.mark.parametrize(
    "parameters", [spec.parameters for spec in (*all_samplers(), *all_rules()) if spec.parameters]
)
def test_every_specs_options_have_controls_that_show_the_default(
    qtbot: QtBot, parameters: tuple[Parameter, ...]
) -> None:
    box = OptionsBox("options")
    qtbot.addWidget(box)
    box.show_parameters(parameters)
    assert box.value() == ()


def test_options_are_checked() -> None:
    eta = Parameter("eta", "Eta", 0.0, "", 0.0, 1.0)
    count = Parameter("count", "Count", 2, "", 1, 9)
    flag = Parameter("flag", "Flag", True, "")
    kind = Parameter("kind", "Kind", "a", "", choices=("a", "b"))
    known = (eta, count, flag, kind)
    given = [("kind", "b"), ("eta", "0.5"), ("count", "3"), ("flag", "no")]
    expected = (("count", 3), ("eta", 0.5), ("flag", False), ("kind", "b"))
    assert checked_options("x", known, given) == expected
    assert checked_options("x", known, [("eta", 0), ("kind", "a")]) == ()
    wrong = [("eta", "2"), ("eta", "nan"), ("count", "2.5"), ("flag", "maybe"), ("kind", "c")]
    for option in (*wrong, ("theta", "1")):
        with pytest.raises(UsageError, match=option[0]):
            checked_options("x", known, [option])
