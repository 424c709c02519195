"""The real window on a recording bridge, with its own settings file and pictures folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QSettings
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from studio.diffusion.guidance import all_rules
from studio.diffusion.samplers import all_samplers
from studio.diffusion.schedules import all_schedules
from studio.ui.jobs import Jobs
from studio.ui.library.pictures import Library
from studio.ui.preferences import Preferences
from studio.ui.session import Session
from studio.ui.shared import Shared
from studio.ui.theme import Theme
from studio.ui.window import Window
from studio.ui.workspaces.generate.panel import GeneratePanel
from tests.app.fakes import RecordingBridge


@dataclass
class Stage:
    """A window under test and what is around it."""

    window: Window
    bridge: RecordingBridge
    folder: Path
    store: QSettings

    @property
    def panel(self) -> GeneratePanel:
        panel = self.window.panel("generate")
        assert isinstance(panel, GeneratePanel)
        return panel

    def find(self, name: str) -> QWidget:
        found = self.window.findChild(QWidget, name)
        assert found is not None, name
        return found


def open_window(
    qtbot: QtBot, app: QApplication, folder: Path, ini: Path, whole: bool = True
) -> Stage:
    """`whole`: with all workspaces, as it is a moment after a real start."""
    # the windows of earlier tests wait for an event loop to end; every one that is there is styled
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    store = QSettings(str(ini), QSettings.Format.IniFormat)
    preferences = Preferences(store)
    session = Session(all_samplers(), None, all_rules(), all_schedules())
    preferences.restore(session)
    shared = Shared(session, Jobs(), Library(folder), preferences)
    window = Window(shared, Theme(app, preferences.get("theme")))
    qtbot.addWidget(window)
    bridge = RecordingBridge()
    assert not whole or window.panels
    shared.jobs.attach(bridge, session.model.get())  # type: ignore[arg-type]
    bridge.get_ready()
    window.show()
    qtbot.waitExposed(window)
    return Stage(window, bridge, folder, store)


@pytest.fixture
def stage(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Stage]:
    stage = open_window(qtbot, qapp, tmp_path / "Pictures", tmp_path / "settings.ini")
    yield stage
    stage.window.close()
