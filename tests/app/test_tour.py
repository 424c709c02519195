"""The tour by clicks: every stop sets up a workspace that is there, and asks for its figure."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from studio.core import tour
from studio.core.generating import Generate
from studio.core.laboratory import Lab
from studio.core.messages import Finished
from studio.core.settings import Settings
from studio.core.tour import Measure, Measured, Stop
from studio.ui.workspaces import WORKSPACES
from studio.ui.workspaces.lab.view import LabView
from studio.ui.workspaces.tour.panel import TourPanel
from tests.app.conftest import Stage

STOPS = [stop for chapter in tour.chapters() for stop in chapter.stops]


def the_tour(stage: Stage) -> TourPanel:
    key = Qt.Key(Qt.Key.Key_1.value + tuple(WORKSPACES).index("tour"))
    QTest.keyClick(stage.window, key, Qt.KeyboardModifier.ControlModifier)
    panel = stage.window.panel("tour")
    assert isinstance(panel, TourPanel) and panel.isVisible()
    return panel


def test_every_stop_sets_up_its_workspace(stage: Stage, qtbot: QtBot) -> None:
    panel = the_tour(stage)
    for number, stop in enumerate(STOPS):
        stage.window._go_to("tour")
        panel.list.setCurrentItem(panel._items[number])
        QTest.mouseClick(stage.find("tourShow"), Qt.MouseButton.LeftButton)
        shown = stage.window.panel(stop.workspace)
        qtbot.waitUntil(lambda shown=shown: getattr(shown, "_stop", None) is None)
        assert shown.isVisible(), stop.id
        assert shown.banner.kind != "error", (stop.id, shown.banner.text.text())
        assert stage.window.tour.text.text() == stop.look


def test_a_stop_begins_and_the_line_leads_back(stage: Stage) -> None:
    panel = the_tour(stage)
    QTest.mouseClick(stage.find("tourShow"), Qt.MouseButton.LeftButton)
    request = stage.bridge.requests[-1]
    assert isinstance(request, Generate) and request.settings.prompt == "a teddy bear"
    QTest.mouseClick(stage.find("tourBarBack"), Qt.MouseButton.LeftButton)
    assert panel.isVisible()
    QTest.mouseClick(stage.find("tourBarClose"), Qt.MouseButton.LeftButton)
    assert not stage.window.tour.isVisible()


@pytest.mark.parametrize(("value", "words"), [(196608.0, "as it should be"), (3.0, "outside")])
def test_measuring_says_whether_the_figure_holds(stage: Stage, value: float, words: str) -> None:
    panel = the_tour(stage)
    QTest.mouseClick(stage.find("tourMeasure"), Qt.MouseButton.LeftButton)
    assert isinstance(stage.bridge.requests[-1], Measure)
    job = len(stage.bridge.requests) - 1
    stage.bridge.arrived.emit(Measured(job, value))
    stage.bridge.arrived.emit(Finished(job, 0.1))
    found = stage.find("tourFound")
    assert isinstance(found, QLabel) and words in found.text()
    title = panel.list.currentItem().text(0)
    assert title.startswith("✓") == panel.stop.figure.holds(value)
    panel.step(1)
    assert not found.text()
    panel.step(-1)
    assert words in found.text()
    again = TourPanel(panel.shared)  # as when the studio is started anew
    assert again.list.currentItem().text(0) == title and words in again.page.found.text()


def test_keys_walk_the_stops(stage: Stage) -> None:
    panel = the_tour(stage)
    QTest.keyClick(panel, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert panel.number == 1
    QTest.keyClick(panel, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert panel.number == 0


def test_a_stop_takes_the_users_own_newest_picture(stage: Stage, qtbot: QtBot) -> None:
    stage.panel.generate()
    stage.bridge.make(len(stage.bridge.requests) - 1, Settings("mine"))
    qtbot.waitUntil(lambda: bool(stage.panel.library.entries[0].path))
    panel = the_tour(stage)
    stop = next(s for s in STOPS if s.workspace == "reconstruct" and s.picture)
    panel.list.setCurrentItem(panel._items[STOPS.index(stop)])
    QTest.mouseClick(stage.find("tourShow"), Qt.MouseButton.LeftButton)
    bench = stage.window.panel("reconstruct").bench
    qtbot.waitUntil(lambda: len(bench.sources) == 2)
    assert "mine" in {source.name for source in bench.sources}


def test_a_stop_about_language_finds_pictures_but_no_more_each_time(
    stage: Stage, qtbot: QtBot
) -> None:
    panel = the_tour(stage)
    stop = next(s for s in STOPS if s.workspace == "language")
    for _ in range(2):
        stage.window._go_to("tour")
        panel.list.setCurrentItem(panel._items[STOPS.index(stop)])
        QTest.mouseClick(stage.find("tourShow"), Qt.MouseButton.LeftButton)
        desk = stage.window.panel("language").desk
        qtbot.waitUntil(lambda desk=desk: len(desk.sources) == 6, timeout=30_000)
    assert [source.name for source in desk.sources] == [f"sample {n}" for n in range(1, 7)]


def test_a_stop_of_the_lab_runs_once_though_a_tick_began_a_run(stage: Stage) -> None:
    panel = the_tour(stage)
    ticked = next(n for n, stop in enumerate(STOPS) if ("labLikelihood", True) in stop.set)
    panel.list.setCurrentItem(panel._items[ticked])
    QTest.mouseClick(stage.find("tourShow"), Qt.MouseButton.LeftButton)
    view = stage.find("labView")
    assert isinstance(view, LabView) and view.busy
    assert not view.banner.isVisible(), view.banner.text.text()
    asked = [n for n, each in enumerate(stage.bridge.requests) if isinstance(each, Lab)]
    assert set(asked) - set(stage.bridge.cancels) == {asked[-1]}  # one that goes on
    last = stage.bridge.requests[asked[-1]]
    assert isinstance(last, Lab) and last.likelihood
    assert last.settings.sampler == dict(STOPS[ticked].set)["labSampler0"]


@pytest.mark.parametrize("stop", [s for s in STOPS if s.view == "lab"], ids=lambda stop: stop.id)
def test_a_stop_of_the_lab_leaves_nothing_to_the_stop_before(stop: Stop) -> None:
    """It names every control; of the steps and w, those that are in use."""
    named, number = dict(stop.set), range(4)
    wanted = {f"lab{name}" for name in ("Data", "Source", "Class", "Field", "Trails", "Truth")}
    wanted |= {"labLikelihood", *(f"labSampler{n}" for n in number)}
    wanted |= {f"labSteps{n}" for n in number if named.get(f"labSampler{n}")}
    wanted |= {"labGuidance"} if named.get("labClass", -1) >= 0 else set()
    assert set(named) == wanted
