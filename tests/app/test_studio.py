"""The real window on the real engine, with a tiny random model: prompt to PNG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from studio import app
from studio.bridge.bridge import EngineBridge
from studio.engine.worker import open_from_disk
from studio.gallery import png
from tests import tiny


@pytest.fixture
def studio(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[app.Studio]:
    bundle = tiny.bundle(tmp_path / "tiny")

    def bridge(parent: app.Studio) -> EngineBridge:
        def open_tiny(_name: str, device: Any, check: Any) -> Any:
            return open_from_disk(str(bundle), device, check)

        return EngineBridge("cpu", open_tiny, parent)

    monkeypatch.setattr("studio.bridge.bridge.EngineBridge", bridge)
    monkeypatch.setattr(app, "pictures_folder", lambda: tmp_path / "Pictures")
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    made = app.Studio(qapp, store)
    qtbot.addWidget(made.window)
    settings = made.shared.session.settings
    monkeypatch.setattr(
        made.shared.session, "settings", lambda: replace(settings(), size=tiny.SIZE)
    )
    made.show()
    qtbot.waitUntil(lambda: made.shared.jobs.model is not None, timeout=20_000)
    yield made
    made.window.close()
    made.close()


def find(studio: app.Studio, name: str) -> QWidget:
    found = studio.window.findChild(QWidget, name)
    assert found is not None
    return found


def test_prompt_to_png(qtbot: QtBot, studio: app.Studio, tmp_path: Path) -> None:
    qtbot.keyClicks(find(studio, "prompt"), "a red bear")
    with qtbot.waitSignal(studio.shared.library.updated, timeout=20_000):
        qtbot.mouseClick(find(studio, "generate"), Qt.MouseButton.LeftButton)
    (path,) = (tmp_path / "Pictures").glob("*.png")
    settings = png.read_settings(path)
    assert settings.prompt == "a red bear"
    assert settings.seed == studio.shared.session.last_seed.get()
    said: Any = find(studio, "generateSaid")  # the job ends a moment after its picture is kept
    qtbot.waitUntil(lambda: said.text().startswith("Done in"), timeout=10_000)


def test_cancel_stops_a_long_job(qtbot: QtBot, studio: app.Studio, tmp_path: Path) -> None:
    studio.shared.session.steps.set(1000)
    studio.shared.session.count.set(64)
    qtbot.mouseClick(find(studio, "generate"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: studio.shared.jobs.progress is not None, timeout=20_000)
    with qtbot.waitSignal(studio.shared.jobs.ended, timeout=10_000):
        qtbot.keyClick(studio.window, Qt.Key.Key_Escape)
    assert studio.shared.jobs.sentence().startswith("Cancelled")
    assert not list((tmp_path / "Pictures").glob("*.png"))


def test_closing_while_it_works_ends_the_engine(qtbot: QtBot, studio: app.Studio) -> None:
    studio.shared.session.steps.set(1000)
    qtbot.mouseClick(find(studio, "generate"), Qt.MouseButton.LeftButton)
    studio.window.close()
    studio.close()
    assert studio.bridge is None


def test_an_engine_that_cannot_be_loaded_is_said(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = app.importlib.import_module

    def limited(name: str, package: str | None = None) -> Any:
        if name == "studio.engine.engine":
            raise ImportError(f"{name}: failed to map segment from shared object")
        return usual(name, package)

    monkeypatch.setattr(app.importlib, "import_module", limited)
    monkeypatch.setattr(app, "pictures_folder", lambda: tmp_path / "Pictures")
    made = app.Studio(qapp, QSettings(str(tmp_path / "ini"), QSettings.Format.IniFormat))
    qtbot.addWidget(made.window)
    made.show()
    qtbot.waitUntil(lambda: bool(made.shared.jobs.problem))
    assert "cannot be loaded (studio.engine.engine: failed" in (made.shared.jobs.problem or "")
    qtbot.waitUntil(lambda: made.window.panel("compare") is not None, timeout=20_000)  # all else is
    made.window.close()
    made.close()


def test_a_sampler_is_offered_where_the_bundled_model_has_its_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tiny.bundle(tmp_path / "tiny")
    monkeypatch.setattr(app, "bundled", lambda name: bundle)
    without = {spec.name for spec in app.offered()}
    tiny.with_turbo(bundle)
    assert {spec.name for spec in app.offered()} - without == {"turbo"}
