"""The trajectory player through real clicks: kept, scrubbed, played, decoded, exported."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from studio.core import generating, messages
from studio.core.generating import Decode
from studio.core.settings import Settings
from studio.ui.output.channels import MOST_FRAMES, film_frames, level
from studio.ui.viewer.page import TrajectoryPage
from studio.ui.viewer.viewer import TRAJECTORIES
from tests.app.conftest import Stage

LEFT = Qt.MouseButton.LeftButton
STEPS = 4


def trajectory(guided: bool = True) -> generating.Trajectory:
    """Frame k is of grey 10 k (noisy) and 10 k + 5 (clean); its latents hold k and k + 100."""
    n = STEPS + 1
    levels = np.arange(n, dtype=np.float16)[:, None, None, None]
    x = np.zeros((n, 2, 4, 4), np.float16) + levels
    grey = (
        np.zeros((n, 8, 8, 3), np.uint8) + (10 * np.arange(n, dtype=np.uint8))[:, None, None, None]
    )
    gap = np.zeros((n, 4, 4), np.float32)
    if guided:
        gap[:STEPS] = np.linspace(0.2, 0.8, STEPS)[:, None, None]
    times = tuple(np.linspace(1, 0, n).tolist())
    return generating.Trajectory(times, x, x + 100, grey, grey + 5, gap)


def make(qtbot: QtBot, stage: Stage, guided: bool = True, with_steps: bool = True) -> None:
    """One finished picture, grey 200, with its trajectory."""
    qtbot.mouseClick(stage.find("generate"), LEFT)
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    image = np.full((32, 32, 3), 200, np.uint8)
    steps = trajectory(guided) if with_steps else None
    with qtbot.waitSignal(stage.panel.library.updated):
        settings = Settings("a fox", seed=job)
        stage.bridge.arrived.emit(generating.Picture(job, 0, image, settings, 1.0, 9, steps))
        stage.bridge.arrived.emit(messages.Finished(job, 1.0))


def player(qtbot: QtBot, stage: Stage) -> TrajectoryPage:
    qtbot.mouseClick(stage.find("tool-trajectory"), LEFT)
    page = stage.panel.viewer.player
    assert page.isVisible()
    return page


def decoded(stage: Stage) -> Decode:
    """Answers the decode request that is with the engine: grey is the latents' own number."""
    job, request = len(stage.bridge.requests) - 1, stage.bridge.requests[-1]
    assert isinstance(request, Decode)
    greys = request.latents.mean((1, 2, 3)).astype(np.uint8)[:, None, None, None]
    stage.bridge.begin(job)
    images = np.zeros((len(request.latents), 32, 32, 3), np.uint8) + greys
    stage.bridge.arrived.emit(generating.Decoded(job, images))
    stage.bridge.arrived.emit(messages.Finished(job, 0.1))
    return request


def shown(page: TrajectoryPage) -> int:
    """The grey in the middle of what the player shows."""
    image = page.canvas.grab().toImage()
    return image.pixelColor(image.width() // 2, image.height() // 2).red()


def test_it_is_kept_only_when_asked(qtbot: QtBot, stage: Stage) -> None:
    box = stage.find("keepTrajectory")
    assert isinstance(box, QCheckBox)
    assert not box.isChecked()
    assert str(TRAJECTORIES) in box.toolTip()
    make(qtbot, stage, with_steps=False)
    assert not stage.bridge.jobs[0].trajectories
    assert not stage.find("tool-trajectory").isVisible()
    qtbot.keyClick(box, Qt.Key.Key_Space)
    make(qtbot, stage)
    assert stage.bridge.jobs[1].trajectories
    assert stage.find("tool-trajectory").isVisible()
    stage.panel.viewer.strip.walk(1)
    assert not stage.find("tool-trajectory").isVisible()


def test_at_most_eight_are_kept_and_the_oldest_goes(qtbot: QtBot, stage: Stage) -> None:
    for _ in range(TRAJECTORIES + 1):
        make(qtbot, stage)
    viewer = stage.panel.viewer
    viewer.strip.walk(TRAJECTORIES - 1)
    assert stage.find("tool-trajectory").isVisible()
    viewer.strip.walk(1)
    assert not stage.find("tool-trajectory").isVisible()


def test_every_channel_at_every_step(qtbot: QtBot, stage: Stage) -> None:
    make(qtbot, stage)
    page = player(qtbot, stage)
    assert page.frame == 0
    assert shown(page) == 5
    assert "Step 0 of 4 · t 1.000 · σ 1.000 · α 0.000" in page.figures.text()
    qtbot.mouseClick(stage.find("trajectoryShows-noisy"), LEFT)
    assert shown(page) == 0
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Period)
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Period)
    assert page.frame == 2
    assert shown(page) == 20
    assert "σ 0.707 · α 0.707" in page.figures.text()
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Comma)
    assert page.frame == 1
    qtbot.keyClick(page.player.slider, Qt.Key.Key_End)
    assert page.frame == STEPS
    assert shown(page) == 200  # the picture itself
    qtbot.mouseClick(stage.find("trajectoryShows-gap"), LEFT)
    assert page.frame == STEPS - 1
    assert "mean 0.800, palest 0.800" in page.figures.text()
    qtbot.mouseClick(stage.find("trajectoryShows-noise"), LEFT)
    assert page.levels.isVisible()
    assert not page.export.isEnabled()
    qtbot.mouseClick(page.levels, LEFT, pos=page.levels.at(3, 0.5).toPoint())
    assert page.frame == page.levels.frame == 3


def test_arrows_scrub_on_the_slider_and_walk_elsewhere(qtbot: QtBot, stage: Stage) -> None:
    make(qtbot, stage)
    make(qtbot, stage)
    page = player(qtbot, stage)
    viewer = stage.panel.viewer
    entry = viewer.entry
    assert page.player.slider.hasFocus()
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Right)
    assert page.player.time == pytest.approx(0.99)
    assert viewer.entry is entry
    viewer.strip.setFocus()
    qtbot.keyClick(viewer.strip, Qt.Key.Key_Right)
    assert viewer.entry is not entry
    assert page.isVisible()  # that picture has its own
    assert page.frame == 0


def test_full_stop_reaches_every_step_wherever_the_steps_lie(qtbot: QtBot, stage: Stage) -> None:
    make(qtbot, stage)
    page = player(qtbot, stage)
    kept = page.decoding.kept
    assert kept is not None
    object.__setattr__(kept, "times", (1.0, 0.8996, 0.6667, 0.33337, 0.0))  # finer than the slider
    for frame in range(1, STEPS + 1):
        qtbot.keyClick(page.player.slider, Qt.Key.Key_Period)
        assert page.frame == frame


def test_without_guidance_there_is_no_gap(qtbot: QtBot, stage: Stage) -> None:
    make(qtbot, stage, guided=False)
    player(qtbot, stage)
    assert not stage.find("trajectoryShows-gap").isEnabled()


def test_what_rests_is_decoded_in_full(qtbot: QtBot, stage: Stage) -> None:
    make(qtbot, stage)
    page = player(qtbot, stage)
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: isinstance(stage.bridge.requests[-1], Decode))
    assert decoded(stage).latents.shape == (1, 2, 4, 4)
    assert shown(page) == 101
    before = len(stage.bridge.requests)
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Comma)
    qtbot.waitUntil(lambda: len(stage.bridge.requests) > before)
    decoded(stage)
    with qtbot.waitSignal(page._resting.timeout):
        qtbot.keyClick(page.player.slider, Qt.Key.Key_Period)
    assert len(stage.bridge.requests) == before + 1  # it is remembered


def test_it_plays_to_the_end(qtbot: QtBot, stage: Stage) -> None:
    make(qtbot, stage)
    page = player(qtbot, stage)
    page.player.speed.setCurrentIndex(page.player.speed.count() - 1)
    qtbot.mouseClick(stage.find("trajectoryPlay"), LEFT)
    assert page.player.playing
    qtbot.waitUntil(lambda: not page.player.playing, timeout=6000)
    assert page.frame == STEPS
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Space)
    assert page.player.playing
    qtbot.keyClick(stage.window, Qt.Key.Key_Escape)
    assert not page.isVisible()
    assert not page.player.playing
    assert stage.panel.viewer.canvas.isVisible()


def export(qtbot: QtBot, stage: Stage, form: str) -> Path:
    page = stage.panel.viewer.player
    action = next(a for a in page.export.menu().actions() if a.objectName().endswith(form))
    before = len(stage.bridge.requests)
    with qtbot.waitSignal(page.exports.written) as written:
        action.trigger()
        if len(stage.bridge.requests) > before:
            decoded(stage)
    return Path(written.args[0])


def test_films_and_frames(qtbot: QtBot, stage: Stage) -> None:
    make(qtbot, stage)
    player(qtbot, stage)
    film = export(qtbot, stage, ".webp")
    assert film.parent == stage.folder / "Trajectories"
    with Image.open(film) as image:
        assert image.size == (32, 32)
        assert abs(image.convert("L").getpixel((16, 16)) - 100) < 4
        image.seek(image.n_frames - 1)
        assert abs(image.convert("L").getpixel((16, 16)) - 200) < 4
    folder = export(qtbot, stage, "-frames")
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"{number:04d}.png" for number in range(STEPS + 1)]
    with Image.open(folder / "0002.png") as image:
        assert image.getpixel((3, 3)) == (102, 102, 102)
    with Image.open(folder / "0004.png") as image:
        assert image.getpixel((3, 3)) == (200, 200, 200)
    assert str(folder) in stage.panel.viewer.banner.text.text()


def test_a_decoder_that_fails_writes_nothing_and_says_so(qtbot: QtBot, stage: Stage) -> None:
    make(qtbot, stage)
    page = player(qtbot, stage)
    action = page.export.menu().actions()[0]
    action.trigger()
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    with qtbot.waitSignal(page.exports.failed):
        stage.bridge.arrived.emit(messages.Failed(job, "There is not enough memory."))
    assert not (stage.folder / "Trajectories").exists()
    assert "Nothing was written" in stage.panel.viewer.banner.text.text()
    assert len(stage.bridge.requests) == job + 1


def test_levels_are_those_of_the_variance_preserving_path() -> None:
    for t in (0.0, 0.1, 0.5, 0.9, 1.0):
        found = level(t)
        assert found.alpha**2 + found.sigma**2 == pytest.approx(1)
        assert found.sigma / (found.alpha + found.sigma) == pytest.approx(t)
    assert level(0.5).sigma == pytest.approx(math.sqrt(0.5))


@pytest.mark.parametrize("last", [0, 1, MOST_FRAMES - 1, MOST_FRAMES, 1000])
def test_a_film_has_both_ends_and_a_bounded_length(last: int) -> None:
    frames = film_frames(last)
    assert (frames[0], frames[-1]) == (0, last)
    assert len(frames) == len(set(frames)) == min(last + 1, MOST_FRAMES)
    assert max(np.diff(frames, prepend=frames[0])) <= math.ceil(last / (MOST_FRAMES - 1))


def test_decoding_in_passing_leaves_what_was_said_of_the_picture(
    qtbot: QtBot, stage: Stage
) -> None:
    make(qtbot, stage)
    assert stage.panel.column.foot.status.text() == "Done in 1.0 s"
    page = player(qtbot, stage)
    page.go_to(2)
    qtbot.waitUntil(lambda: isinstance(stage.bridge.requests[-1], Decode))
    decoded(stage)
    assert stage.panel.column.foot.status.text() == "Done in 1.0 s"


def test_in_a_narrow_window_the_tools_go_under_the_facts(qtbot: QtBot, stage: Stage) -> None:
    stage.window.resize(1280, 820)
    make(qtbot, stage)
    viewer = stage.panel.viewer
    label = stage.find("tool-trajectory")
    assert label.isVisible() and viewer.tools.itemAt(1).widget().isVisible()
    assert label.y() < viewer.facts.geometry().bottom()
    stage.window.resize(1000, 700)
    qtbot.waitUntil(lambda: viewer.facts.width() > 600)
    assert label.y() > viewer.facts.geometry().bottom()
    assert label.width() >= label.sizeHint().width()
    assert stage.window.width() == 1000


def test_no_line_stands_before_the_first_tool(qtbot: QtBot, stage: Stage) -> None:
    make(qtbot, stage, with_steps=False)
    tools = stage.panel.viewer.tools
    widgets = [tools.itemAt(at).widget() for at in range(tools.count())]
    shown_first = next(each for each in widgets if each is not None and each.isVisible())
    assert shown_first.objectName() == "tool-use_all"
