"""The 2-D laboratory through real clicks and keys, on runs that are made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QEnterEvent, QImage, QPainter
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QTabBar,
)
from pytestqt.qtbot import QtBot

from studio.core import laboratory, messages
from studio.core.laboratory import Lab
from studio.ui.workspaces.compare.panel import ComparePanel
from studio.ui.workspaces.lab import strokes
from studio.ui.workspaces.lab.motion import BINS, Motion
from studio.ui.workspaces.lab.view import FIRST, LabView
from tests.app.conftest import Stage

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
EXTENT, SIDE, PARTICLES = 2.0, 16, 40


def lab_run(job: int, request: Lab, likelihood: bool = False) -> laboratory.LabRun:
    """Particles that walk straight to a quarter of their noise, in four steps."""
    count = 4
    noise = np.random.default_rng(0).standard_normal((PARTICLES, 2)).astype(np.float32)
    times = tuple(1 - k / count for k in range(count + 1))
    points = np.stack([noise * (0.25 + 0.75 * t) for t in times])
    field_times = (1.0, 0.5, 0.02)
    line = np.linspace(-EXTENT, EXTENT, SIDE)
    y, x = np.meshgrid(line, line, indexing="ij")
    width = np.array([1.0, 0.6, 0.25])[:, None, None]
    density = np.exp(-(x**2 + y**2) / (2 * width**2)) / (2 * np.pi * width**2)
    arrows = np.broadcast_to(np.stack((x, y), -1), (3, SIDE, SIDE, 2)).astype(np.float32)
    turned = np.stack((-arrows[..., 1], arrows[..., 0]), -1)
    backdrop = laboratory.Backdrop(field_times, arrows, turned, density.astype(np.float32), EXTENT)
    exact = points[-1] + np.float32([0.03, 0.04])
    nats = (-1.25, -1.0) if likelihood else (None, None)
    return laboratory.LabRun(
        job, request.settings, times, points, points, backdrop, points[-1], exact,
        0.0123, -0.0011, 2 * request.settings.steps, 0.1, *nats,
    )  # fmt: skip


def asked(stage: Stage) -> list[Lab]:
    return [each for each in stage.bridge.requests if isinstance(each, Lab)]


def answer(stage: Stage) -> None:
    """Finishes the last request with a run."""
    job = len(stage.bridge.requests) - 1
    request = stage.bridge.requests[job]
    assert isinstance(request, Lab)
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(lab_run(job, request, request.likelihood))
    stage.bridge.arrived.emit(messages.Finished(job, 0.1))


def answer_all(stage: Stage, view: LabView) -> None:
    while view.busy:
        answer(stage)


def told(stage: Stage, name: str) -> str:
    label = stage.find(name)
    assert isinstance(label, QLabel)
    return label.text()


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    button = stage.find(name)
    at = QPoint(10, button.height() // 2)  # a check box is its mark and its text
    qtbot.mouseClick(button, LEFT, pos=at)


def choose(stage: Stage, name: str, value: object) -> None:
    box = stage.find(name)
    assert isinstance(box, QComboBox)
    assert box.findData(value) >= 0
    box.setCurrentIndex(box.findData(value))


@pytest.fixture
def view(stage: Stage, qtbot: QtBot) -> LabView:
    """The laboratory as it opens: nothing has answered yet."""
    stage.window.activateWindow()
    qtbot.waitUntil(stage.window.isActiveWindow)
    qtbot.keyClick(stage.window, Qt.Key.Key_2, CONTROL)
    stage.find("comparePrompt").setFocus()
    tabs = stage.find("compareViews")
    assert isinstance(tabs, QTabBar)
    qtbot.mouseClick(tabs, LEFT, pos=tabs.tabRect(tabs.count() - 1).center())
    found = stage.find("labView")
    assert isinstance(found, LabView)
    qtbot.waitUntil(lambda: len(asked(stage)) == 1)
    return found


def test_it_runs_at_once_when_it_is_opened_and_plays(stage: Stage, view: LabView) -> None:
    panel = stage.window.panels[1]
    assert isinstance(panel, ComparePanel)
    assert not panel.column.isVisible()
    answer_all(stage, view)
    assert tuple(each.settings.sampler for each in asked(stage)) == FIRST
    assert {each.distribution for each in asked(stage)} == {"moons"}
    assert {(each.settings.seed, each.particles) for each in asked(stage)} == {(0, 800)}
    assert all(each.motion is not None for each in view.columns)
    assert view.player.playing
    assert view.player.time > 0.9


def test_playing_ends_at_the_data(stage: Stage, view: LabView, qtbot: QtBot) -> None:
    answer_all(stage, view)
    choose(stage, "labSpeed", 4.0)
    qtbot.waitUntil(lambda: not view.player.playing, timeout=10_000)
    assert view.player.time == 0
    assert view.columns[3].pane.time == 0


def test_space_plays_and_pauses_where_the_keys_are(
    stage: Stage, view: LabView, qtbot: QtBot
) -> None:
    answer_all(stage, view)
    for name in ("labTime", "labPane2", "labView"):
        was = view.player.playing
        target = stage.find(name)
        target.setFocus()
        qtbot.keyClick(target, Qt.Key.Key_Space)
        assert view.player.playing != was, name


def test_ctrl_enter_runs_what_is_chosen(stage: Stage, view: LabView, qtbot: QtBot) -> None:
    answer_all(stage, view)
    choose(stage, "labData", "ring")
    choose(stage, "labClass", 2)
    choose(stage, "labSampler1", "")
    steps = stage.find("labSteps0")
    steps.setFocus()
    assert isinstance(steps, QAbstractSpinBox)
    steps.selectAll()
    qtbot.keyClicks(steps, "7")
    qtbot.keyClick(steps, Qt.Key.Key_Return, CONTROL)
    answer_all(stage, view)
    again = asked(stage)[4:]
    assert [each.settings.sampler for each in again] == ["ddpm", "flow-heun", "dpmpp-2m"]
    assert again[0].settings.steps == 7
    assert {(each.distribution, each.label) for each in again} == {("ring", 2)}
    assert {each.settings.guidance for each in again} == {2.0}
    assert view.columns[1].motion is None


def test_networks_are_offered_where_they_were_trained(
    stage: Stage, view: LabView, qtbot: QtBot
) -> None:
    answer_all(stage, view)
    source = stage.find("labSource")
    assert isinstance(source, QComboBox)
    assert [source.itemData(k) for k in range(4)] == ["exact", "epsilon", "score", "velocity"]
    choose(stage, "labSource", "velocity")
    assert not stage.find("labClass").isEnabled()
    click(qtbot, stage, "labRun")
    assert asked(stage)[-1].source == "velocity"
    assert asked(stage)[-1].settings.guidance == 1.0
    choose(stage, "labData", "pair")
    assert source.count() == 1
    assert stage.find("labClass").isEnabled()


def test_figures_stand_under_each_pane(stage: Stage, view: LabView, qtbot: QtBot) -> None:
    answer_all(stage, view)
    assert told(stage, "labCost0").endswith("100 NFE")
    assert told(stage, "labDistance2") == "Distance 0.0123 (floor −0.0011)"
    assert told(stage, "labMissed2") == "Off the exact ODE by 0.0500"
    assert "Stochastic" in told(stage, "labMissed0")
    assert not stage.find("labLikelihood0").isVisible()
    click(qtbot, stage, "labLikelihood")
    answer_all(stage, view)
    assert all(each.likelihood for each in asked(stage)[4:])
    assert told(stage, "labLikelihood0") == "log p −1.250, exactly −1.000 nats"
    assert stage.find("labLikelihood0").isVisible()


def test_cancel_stops_and_keeps_what_has_run(stage: Stage, view: LabView, qtbot: QtBot) -> None:
    answer(stage)
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert stage.bridge.cancels == [job]
    stage.bridge.arrived.emit(messages.CancelledAt(job, 3))
    assert not view.busy
    assert len(asked(stage)) == 2
    assert view.columns[0].motion is not None
    assert [each.pane.words for each in view.columns] == ["", "Not run", "Not run", "Not run"]
    click(qtbot, stage, "labRun")
    assert len(asked(stage)) == 3


def test_a_failure_is_told_in_place_and_the_others_go_on(stage: Stage, view: LabView) -> None:
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(messages.Failed(job, "It does not work; choose another."))
    answer_all(stage, view)
    assert view.banner.isVisible()
    assert view.banner.text.text() == "It does not work; choose another."
    assert view.columns[0].pane.words == "Did not run"
    assert all(each.motion is not None for each in view.columns[1:])


def test_no_sampler_at_all(stage: Stage, view: LabView, qtbot: QtBot) -> None:
    answer_all(stage, view)
    for number in range(4):
        choose(stage, f"labSampler{number}", "")
    assert not stage.find("labRun").isEnabled()
    qtbot.keyClick(stage.window, Qt.Key.Key_Return, CONTROL)
    assert len(asked(stage)) == 4
    assert "No sampler is selected" in view.banner.text.text()
    assert not view.busy


def test_what_is_drawn_can_be_chosen(stage: Stage, view: LabView, qtbot: QtBot) -> None:
    answer_all(stage, view)
    view.player.pause()
    view.player.slider.set_time(0.5)
    pane = view.columns[0].pane
    seen = [pane.grab().toImage()]
    for name in ("labField-velocity", "labField-score", "labTrails", "labTruth"):
        click(qtbot, stage, name)
        seen.append(pane.grab().toImage())
        assert seen[-1] != seen[-2], name


def test_a_pane_follows_the_theme(stage: Stage, view: LabView) -> None:
    answer_all(stage, view)
    pane = view.columns[0].pane
    grounds = {}
    for theme in ("light", "dark"):
        stage.window.theme.choose(theme)
        corner = (pane.plot().topLeft() * pane.devicePixelRatioF()).toPoint() + QPoint(12, 12)
        grounds[theme] = QColor(pane.grab().toImage().pixel(corner)).lightness()
    assert grounds["light"] > 200
    assert grounds["dark"] < 60


def test_points_lie_where_the_plane_says(stage: Stage, view: LabView) -> None:
    answer_all(stage, view)
    pane = view.columns[0].pane
    place = pane.plot()
    corners = np.array([[-EXTENT, -EXTENT], [EXTENT, EXTENT], [0.0, 0.0]])
    expected = [
        [place.left(), place.bottom()],
        [place.right(), place.top()],
        [place.center().x(), place.center().y()],
    ]
    assert np.allclose(pane.to_pixels(corners), expected)
    assert place.width() == place.height()


def test_the_ticks_are_the_steps_of_the_pane_under_the_mouse(
    stage: Stage, view: LabView, qtbot: QtBot
) -> None:
    answer_all(stage, view)
    view.player.pause()
    before = view.player.slider.grab().toImage()
    pane = view.columns[2].pane
    assert pane.motion is not None
    fewer = replace(pane.motion.run, times=(1.0, 0.35, 0.0), points=pane.motion.run.points[:3])
    pane.show_motion(Motion(fewer))
    at = QPointF(30, 30)
    QApplication.sendEvent(pane, QEnterEvent(at, at, at))
    assert view.player.slider.grab().toImage() != before


def test_it_takes_the_keys_when_opened(stage: Stage, view: LabView) -> None:
    assert view.player.slider.hasFocus()


def test_everything_has_a_name_a_tip_and_a_place_for_the_keys(stage: Stage, view: LabView) -> None:
    kinds = (QAbstractButton, QComboBox, QAbstractSpinBox)
    controls = [each for kind in kinds for each in view.findChildren(kind)]
    own = [each for each in controls if each.objectName().startswith("lab")]
    assert len(own) >= 22
    for each in own:
        assert each.accessibleName(), each.objectName()
        assert each.toolTip(), each.objectName()
        assert each.focusPolicy() & Qt.FocusPolicy.TabFocus, each.objectName()
    names = [each.objectName() for each in own]
    assert len(set(names)) == len(names)


def motion() -> Motion:
    from studio.core.settings import Settings

    return Motion(lab_run(0, Lab("moons", Settings(""))))


def test_motion_is_linear_between_frames_and_still_beyond_them() -> None:
    made = motion()
    run = made.run
    assert np.allclose(made.points(0.75), run.points[1])
    assert np.allclose(made.points(0.6), 0.4 * run.points[1] + 0.6 * run.points[2], atol=1e-6)
    assert np.array_equal(made.points(1.5), run.points[0])
    assert np.array_equal(made.points(0.0), run.points[-1])
    assert np.array_equal(made.density(0.0), run.backdrop.density[-1])
    between = (run.backdrop.density[0] + run.backdrop.density[1]) / 2
    assert np.allclose(made.density(0.75), between)


def test_velocity_points_where_particles_go() -> None:
    """Here they walk inwards, and dz/dt points outwards."""
    made = motion()
    corner = made.field("velocity", 0.5)[-1, -1]
    assert corner[0] < 0 and corner[1] < 0
    assert np.array_equal(made.field("score", 0.4), made.run.backdrop.score[1])


def test_trails_end_where_the_particles_are() -> None:
    made = motion()
    trails = made.trails(0.4)
    assert np.allclose(trails[-1], made.points(0.4)[: trails.shape[1]])
    assert np.allclose(trails[0], made.points(0.6)[: trails.shape[1]])
    assert len(trails) == 3  # the frame at 0.5 lies between


def test_marginals_are_densities() -> None:
    made = motion()
    for axis in (0, 1):
        inside = np.abs(made.points(0.0)[:, axis]) <= EXTENT
        width = 2 * EXTENT / BINS
        assert made.marginal(axis, 0.0).sum() * width == pytest.approx(inside.mean())
        line = np.linspace(-EXTENT, EXTENT, SIDE)
        area = np.trapezoid(made.true_marginal(axis, 0.5), line)
        assert area == pytest.approx(1.0, abs=0.02)


def test_the_truth_of_a_class_is_its_samples() -> None:
    made = Motion(motion().run, part=True)
    line = np.linspace(-EXTENT, EXTENT, SIDE)
    for t in (0.3, 0.6):
        curve = made.true_marginal(0, t)
        assert np.trapezoid(curve, line) == pytest.approx(1.0, abs=0.03)
        mean = np.trapezoid(curve * line, line)
        assert mean == pytest.approx((1 - t) * made.run.truth[:, 0].mean(), abs=0.03)


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_dots_are_centred_where_the_particles_are(scale: float) -> None:
    """To a quarter of a device pixel, whatever the scale."""
    for x, y in ((20.0, 20.0), (20.3, 19.6), (25.71, 30.24)):
        image = QImage(int(64 * scale), int(64 * scale), QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        image.setDevicePixelRatio(scale)
        painter = QPainter(image)
        strokes.draw_points(painter, np.array([[x, y]]), np.array([0.3]), True, scale)
        painter.end()
        size = range(image.width())
        alpha = np.array([[QColor.fromRgba(image.pixel(i, j)).alpha() for i in size] for j in size])
        middle = np.arange(len(alpha)) + 0.5
        found = (alpha.sum(0) @ middle / alpha.sum(), alpha.sum(1) @ middle / alpha.sum())
        assert np.allclose(np.array(found) / scale, (x, y), atol=0.2 / scale)


def test_the_density_is_drawn_upright() -> None:
    """Row 0 of the data is below, of the image above."""
    density = np.zeros((4, 4))
    density[0, 1] = 1.0
    image = strokes.density_image(density, QColor("black"))
    assert QColor.fromRgba(image.pixel(1, 3)).alpha() == strokes.MOST_ALPHA
    assert QColor.fromRgba(image.pixel(1, 0)).alpha() == 0


def test_arrows_point_up_where_the_field_does() -> None:
    arrows = strokes.arrows_of(np.array([[0.0, 2.0], [2.0, 0.0], [0.0, 0.0]]), 10.0)
    assert arrows[0, 1] < 0  # pixels count downwards
    assert arrows[1, 0] == pytest.approx(10.0, rel=0.1)
    assert not arrows[2].any()
