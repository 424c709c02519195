"""A model that others trained, in the real window on the real engine: what the own one can do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from studio import app
from studio.gallery import png
from studio.models import registry
from tests import tiny

pytest.importorskip("transformers")

from tests.models.families.pipelines import saved
from tests.models.families.test_dressing import kohya, written

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
    assert (settings.model, settings.size) == (session.model.get(), SIDE)

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


def test_lora_by_clicks(qtbot: QtBot, studio: app.Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Added, weighed, drawn with, taken out; and gone with the model that takes it."""
    session, folder = studio.shared.session, Path(studio.shared.session.model.get())
    path = folder.parent / "ink.safetensors"
    written(path, kohya(saved("sd1", folder.parent / "other" / "sd1"), 1))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *args: ([str(path)], ""))
    section = find(studio, "addonsFold").parentWidget()
    assert section.isVisible()
    session.seed.set(5)
    session.seed_locked.set(True)
    plain = png.read_settings(without := generated(qtbot, studio))
    qtbot.keyClick(studio.window, Qt.Key.Key_F, Qt.KeyboardModifier.AltModifier)
    qtbot.mouseClick(find(studio, "addonsAdd"), Qt.MouseButton.LeftButton)
    find(studio, "addon0Spin").setValue(0.5)  # type: ignore[attr-defined]
    settings = png.read_settings(with_it := generated(qtbot, studio))
    (addon,) = settings.addons
    assert (addon.name, addon.weight, addon.kind) == ("ink", 0.5, "LoRA")
    assert read(without) != read(with_it)

    qtbot.mouseClick(find(studio, "addon0Remove"), Qt.MouseButton.LeftButton)
    assert session.addons.get() == ()
    again = generated(qtbot, studio)
    assert png.read_settings(again) == plain and read(again) == read(without)
    session.use_all(settings)
    assert session.addons.get() == settings.addons
    qtbot.keyClick(studio.window, Qt.Key.Key_0, CONTROL | SHIFT)
    qtbot.waitUntil(lambda: not section.isVisible(), timeout=30_000)
    session.use_all(settings)
    assert session.addons.get() == ()


def read(path: Path) -> bytes:
    with Image.open(path) as image:
        return image.tobytes()
