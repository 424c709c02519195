"""The window as a whole: themes, keys, what is remembered, accessibility, no torch."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollBar,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from studio.core.grid import Axis, Grid
from studio.core.messages import Failed, Finished, Loading, LoadModel, Ready
from studio.core.settings import Settings
from studio.core.sizes import Size, Sizes
from studio.ui import icons
from studio.ui.keys_dialog import KeysDialog
from studio.ui.start import from_pixels
from studio.ui.theme import DARK, LIGHT, Tokens
from studio.ui.widgets.sampler_box import describe
from studio.ui.window import FRAME, Window
from studio.ui.workspaces.compare.panel import ComparePanel
from studio.ui.workspaces.reconstruct.panel import ReconstructPanel
from tests.app.conftest import Stage, open_window

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
INTERACTIVE = (
    QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit,
)  # fmt: skip


def test_theme_switches_with_its_key(qtbot: QtBot, stage: Stage) -> None:
    stage.window.theme.choose("light")
    assert stage.window.palette().window().color().name() == LIGHT.window
    qtbot.keyClick(stage.window, Qt.Key.Key_L, CONTROL | SHIFT)
    assert stage.window.palette().window().color().name() == DARK.window


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read(tokens: Tokens) -> None:
    grounds = (tokens.window, tokens.panel, tokens.field, tokens.raised)
    pairs = [(text, ground) for text in (tokens.text, tokens.muted) for ground in grounds]
    pairs += [
        (tokens.on_accent, tokens.accent),
        (tokens.on_accent, tokens.accent_hover),
        (tokens.text, tokens.danger_ground),
        (tokens.text, tokens.info_ground),
        (tokens.accent, tokens.panel),
    ]
    for one, other in pairs:
        dark, light = sorted((luminance(one), luminance(other)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (one, other)


def test_keys_dialog_lists_every_action(qtbot: QtBot, stage: Stage) -> None:
    qtbot.keyClick(stage.window, Qt.Key.Key_F1)
    dialog = stage.window.findChild(KeysDialog)
    assert dialog is not None
    qtbot.waitUntil(dialog.isVisible)
    dialog.close()


def test_settings_are_remembered(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, stage: Stage
) -> None:
    session = stage.panel.session
    session.prompt.set("a whale")
    session.sampler.set("ddpm")
    session.steps.set(21)
    session.guidance.set(5.5)
    stage.panel.column.seed.line.setFocus()
    qtbot.keyClicks(stage.panel.column.seed.line, "77")
    stage.window.theme.choose("dark")
    stage.window.close()
    again = open_window(qtbot, qapp, stage.folder, tmp_path / "settings.ini")
    assert again.panel.session.settings() == session.settings()
    assert again.window.theme.choice == "dark"
    again.window.close()


def test_a_locked_seed_draws_the_same_picture_after_a_restart(
    qtbot: QtBot,
    qapp: QApplication,
    tmp_path: Path,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every one of the settings, and the picture that it starts from under its mask."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    session = stage.panel.session
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    start = from_pixels("a.png", pixels).masked(pixels[..., 0] * 9)
    session.start.set(start)
    other = Settings(
        "a {red|blue} whale", "fog", sampler="edm-heun", steps=21, guidance=5.5,
        guidance_interval=(0.2, 0.9), seed=77, options=(("s_churn", 7.5), ("s_noise", 1.005)),
        schedule="karras", shift=2.5, rule="apg", rule_options=(("eta", 0.5),), classifier="bear",
        classifier_scale=3.5, strength=0.45, variation=0.25, variation_seed=9,
    )  # fmt: skip
    session.use_all(start.named(other))
    session.prompt.set(other.prompt)
    session.trajectories.set(True)
    before = session.settings()
    usual = Settings("")
    same = {f.name for f in fields(Settings) if getattr(before, f.name) == getattr(usual, f.name)}
    others = {"addons", "cache", "clip_skip", "model", "size", "syntax"}  # of other models
    assert same == others
    stage.window.close()
    again = open_window(qtbot, qapp, stage.folder, tmp_path / "settings.ini")
    after = again.panel.session
    qtbot.waitUntil(lambda: after.start.get() is not None)
    assert after.settings() == before
    assert after.seed_locked.get() and after.variation_locked.get() and after.trajectories.get()
    again.window.close()


def test_every_workspace_comes_back_as_it_was_left(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, stage: Stage
) -> None:
    def panels(window: Window) -> tuple[Any, Any, Any, Any]:
        compare, reconstruct = window.panel("compare"), window.panel("reconstruct")
        assert isinstance(compare, ComparePanel) and isinstance(reconstruct, ReconstructPanel)
        reconstruct.tabs.setCurrentIndex([s.id for s in reconstruct._specs].index("train"))
        train = reconstruct.findChild(QWidget, "trainView")
        return compare, compare.show_view("lab"), reconstruct, train

    grid = Grid(Axis("guidance", (0.5, 2.0)), Axis("prompt", ("a cat", "a dog")))
    compare, lab, reconstruct, train = panels(stage.window)
    compare.column.axes.set_grid(grid)
    compare.column.own_steps.setChecked(False)
    lab.controls.data.setCurrentIndex(1)
    lab.controls.seed.setValue(17)
    lab.trails.setChecked(True)
    lab.columns[0].box.setCurrentIndex(lab.columns[0].box.findData("ddim"))
    train.column.recipe.setCurrentIndex(1)
    train.column.weights["kl"].setValue(0.125)
    reconstruct._listed = True
    reconstruct.bench.choose(("vae-l2",))
    asked = lab.controls.request("ddim", 5, False), train.column.request()
    stage.window.close()
    again = open_window(qtbot, qapp, stage.folder, tmp_path / "settings.ini")
    compare, lab, reconstruct, train = panels(again.window)
    assert compare.column.axes.grid() == grid and not compare.column.own_steps.isChecked()
    assert (lab.controls.request("ddim", 5, False), train.column.request()) == asked
    assert lab.trails.isChecked() and lab.columns[0].box.currentData() == "ddim"
    reconstruct._done("autoencoders", ((("vae-l2", ""), ("vae-lpips", "")), ()))
    assert reconstruct.bench.chosen == ("vae-l2",)
    again.window.close()


def test_a_sampler_remembered_under_an_alias_is_chosen_by_its_name(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    ini = tmp_path / "older.ini"
    ini.write_text('[General]\nsampler="\\"flow-2m\\""\nsteps=17\n')
    stage = open_window(qtbot, qapp, tmp_path / "Pictures", ini)
    settings = stage.panel.session.settings()
    assert (settings.sampler, settings.steps) == ("dpmpp-2m", 17)
    assert stage.panel.column.sampler.currentText() == "DPM-Solver++ 2M"
    assert "flow-2m means dpmpp-2m" in stage.panel.column.sampler.toolTip()
    stage.window.close()


def test_tips_say_what_a_step_costs(stage: Stage) -> None:
    tips = {name: describe(spec) for name, spec in stage.panel.session.samplers.items()}
    assert "1 network call a step" in tips["ddim"] and "4 network calls a step" in tips["flow-rk4"]
    assert "network calls: adaptive" in tips["flow-dopri5"]
    assert not [tip for tip in tips.values() if " 0 network" in tip or "None" in tip]


def test_a_first_start_has_the_sessions_defaults(stage: Stage) -> None:
    settings = stage.panel.session.settings()
    assert settings.guidance == 4.0
    assert settings.steps == stage.panel.session.samplers[settings.sampler].default_steps


def test_a_first_start_fits_the_screen_with_its_title_bar(stage: Stage) -> None:
    screen = stage.window.screen().availableGeometry()
    assert screen.height() < 780 + FRAME  # as on many laptops
    assert stage.window.height() == screen.height() - FRAME


def test_damaged_preferences_are_ignored(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    ini = tmp_path / "broken.ini"
    ini.write_text('[General]\nsteps="-5"\nguidance="nan"\nhistory="{"\ntheme="\\"pink\\""\n')
    stage = open_window(qtbot, qapp, tmp_path / "Pictures", ini)
    assert stage.panel.session.guidance.get() == 4.0
    assert stage.window.theme.choice == "system"
    stage.window.close()


def test_every_control_has_a_name_and_a_tip(stage: Stage) -> None:
    silent = []
    for widget in stage.window.findChildren(QWidget):
        inner = isinstance(
            widget.parent(), QAbstractSpinBox | QComboBox | QAbstractItemView | QTabBar
        )
        hidden = isinstance(widget, QScrollBar) or widget.objectName().startswith(("qt_", "banner"))
        if not isinstance(widget, INTERACTIVE) or inner or hidden:
            continue
        if not (widget.objectName() and widget.accessibleName() and widget.toolTip()):
            silent.append((type(widget).__name__, widget.objectName(), widget.accessibleName()))
    assert not silent


def test_status_line_tells_model_device_precision(stage: Stage) -> None:
    assert stage.window.status.text.text() == "studio-256 · CPU · bfloat16"


def test_status_line_takes_the_size_from_the_model(qtbot: QtBot, stage: Stage) -> None:
    assert stage.window.status.size_text.text() == "256 × 256"
    own = stage.panel.session.model.get()
    stage.bridge.arrived.emit(Ready(0, own, "CPU", "bfloat16", 0.5, Sizes(Size.square(64))))
    assert stage.window.status.size_text.text() == "64 × 64"
    stage.panel.session.prompt.set("a cat")
    qtbot.mouseClick(stage.find("generate"), Qt.MouseButton.LeftButton)
    assert stage.bridge.jobs[-1].settings.size == Size.square(64)


@pytest.mark.parametrize(("choice", "tokens"), [("light", LIGHT), ("dark", DARK)])
def test_status_dot_takes_its_colours_from_the_theme(
    stage: Stage, choice: str, tokens: Tokens
) -> None:
    stage.window.theme.choose(choice)
    dot = stage.find("statusDot")

    def colour() -> str:
        return dot.grab().toImage().pixelColor(4, 4).name()

    assert colour() == tokens.good
    stage.bridge.arrived.emit(Loading(0, "other"))
    assert colour() == tokens.muted


def test_only_the_theme_names_a_colour() -> None:
    ui = Path(icons.__file__).parent
    named = [
        f"{path.relative_to(ui)}: {line.strip()}"
        for path in sorted(ui.rglob("*.py"))
        if path.name not in ("theme.py", "icons.py")  # an icon is made in any colour, then dressed
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"""["']#[0-9a-fA-F]{3,8}["']""", line)
    ]
    assert named == []


def test_another_model_is_opened_with_its_key(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session's from the moment it is loaded, with its size; one that fails changes nothing."""
    folder, session = str(tmp_path / "stable-diffusion"), stage.window.shared.session
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: folder)
    own = session.model.get()
    qtbot.keyClick(stage.window, Qt.Key.Key_M, CONTROL | SHIFT)
    assert stage.bridge.requests[-1] == LoadModel(folder)
    number = len(stage.bridge.requests) - 1
    stage.bridge.arrived.emit(Loading(number, folder))
    assert session.model.get() == own and "stable-diffusion" in text_of(stage)
    stage.bridge.arrived.emit(Failed(number, "It is damaged."))
    assert session.model.get() == own and session.size.get() == Size.square(256)
    assert stage.panel.banner.kind == "error"

    qtbot.keyClick(stage.window, Qt.Key.Key_M, CONTROL | SHIFT)
    number += 1
    stage.bridge.arrived.emit(
        Ready(number, folder, "CPU", "bfloat16", 0.5, Sizes(Size.square(512)))
    )
    stage.bridge.arrived.emit(Finished(number, 0.5))
    assert (session.model.get(), session.size.get()) == (folder, Size.square(512))
    assert text_of(stage).startswith("stable-diffusion · ")
    stage.bridge.arrived.emit(
        Ready(99, own, "CPU", "bfloat16", 0.5, Sizes(Size.square(256)))
    )  # for an older job
    assert (session.model.get(), session.size.get()) == (folder, Size.square(512))

    qtbot.keyClick(stage.window, Qt.Key.Key_0, CONTROL | SHIFT)
    assert stage.bridge.requests[-1] == LoadModel(own)


def text_of(stage: Stage) -> str:
    button = stage.find("statusText")
    assert isinstance(button, QPushButton)
    return button.text()
