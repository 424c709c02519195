"""A model that others trained, in the real window on the real engine: what the own one can do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from studio import app
from studio.core.sizes import Size
from studio.gallery import png
from studio.models import registry
from tests import tiny

pytest.importorskip("transformers")

from tests.models.families.pipelines import saved

SIDE = 64
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def studio(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[app.Studio]:
    """With a tiny model for its own, and a tiny Stable Diffusion opened with the key."""
    usual, own = registry.open_model, tiny.bundle(tmp_path / "tiny")
    monkeypatch.setattr(
        registry,
        "open_model",
        lambda name, *rest: usual(str(own) if name == "studio-256" else name, *rest),
    )
    folder = tmp_path / "stable-diffusion"
    saved("sd1", folder)
    monkeypatch.setattr(app, "pictures_folder", lambda: tmp_path / "Pictures")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(folder))
    made = app.Studio(qapp, QSettings(str(tmp_path / "ini"), QSettings.Format.IniFormat))
    qtbot.addWidget(made.window)
    made.show()
    qtbot.waitUntil(lambda: made.shared.jobs.model is not None, timeout=30_000)
    qtbot.keyClick(made.window, Qt.Key.Key_M, CONTROL | SHIFT)
    session = made.shared.session
    qtbot.waitUntil(lambda: session.model.get() == str(folder), timeout=60_000)
    session.steps.set(4)
    yield made
    made.window.close()
    made.close()


def find(studio: app.Studio, name: str) -> QWidget:
    found = studio.window.findChild(QWidget, name)
    assert found is not None, name
    return found


def generated(qtbot: QtBot, studio: app.Studio) -> Path:
    """What Generate makes next."""
    folder = studio.shared.library.folder
    before = set(folder.glob("*.png"))
    with qtbot.waitSignal(studio.shared.library.updated, timeout=60_000):
        qtbot.mouseClick(find(studio, "generate"), Qt.MouseButton.LeftButton)
    (path,) = set(folder.glob("*.png")) - before
    return path


def test_prompt_to_png_and_on_from_there(qtbot: QtBot, studio: app.Studio) -> None:
    session = studio.shared.session
    session.trajectories.set(True)
    session.prompt.set("a (red:1.2) bear")
    path = generated(qtbot, studio)
    settings = png.read_settings(path)
    assert (settings.model, settings.size) == (session.model.get(), Size.square(SIDE))

    viewer = studio.window.panel("generate")
    viewer.actions_by_id["start_here"].trigger()
    qtbot.waitUntil(lambda: session.start.get() is not None, timeout=20_000)
    session.strength.set(0.5)
    again = png.read_settings(generated(qtbot, studio))
    assert again.source and again.strength == 0.5


def test_samplers_side_by_side(qtbot: QtBot, studio: app.Studio) -> None:
    studio.window._go_to("compare")
    panel = studio.window.panel("compare")
    studio.shared.session.prompt.set("a bear")
    with qtbot.waitSignal(studio.shared.jobs.ended, timeout=120_000):
        qtbot.keyClick(panel, Qt.Key.Key_Return, CONTROL)
    results = panel.comparison.results  # type: ignore[attr-defined]
    assert len(results) > 1
    assert all(each.picture.image.width() == SIDE for each in results)
