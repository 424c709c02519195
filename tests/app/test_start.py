"""The window's start: the first screen alone, then the rest while nobody waits for it."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from studio.core import messages
from studio.ui import workspaces as panels
from tests.app.conftest import Stage, open_window

LATE = ("torch", "numpy", "PIL", "sqlite3", "pyqtgraph", "studio.engine", "studio.bridge.bridge")
FIRST_SCREEN = """
import sys
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
import studio.app
app = QApplication([])
made = studio.app.Studio(app, QSettings("/dev/null", QSettings.Format.IniFormat))
made.window.show()
app.processEvents()
print(*sys.modules)
"""
CLOSED_SOON = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import studio.app
shown = studio.app.Studio.start_engine
def start_engine(self):
    shown(self)
    QTimer.singleShot(100, self.window.close)
studio.app.Studio.start_engine = start_engine
sys.exit(studio.app.main([]))
"""


@pytest.fixture
def fresh(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Stage]:
    """A window as it is at its first paint."""
    stage = open_window(qtbot, qapp, tmp_path / "Pictures", tmp_path / "settings.ini", whole=False)
    yield stage
    stage.window.close()


def is_built(stage: Stage, workspace: str) -> bool:
    return stage.window.findChild(QWidget, f"{workspace}Panel") is not None


def menu_of(stage: Stage) -> list[str]:
    menu = stage.find("menu").menu()  # type: ignore[attr-defined]
    return [action.objectName() for action in menu.actions() if action.objectName()]


def test_the_first_screen_imports_nothing_else() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FIRST_SCREEN], capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split())
    assert "studio.ui.workspaces.generate.panel" in loaded
    others = {f"studio.ui.workspaces.{each}" for each in panels.WORKSPACES if each != "generate"}
    assert not loaded & {*LATE, *others}


def test_every_workspace_is_listed() -> None:
    rooms = (each.name for each in pkgutil.iter_modules(panels.__path__))
    found = [room for room in rooms if find_spec(f"{panels.__name__}.{room}.panel")]
    assert sorted(panels.WORKSPACES) == sorted(found)


def test_a_workspace_is_built_when_it_is_opened(qtbot: QtBot, fresh: Stage) -> None:
    assert is_built(fresh, "generate") and not is_built(fresh, "interpolate")
    before = menu_of(fresh)
    tabs = fresh.find("workspaces")
    assert isinstance(tabs, QTabBar)
    at = list(panels.WORKSPACES).index("interpolate")
    centre = tabs.tabRect(at).center()
    qtbot.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=centre)
    assert fresh.window.panel("interpolate").isVisible()
    assert [each for each in menu_of(fresh) if each not in before] == ["walk_export"]
    assert not is_built(fresh, "compare")
    qtbot.keyClick(fresh.window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert fresh.window.panel("compare").isVisible()
    offered = menu_of(fresh)  # of the workspace shown
    assert [each for each in offered if each not in before] == ["export"]
    assert "open_folder" not in offered and offered.index("export") < offered.index("keys")


def test_the_rest_is_built_while_the_engine_rests(qtbot: QtBot, fresh: Stage) -> None:
    fresh.panel.session.prompt.set("a whale")
    fresh.panel.generate()
    job = len(fresh.bridge.requests) - 1
    fresh.window.build_rest()
    fresh.bridge.begin(job)
    fresh.bridge.step(job, 1)
    assert not fresh.window._turns.isActive()  # only these turns build
    assert not is_built(fresh, "compare")
    fresh.bridge.arrived.emit(messages.Finished(job, 1.0))
    qtbot.waitUntil(lambda: is_built(fresh, tuple(panels.WORKSPACES)[-1]), timeout=10_000)
    assert all(is_built(fresh, each) for each in panels.WORKSPACES)
    assert fresh.panel.isVisible()


def test_a_closed_window_builds_no_more(qtbot: QtBot, fresh: Stage) -> None:
    fresh.window.build_rest()
    assert fresh.window._turns.isActive()
    fresh.window.close()
    qtbot.waitUntil(lambda: not fresh.window._turns.isActive(), timeout=10_000)
    assert not is_built(fresh, "history")


def test_a_closed_window_is_gone_before_its_pictures_are_written(
    fresh: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    library = fresh.window.shared.library
    close = library.close
    monkeypatch.setattr(library, "close", lambda: (seen.append(fresh.window.isVisible()), close()))
    fresh.window.close()
    assert seen == [False]


def test_closing_while_it_starts_ends_the_program(tmp_path: Path) -> None:
    """The engine is importing torch then."""
    homes = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    ran = subprocess.run(
        [sys.executable, "-c", CLOSED_SOON], env={**os.environ, **homes}, check=False, timeout=60
    )
    assert ran.returncode == 0


def test_what_waits_is_kept_though_nobody_opened_the_queue(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    ini = tmp_path / "settings.ini"
    ini.write_text("[General]\nkeep_queue=true\n")
    stage = open_window(qtbot, qapp, tmp_path / "Pictures", ini, whole=False)
    stage.panel.session.prompt.set("a whale")
    stage.panel.generate()
    stage.window.close()
    again = open_window(qtbot, qapp, tmp_path / "Pictures", ini)
    banner = again.window.panel("queue").banner  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: banner.kind == "offer")
    assert "1 request is left" in banner.text.text()
    again.window.close()
