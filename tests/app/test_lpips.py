"""LPIPS's weights are fetched when the user agrees, and only then."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from studio.bridge import perceptual
from studio.core.errors import ModelError, StudioError
from studio.ui.workspaces.reconstruct.panel import ReconstructPanel
from tests.app.conftest import Stage
from tests.app.test_reconstruct import answer, click, panel_of, picture


class Server:
    """Stands for the network; `error` is what it answers with, if anything."""

    def __init__(self) -> None:
        self.asked, self.there, self.slow = 0, False, False
        self.error: StudioError | None = None

    def missing(self) -> str:
        return "" if self.there else "/cache/squeezenet.pth"

    def fetch(self, hear: Callable[[float], None], stopped: Callable[[], bool]) -> Path | None:
        self.asked += 1
        hear(0.4)
        while self.slow:
            if stopped():
                return None
            time.sleep(0.005)
        if self.error is not None:
            raise self.error
        self.there = True
        return Path("/cache/squeezenet.pth")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(perceptual, "missing", made.missing)
    monkeypatch.setattr(perceptual, "fetch", made.fetch)
    return made


@pytest.fixture
def panel(stage: Stage, server: Server, qtbot: QtBot) -> ReconstructPanel:
    found = panel_of(stage, qtbot)
    qtbot.waitUntil(lambda: found.lpips.button.isVisible())
    return found


def test_nothing_is_fetched_unless_one_agrees(
    stage: Stage, server: Server, panel: ReconstructPanel, qtbot: QtBot
) -> None:
    click(qtbot, stage, "getLpips")
    said = panel.banner.text.text()
    assert "5 MB" in said and "/cache/squeezenet.pth" in said and server.asked == 0
    for button in panel.banner._choices:
        if button.text() == "Not now":
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert panel.banner.isHidden() and server.asked == 0 and panel.lpips.button.isVisible()


def agree(stage: Stage, panel: ReconstructPanel, qtbot: QtBot, done: Callable[[], bool]) -> None:
    click(qtbot, stage, "getLpips")
    qtbot.mouseClick(panel.banner._choices[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(done)


def test_fetched_and_measured_again(
    stage: Stage, server: Server, panel: ReconstructPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    panel.opener.files((picture(tmp_path / "a.png", 90),))
    qtbot.waitUntil(lambda: len(panel.bench.sources) == 1)
    click(qtbot, stage, "reconstruct")
    answer(stage, len(stage.bridge.requests) - 1, lpips=None)
    qtbot.waitUntil(lambda: panel.bench.job is None)
    asked = len(stage.bridge.requests)
    agree(stage, panel, qtbot, lambda: server.there and panel.lpips.button.isHidden())
    assert server.asked == 1 and "LPIPS is ready" in panel.banner.text.text()
    assert len(stage.bridge.requests) == asked + 1  # the picture without LPIPS, again


def test_a_failure_is_said_and_one_can_retry(
    stage: Stage, server: Server, panel: ReconstructPanel, qtbot: QtBot
) -> None:
    server.error = ModelError("No connection; retry.")
    agree(stage, panel, qtbot, lambda: panel.banner.kind == "error")
    assert panel.banner.text.text() == "No connection; retry."
    assert panel.lpips.button.isEnabled() and panel.lpips.button.isVisible()
    server.error = None
    agree(stage, panel, qtbot, lambda: panel.lpips.button.isHidden())


def test_progress_is_shown_and_the_fetch_can_be_stopped(
    stage: Stage, server: Server, panel: ReconstructPanel, qtbot: QtBot
) -> None:
    server.slow = True
    agree(stage, panel, qtbot, lambda: "40%" in panel.lpips.button.text())
    click(qtbot, stage, "getLpips")
    qtbot.waitUntil(lambda: panel.banner.isVisible())
    assert "stopped; nothing was kept" in panel.banner.text.text()
    assert panel.lpips.button.text() == "Get LPIPS…" and not server.there


def test_where_they_are_nothing_is_offered(stage: Stage, server: Server, qtbot: QtBot) -> None:
    server.there = True
    panel = next(p for p in stage.window.panels if isinstance(p, ReconstructPanel))
    with qtbot.waitSignal(panel.lpips._background.done) as heard:
        panel_of(stage, qtbot)
    assert heard.args == ["missing", ""] and panel.lpips.button.isHidden()
