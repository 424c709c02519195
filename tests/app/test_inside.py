"""Inside the latent through real clicks, on a recording bridge: what is asked, what is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from studio.bridge.probes import all_probes
from studio.core.autoencoding import Curve, Probe, Probed, Tile
from studio.core.messages import CancelledAt, Failed, Finished
from studio.ui.starting.opener import Source
from studio.ui.workspaces.reconstruct.inside import InsideView
from tests.app.conftest import Stage
from tests.app.test_reconstruct import click, panel_of

NAMES = ("ae", "vae-l2")


def grey(value: int) -> np.ndarray:
    return np.full((20, 30, 3), value, np.uint8)


@pytest.fixture
def view(stage: Stage, qtbot: QtBot) -> InsideView:
    """On the tab, with two pictures and two autoencoders; the first experiment is asked for."""
    panel = panel_of(stage, qtbot)
    panel.bench.choose(NAMES)
    panel.bench.add((Source("first", grey(90)), Source("second", grey(160))))
    panel.tabs.setCurrentIndex([spec.id for spec in panel._specs].index("inside"))
    found = panel._views["inside"]
    assert isinstance(found, InsideView)
    return found


def asked(stage: Stage) -> list[Probe]:
    return [each for each in stage.bridge.requests if isinstance(each, Probe)]


def settle(stage: Stage, view: InsideView, qtbot: QtBot, count: int) -> None:
    qtbot.waitUntil(lambda: len(asked(stage)) >= count and not view._settle.isActive())


def answer(stage: Stage, job: int, curves: tuple[Curve, ...] = ()) -> None:
    """Three tiles, perhaps curves, and the end."""
    request = stage.bridge.requests[job]
    assert isinstance(request, Probe)
    tiles = tuple(Tile(f"tile {n}", grey(40 * n), f"{n} dB") for n in range(3))
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(
        Probed(job, request.probe, request.autoencoder, tiles, 2, "Measured.", curves, "x", "y")
    )
    stage.bridge.arrived.emit(Finished(job, 0.1))


def choose(view: InsideView, name: str) -> None:
    """As a choice from the list does."""
    view.probe.setCurrentIndex(view.probe.findData(name))


@pytest.mark.parametrize("spec", all_probes(), ids=lambda spec: spec.name)
def test_every_experiment_asks_for_what_it_needs(
    stage: Stage, view: InsideView, qtbot: QtBot, spec: object
) -> None:
    name, pictures, own = spec.name, spec.pictures, spec.own  # type: ignore[attr-defined]
    settle(stage, view, qtbot, 1)
    choose(view, name)
    click(qtbot, stage, "insideRun")
    request = asked(stage)[-1]
    request.check()
    assert (request.probe, request.autoencoder) == (name, own or "ae")
    assert view.first.isVisible() == view.second.isVisible() == (not own)
    assert [int(each[0, 0, 0]) for each in request.pictures] == [90, 160][:pictures]
    assert view.other.isVisible() == (pictures == 2)


def test_tiles_words_and_curves_are_shown(stage: Stage, view: InsideView, qtbot: QtBot) -> None:
    settle(stage, view, qtbot, 1)
    line = Curve("PSNR <b>", (0.0, 1.0), (30.0, 20.0))
    answer(stage, len(stage.bridge.requests) - 1, (line,))
    assert view.words.text() == "ae: Measured."
    assert len(view._plot.getPlotItem().listDataItems()) == 1
    assert "PSNR &lt;b&gt;" in view.legend.text() and view.legend.isVisible()
    tile = stage.find("tile-2")
    assert isinstance(tile, QToolButton) and "2 dB" in tile.text() and tile.accessibleName()
    qtbot.mouseClick(tile, Qt.MouseButton.LeftButton)
    assert view.canvas._image.pixelColor(3, 3).red() == 80


def test_two_stand_one_under_the_other(stage: Stage, view: InsideView, qtbot: QtBot) -> None:
    settle(stage, view, qtbot, 1)
    view.second.setCurrentIndex(view.second.findData("vae-l2"))
    settle(stage, view, qtbot, 3)
    first, second = len(stage.bridge.requests) - 2, len(stage.bridge.requests) - 1
    assert [each.autoencoder for each in asked(stage)[-2:]] == list(NAMES)
    answer(stage, second)  # whichever comes first
    answer(stage, first)
    assert view.words.text() == "ae: Measured.\nvae-l2: Measured."
    assert len(view._tiles) >= 6


def test_an_option_asks_anew_and_forgets_what_was_asked(
    stage: Stage, view: InsideView, qtbot: QtBot
) -> None:
    choose(view, "noise")
    settle(stage, view, qtbot, 1)
    before, job = len(asked(stage)), len(stage.bridge.requests) - 1
    control = view.options._controls["most"]
    control.setFocus()
    control.setValue(2.0)  # type: ignore[attr-defined]
    control.setValue(3.0)  # type: ignore[attr-defined]
    settle(stage, view, qtbot, before + 1)
    assert len(asked(stage)) == before + 1  # once for both, when it has settled
    assert asked(stage)[-1].options == (("most", 3.0),)
    assert stage.bridge.cancels[-1] == job
    answer(stage, job)  # too late
    assert view.words.text() == "Looking…"


def test_escape_cancels_within_the_view(stage: Stage, view: InsideView, qtbot: QtBot) -> None:
    settle(stage, view, qtbot, 1)
    job = len(stage.bridge.requests) - 1
    view.setFocus()
    qtbot.keyClick(stage.window, Qt.Key.Key_Escape)
    assert stage.bridge.cancels[-1] == job and not view.asked
    stage.bridge.arrived.emit(CancelledAt(job, 0))


def test_a_failure_is_said_in_place(stage: Stage, view: InsideView, qtbot: QtBot) -> None:
    settle(stage, view, qtbot, 1)
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(Failed(job, "memory ran out; take a smaller picture."))
    assert view.words.text() == "Memory ran out; take a smaller picture."
    click(qtbot, stage, "insideRun")  # and goes on
    assert view.words.text() == "Looking…"


def test_what_lacks_is_said(stage: Stage, view: InsideView, qtbot: QtBot, tmp_path: Path) -> None:
    settle(stage, view, qtbot, 1)
    panel = panel_of(stage, qtbot)
    choose(view, "paste")
    panel.bench.remove(1)
    click(qtbot, stage, "insideRun")
    assert "second picture" in view.words.text()
    panel.bench.clear()
    choose(view, "noise")
    click(qtbot, stage, "insideRun")
    assert "Open a picture" in view.words.text()
    panel.bench.choose(())
    click(qtbot, stage, "insideRun")
    assert "Tick an autoencoder" in view.words.text()


def test_nothing_is_asked_where_it_is_not_seen(
    stage: Stage, view: InsideView, qtbot: QtBot
) -> None:
    settle(stage, view, qtbot, 1)
    panel, before = panel_of(stage, qtbot), len(asked(stage))
    panel.bench.select(1)
    assert view._settle.isActive()  # in sight, a choice is about to be asked for
    settle(stage, view, qtbot, before + 1)
    panel.tabs.setCurrentIndex(0)
    panel.bench.select(0)
    assert not view._settle.isActive()  # nothing else asks by itself
    assert len(asked(stage)) == before + 1


def test_every_control_can_be_found_and_named(view: InsideView) -> None:
    for control in (view.probe, view.first, view.second, view.other, view.seed, view.go):
        assert control.objectName() and control.toolTip() and control.accessibleName()
