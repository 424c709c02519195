"""Compare through real clicks and keys: axes, cells, the scrubber, views, exports, errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QTextCursor, QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
)
from pytestqt.qtbot import QtBot

from studio.core import comparing, generating, messages
from studio.core.comparing import Compare
from studio.core.generating import Decode
from studio.core.grid import AXES
from studio.core.settings import Settings
from studio.gallery import png
from studio.ui.workspaces.compare.cell import CellView
from studio.ui.workspaces.compare.frames import Frame
from studio.ui.workspaces.compare.panel import ComparePanel
from tests.app.conftest import Stage

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CONTROL = Qt.KeyboardModifier.ControlModifier
SIDE, STEPS = 64, 4  # pixels of a test picture; steps that its trajectory shows


@pytest.fixture
def panel(stage: Stage, qtbot: QtBot) -> ComparePanel:
    stage.window.activateWindow()
    qtbot.waitUntil(stage.window.isActiveWindow)
    qtbot.keyClick(stage.window, Qt.Key.Key_2, CONTROL)
    panel = stage.window.panels[1]
    assert isinstance(panel, ComparePanel)
    qtbot.waitUntil(panel.isVisible)
    return panel


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    qtbot.mouseClick(stage.find(name), LEFT)


def choose(stage: Stage, direction: str, name: str) -> None:
    box = stage.find(f"axis-{direction}")
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(name))


def write(qtbot: QtBot, stage: Stage, name: str, text: str) -> None:
    line = stage.find(name)
    assert isinstance(line, QLineEdit)
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)


def told(stage: Stage, name: str = "compareCount") -> str:
    label = stage.find(name)
    assert isinstance(label, QLabel)
    return label.text()


def trajectory(grey: int, steps: int = STEPS, gap: float = 1.0) -> generating.Trajectory:
    count = steps + 1
    small = np.zeros((count, 8, 8, 3), np.uint8) + grey
    latents = np.zeros((count, 4, 8, 8), np.float16)
    latents += np.arange(count, dtype=np.float16)[:, None, None, None]
    gaps = np.full((count, 8, 8), gap, np.float32)
    gaps[-1] = 0
    times = tuple(1 - k / steps for k in range(count))
    return generating.Trajectory(times, latents + 100, latents, small, small, gaps)


def comparisons(stage: Stage) -> list[Compare]:
    return [request for request in stage.bridge.requests if isinstance(request, Compare)]


def decodes(stage: Stage) -> list[Decode]:
    return [request for request in stage.bridge.requests if isinstance(request, Decode)]


def decode(stage: Stage, colour: int | tuple[int, int, int]) -> None:
    """Answers the last request, to decode, with pictures of one colour."""
    job, request = len(stage.bridge.requests) - 1, stage.bridge.requests[-1]
    assert isinstance(request, Decode)
    images = np.full((len(request.latents), SIDE, SIDE, 3), colour, np.uint8)
    stage.bridge.arrived.emit(generating.Decoded(job, images))
    stage.bridge.arrived.emit(messages.Finished(job, 0.1))


def make_cell(stage: Stage, job: int, index: int, gap: float = 1.0) -> None:
    request = stage.bridge.requests[job]
    assert isinstance(request, Compare)
    settings = request.cells[index]
    grey = 20 + 10 * (index % 20)
    image = np.full((SIDE, SIDE, 3), grey, np.uint8)
    kept = trajectory(grey, gap=gap) if request.trajectories else None
    nfe = 2 * settings.steps
    stage.bridge.arrived.emit(
        comparing.Cell(job, index, image, np.zeros((4, 8, 8)), settings, 0.5, nfe, kept)
    )


def make_all(stage: Stage, distances: bool = True, cells: int | None = None) -> int:
    """Answers the last comparison; its job."""
    job = len(stage.bridge.requests) - 1
    request = stage.bridge.requests[job]
    assert isinstance(request, Compare)
    stage.bridge.begin(job)
    count = len(request.cells) if cells is None else cells
    for index in range(count):
        make_cell(stage, job, index)
    for index in range(count if distances else 0):
        far = 1 / (1 + request.cells[index].steps)
        stage.bridge.arrived.emit(comparing.Distance(job, index, far, far / 2))
    stage.bridge.arrived.emit(messages.Finished(job, 1.0))
    return job


def compare_steps(qtbot: QtBot, stage: Stage) -> int:
    """Four step counts by three samplers, all made."""
    click(qtbot, stage, "preset-steps")
    click(qtbot, stage, "compare")
    return make_all(stage)


def cell(panel: ComparePanel, index: int) -> CellView:
    return panel.pictures.grid.cells[index]


def test_the_first_view_says_what_to_do(stage: Stage, panel: ComparePanel) -> None:
    assert panel.welcome.isVisible()
    assert "Ctrl+Enter" in "".join(label.text() for label in panel.welcome.findChildren(QLabel))


def test_an_example_compares_at_once(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    click(qtbot, stage, "compareExample-families")
    (request,) = comparisons(stage)
    families = {panel.session.samplers[each.sampler].family for each in request.cells}
    assert families == {"ddpm", "sde", "flow"}
    assert {each.prompt for each in request.cells} == {"a snowman"}
    assert len({each.seed for each in request.cells}) == 1
    assert panel.pictures.isVisible()


def test_families_take_their_own_steps_or_the_same(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    click(qtbot, stage, "preset-families")
    assert not panel.column.steps.isVisible()
    click(qtbot, stage, "compareOwnSteps")
    assert panel.column.steps.isVisible()
    panel.column.steps.spin.setValue(9)
    click(qtbot, stage, "compare")
    assert {each.steps for each in comparisons(stage)[0].cells} == {9}
    make_all(stage)
    click(qtbot, stage, "compareOwnSteps")
    click(qtbot, stage, "compare")
    for each in comparisons(stage)[1].cells:
        assert each.steps == panel.session.samplers[each.sampler].default_steps


def test_three_axes_reach_the_request(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    panel.session.prompt.set("a cat")
    panel.session.sampler.set("flow-heun")
    choose(stage, "columns", "steps")
    choose(stage, "rows", "guidance")
    choose(stage, "tabs", "seed")
    write(qtbot, stage, "compareSteps", "5, 10, 1-2")
    write(qtbot, stage, "compareGuidance", "1.5, 4")
    write(qtbot, stage, "compareSeeds", "7-9")
    assert told(stage) == "24 pictures · about 432 NFE"  # Heun asks twice a step, guidance too
    click(qtbot, stage, "compare")
    (request,) = comparisons(stage)
    wanted = [(seed, w, n) for seed in (7, 8, 9) for w in (1.5, 4.0) for n in (5, 10, 1, 2)]
    assert [(each.seed, each.guidance, each.steps) for each in request.cells] == wanted
    assert request.cells[0].prompt == "a cat"
    assert panel.pictures.tabs.count() == 3
    assert list(panel.pictures.grid.cells) == list(range(8))
    panel.pictures.grid.setFocus()
    qtbot.keyClick(panel.pictures.grid, Qt.Key.Key_PageDown)
    assert list(panel.pictures.grid.cells) == list(range(8, 16))
    assert panel.comparison.current in range(8, 16)


def test_prompts_one_a_line(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    panel.session.prompt.set("a cat")
    choose(stage, "columns", "prompt")
    box = stage.find("comparePrompts")
    assert isinstance(box, QPlainTextEdit)
    assert box.toPlainText() == "a cat"
    box.setFocus()
    box.moveCursor(QTextCursor.MoveOperation.End)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    qtbot.keyClicks(box, "a dog")
    assert not panel.column.prompt.isVisible()
    qtbot.keyClick(box, Qt.Key.Key_Return, CONTROL)
    assert [each.prompt for each in comparisons(stage)[0].cells] == ["a cat", "a dog"]


def test_a_prompt_on_a_tab_takes_no_key(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    panel.session.prompt.set("salt &pepper")
    choose(stage, "tabs", "prompt")
    choose(stage, "columns", "steps")
    qtbot.keyClick(stage.window, Qt.Key.Key_Return, CONTROL)
    assert len(comparisons(stage)) == 1
    assert QKeySequence.mnemonic(panel.pictures.tabs.tabText(0)).isEmpty()


def test_samplers_are_ticked_one_by_one_and_by_family(stage: Stage, panel: ComparePanel) -> None:
    ticks = stage.find("compareSamplers")
    assert isinstance(ticks, QListWidget)
    flow = next(ticks.item(i) for i in range(ticks.count()) if ticks.item(i).text() == "Flow")
    flow.setCheckState(Qt.CheckState.Checked)
    chosen = panel.column.axes.grid().columns.values
    ours = {name for name, spec in panel.session.samplers.items() if spec.family == "flow"}
    assert ours <= set(chosen)
    flow.setCheckState(Qt.CheckState.Unchecked)
    assert not ours & set(panel.column.axes.grid().columns.values)


def test_a_setting_taken_twice_changes_places(stage: Stage, panel: ComparePanel) -> None:
    choose(stage, "columns", "sampler")
    choose(stage, "rows", "steps")
    choose(stage, "columns", "steps")
    assert panel.column.axes.names() == ("steps", "sampler")
    choose(stage, "rows", "")
    choose(stage, "tabs", "steps")
    assert len(set(panel.column.axes.names())) == 2
    panel.column.axes.grid().check()


@pytest.mark.parametrize(
    ("axis", "field", "text", "sentence"),
    [
        ("steps", "compareSteps", "0, 5", "Steps must be 1 to 1000, not 0"),
        ("steps", "compareSteps", "five", "“five” is not a whole number"),
        ("steps", "compareSteps", "", "Steps needs at least one value"),
        ("steps", "compareSteps", "5, 5", "the same value twice"),
        ("guidance", "compareGuidance", "nan", "Guidance must be"),
        ("seed", "compareSeeds", "1-10000", "10,000 pictures"),
    ],
)
def test_errors_before_any_work(
    qtbot: QtBot,
    stage: Stage,
    panel: ComparePanel,
    axis: str,
    field: str,
    text: str,
    sentence: str,
) -> None:
    choose(stage, "columns", axis)
    write(qtbot, stage, field, text)
    if not text:
        stage.find(field).clear()  # type: ignore[attr-defined]
    assert sentence in told(stage)
    assert not panel.column.foot.go.isEnabled()
    qtbot.keyClick(stage.window, Qt.Key.Key_Return, CONTROL)
    assert not comparisons(stage)
    assert panel.banner.isVisible()


def test_too_many_pictures_are_refused(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    choose(stage, "columns", "seed")
    choose(stage, "rows", "steps")
    write(qtbot, stage, "compareSeeds", "1-100")
    write(qtbot, stage, "compareSteps", "1-100")
    assert "10,000 pictures" in told(stage)


def test_settings_are_shared_with_generate(stage: Stage, panel: ComparePanel) -> None:
    panel.column.prompt.setPlainText("a whale")
    panel.column.guidance.spin.setValue(6.5)
    generate = stage.panel.column
    assert generate.prompt.toPlainText() == "a whale"
    assert generate.guidance.spin.value() == 6.5
    generate.steps.spin.setValue(33)
    assert panel.column.steps.spin.value() == 33


def test_what_else_is_in_force_is_told(stage: Stage, panel: ComparePanel) -> None:
    also = stage.find("compareAlso")
    assert isinstance(also, QLabel)
    assert not also.isVisible()
    panel.session.shift.set(2.0)
    panel.session.interval.set((0.2, 0.8))
    assert also.isVisible()
    assert also.text() == "As in Generate: shift 2, guidance from 0.8 to 0.2"
    panel.session.shift.set(1.0)
    panel.session.interval.set((0.0, 1.0))
    assert not also.isVisible()


def test_a_random_seed_is_drawn_once_for_all(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    for _ in range(2):
        click(qtbot, stage, "compare")
        make_all(stage)
    first, second = ({each.seed for each in request.cells} for request in comparisons(stage))
    assert len(first) == len(second) == 1
    assert first != second
    assert panel.session.last_seed.get() in second


def test_cells_come_one_by_one_with_their_cost_and_distance(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    click(qtbot, stage, "preset-steps")
    click(qtbot, stage, "compare")
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    assert cell(panel, 0).note == "waiting"
    stage.bridge.arrived.emit(messages.Progress(job, 0, 12, 2, 5, 9.0))
    assert cell(panel, 0).share == pytest.approx(0.4)
    make_cell(stage, job, 0)
    assert cell(panel, 0).picture is not None
    assert cell(panel, 1).picture is None
    assert "10 NFE" in cell(panel, 0).caption[0]
    assert cell(panel, 0).caption[1] == ""
    stage.bridge.arrived.emit(comparing.Distance(job, 0, 0.034, None))
    assert "0.034" in cell(panel, 0).caption[1]
    assert "LPIPS" not in cell(panel, 0).caption[1]
    stage.bridge.arrived.emit(comparing.Distance(job, 0, 0.034, 0.012))
    assert "LPIPS 0.012" in cell(panel, 0).caption[1]
    assert "5 steps" in cell(panel, 0).accessibleName()
    for index in range(1, 12):
        make_cell(stage, job, index)
    stage.bridge.arrived.emit(messages.Progress(job, 3, 12, 9, 100, 4.0))
    assert told(stage, "compareSaid").startswith("Measuring distances")
    stage.bridge.arrived.emit(messages.Finished(job, 2.0))
    assert told(stage, "compareSaid") == "Done in 2.0 s"


def test_stochastic_samplers_are_marked(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    click(qtbot, stage, "compareExample-families")
    make_all(stage)
    for index, result in enumerate(panel.comparison.results):
        stochastic = panel.session.samplers[result.settings.sampler].stochastic
        assert cell(panel, index).stochastic == stochastic
        assert ("Adds noise" in cell(panel, index).toolTip()) == stochastic


def test_cancel_keeps_the_cells_that_are_done(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    click(qtbot, stage, "preset-steps")
    qtbot.keyClick(stage.window, Qt.Key.Key_Return, CONTROL)
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    make_cell(stage, job, 0)
    assert not panel.column.foot.go.isEnabled()
    qtbot.keyClick(stage.window, Qt.Key.Key_Escape)
    assert stage.bridge.cancels == [job]
    stage.bridge.arrived.emit(messages.CancelledAt(job, 3))
    assert cell(panel, 0).picture is not None
    assert cell(panel, 1).note == "not made"
    assert panel.column.foot.go.isEnabled()
    assert "Cancelled at step 3" in told(stage, "compareSaid")


def test_another_jobs_cells_are_not_ours(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    compare_steps(qtbot, stage)
    click(qtbot, stage, "compare")
    make_cell(stage, len(stage.bridge.requests) - 2, 3)  # a late one of the first comparison
    assert cell(panel, 3).picture is None


def test_a_failure_is_told_in_place(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    click(qtbot, stage, "compare")
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(messages.Failed(job, "Memory ran out; make fewer."))
    assert panel.banner.isVisible()
    assert panel.banner.text.text() == "Memory ran out; make fewer."
    assert panel.column.foot.go.isEnabled()


def test_arrows_walk_and_a_click_selects(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    compare_steps(qtbot, stage)
    qtbot.mouseClick(cell(panel, 1), LEFT, pos=cell(panel, 1).place().center().toPoint())
    assert panel.comparison.current == 1
    for key, index in (
        (Qt.Key.Key_Right, 2), (Qt.Key.Key_Down, 6), (Qt.Key.Key_Left, 5), (Qt.Key.Key_Up, 1),
        (Qt.Key.Key_Up, 1),
    ):  # fmt: skip
        qtbot.keyClick(panel.pictures.grid, key)
        assert panel.comparison.current == index
    assert "10 steps" in told(stage, "detailsRest")
    assert cell(panel, 1).is_current
    assert not cell(panel, 2).is_current


def test_zoom_pan_and_hover_are_the_same_in_all_cells(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    compare_steps(qtbot, stage)
    lens, first = panel.pictures.lens, cell(panel, 0)
    middle = first.place().center()
    qtbot.mouseMove(first, middle.toPoint())
    assert lens.hover is not None
    assert lens.hover.x() == pytest.approx(0.5, abs=0.02)
    turn = QWheelEvent(
        middle, first.mapToGlobal(middle), QPoint(), QPoint(0, 480), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(first, turn)
    assert lens.zoom == pytest.approx(1.2**4)
    before = lens.part.left()
    qtbot.mousePress(first, LEFT, pos=middle.toPoint())
    qtbot.mouseMove(first, (middle + QPointF(-30, 0)).toPoint())
    qtbot.mouseRelease(first, LEFT)
    assert lens.part.left() > before
    qtbot.mouseDClick(first, LEFT, pos=middle.toPoint())
    assert lens.zoom == 1


def test_wheel_beside_the_picture_does_not_zoom(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    compare_steps(qtbot, stage)
    at = QPointF(10, cell(panel, 0).height() - 4)
    turn = QWheelEvent(
        at, cell(panel, 0).mapToGlobal(at), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(cell(panel, 0), turn)
    assert panel.pictures.lens.zoom == 1


def test_use_these_settings_goes_to_generate(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    compare_steps(qtbot, stage)
    panel.comparison.select(6)
    panel.pictures.grid.setFocus()
    qtbot.keyClick(panel.pictures.grid, Qt.Key.Key_A)
    assert stage.panel.isVisible()
    wanted = comparisons(stage)[0].cells[6]
    assert stage.panel.session.settings() == wanted
    assert stage.panel.session.seed_locked.get()


def test_c_takes_a_picture_of_generate_along(qtbot: QtBot, stage: Stage) -> None:
    stage.window.activateWindow()
    qtbot.waitUntil(stage.window.isActiveWindow)
    click(qtbot, stage, "generate")
    stage.bridge.make(1, Settings("a whale", seed=5, steps=9))
    stage.panel.session.prompt.set("something else")
    stage.panel.viewer.take_focus()
    qtbot.keyClick(stage.panel.viewer.canvas, Qt.Key.Key_C)
    assert stage.window.panels[1].isVisible()
    assert stage.panel.session.settings().prompt == "a whale"
    assert stage.panel.session.settings().seed == 5


def test_the_menu_of_a_cell(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    compare_steps(qtbot, stage)
    panel.pictures.grid.setFocus()
    menu = panel.open_menu()
    assert [action.text() for action in menu.actions()][:4] == [
        "Use these settings", "What each word did", "Save picture", "Copy picture",
    ]  # fmt: skip
    menu.close()


def test_save_writes_the_picture_with_its_settings(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    compare_steps(qtbot, stage)
    panel.comparison.select(2)
    click(qtbot, stage, "tool-save_cell")
    qtbot.waitUntil(panel.banner.isVisible)
    (path,) = stage.folder.glob("*.png")
    assert png.read_settings(path) == comparisons(stage)[0].cells[2]
    assert path.name in panel.banner.text.text()


def test_copy(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    compare_steps(qtbot, stage)
    panel.comparison.select(3)
    click(qtbot, stage, "tool-copy_cell")
    assert QGuiApplication.clipboard().image().pixelColor(5, 5).red() == 50
    click(qtbot, stage, "tool-copy_cell_settings")
    assert "steps" in QGuiApplication.clipboard().text().lower()


def test_the_scrubber_shows_all_cells_at_one_time(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    compare_steps(qtbot, stage)
    slider = panel.pictures.scrubber.slider
    qtbot.mouseClick(slider, LEFT, pos=QPoint(slider.width() // 2, slider.height() // 2))
    assert slider.time == pytest.approx(0.5, abs=0.02)
    slider.set_time(0.4)
    for index in range(12):
        assert cell(panel, index).note == "step 2 of 4 · t 0.50"
        assert cell(panel, index).picture is not panel.comparison.results[index].picture
    slider.set_time(0.0)
    assert cell(panel, 0).note == ""
    assert cell(panel, 0).picture is panel.comparison.results[0].picture


def test_at_rest_full_pictures_are_decoded_and_kept(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    compare_steps(qtbot, stage)
    panel.pictures.scrubber.slider.set_time(0.6)
    qtbot.waitUntil(lambda: len(decodes(stage)) == 1, timeout=10_000)
    (request,) = decodes(stage)
    assert request.latents.shape == (12, 4, 8, 8)
    assert (request.latents == 1).all()  # x0 of frame 1
    decode(stage, 77)
    shown = cell(panel, 0).picture
    assert shown is not None
    assert shown.image.pixelColor(3, 3).red() == 77
    with qtbot.waitSignal(panel.pictures.scrubber.rested):
        panel.pictures.scrubber.slider.set_time(0.0)
        panel.pictures.scrubber.slider.set_time(0.6)
        assert cell(panel, 0).picture is shown
    assert len(decodes(stage)) == 1


def test_noisy_and_gap(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    compare_steps(qtbot, stage)
    panel.pictures.scrubber.slider.set_time(0.6)
    click(qtbot, stage, "channel-noisy")
    qtbot.waitUntil(lambda: len(decodes(stage)) >= 1, timeout=10_000)
    assert (decodes(stage)[-1].latents == 101).all()  # x of frame 1
    before = len(decodes(stage))
    decode(stage, 77)  # while one is under way, no other is asked for
    with qtbot.waitSignal(panel.pictures.scrubber.rested):
        click(qtbot, stage, "channel-gap")
    heat = cell(panel, 0).picture
    assert heat is not None
    assert heat.image.pixelColor(5, 5).red() > 240  # the strongest gap there is: palest
    assert len(decodes(stage)) == before


def test_no_decoding_while_cells_are_made(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    click(qtbot, stage, "compare")
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    make_cell(stage, job, 0)
    with qtbot.waitSignal(panel.pictures.scrubber.rested):
        panel.pictures.scrubber.slider.set_time(0.6)
    assert not decodes(stage)
    stage.bridge.arrived.emit(messages.Finished(job, 1.0))
    assert len(decodes(stage)) == 1


def test_a_smaller_comparison_follows_a_larger_one_that_was_scrubbed(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    compare_steps(qtbot, stage)
    panel.pictures.scrubber.slider.set_time(0.6)
    click(qtbot, stage, "preset-families")
    click(qtbot, stage, "compare")
    assert list(panel.pictures.grid.cells) == [0, 1, 2]
    assert panel.pictures.scrubber.time == 0


def test_play(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    compare_steps(qtbot, stage)
    scrubber = panel.pictures.scrubber
    panel.pictures.grid.setFocus()
    qtbot.keyClick(panel.pictures.grid, Qt.Key.Key_Space)
    assert scrubber.playing
    qtbot.waitUntil(lambda: 0 < scrubber.time < 1.0, timeout=10_000)
    scrubber.slider.setFocus()
    qtbot.keyClick(scrubber.slider, Qt.Key.Key_Space)
    assert not scrubber.playing
    scrubber.slider.set_time(0.002)
    click(qtbot, stage, "scrubberPlay")
    qtbot.waitUntil(lambda: not scrubber.playing, timeout=10_000)
    assert scrubber.time == 0


def test_beside_a_true_run(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    compare_steps(qtbot, stage)
    before = len(stage.bridge.requests)
    panel.pictures.scrubber.slider.set_time(0.6)
    click(qtbot, stage, "scrubberBeside")
    qtbot.waitUntil(lambda: len(stage.bridge.requests) == before + 2, timeout=10_000)
    made = [each for each in stage.bridge.requests[before:] if isinstance(each, Compare)]
    (request,) = made
    assert not request.trajectories
    assert not request.distances
    samplers = {each.sampler for each in comparisons(stage)[0].cells}
    assert {(each.sampler, each.steps) for each in request.cells} == {(s, 1) for s in samplers}
    assert cell(panel, 0).sides[0].startswith("x₀ at")
    assert cell(panel, 0).beside is None
    job = stage.bridge.requests.index(request)
    stage.bridge.begin(job)
    for index in range(len(request.cells)):
        make_cell(stage, job, index)
    stage.bridge.arrived.emit(messages.Finished(job, 1.0))
    assert cell(panel, 0).beside is not None
    assert "…" not in cell(panel, 0).sides[1]
    panel.grab()
    click(qtbot, stage, "scrubberBeside")
    assert cell(panel, 0).sides == ("", "")


def test_a_cell_that_is_the_true_run_is_not_made_again(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    choose(stage, "columns", "steps")
    write(qtbot, stage, "compareSteps", "2, 4")
    click(qtbot, stage, "compare")
    make_all(stage)
    with qtbot.waitSignal(panel.pictures.scrubber.rested):
        panel.pictures.scrubber.slider.set_time(0.5)  # the second frame of four
        click(qtbot, stage, "scrubberBeside")
        assert cell(panel, 1).beside is panel.comparison.results[0].picture
    assert len(comparisons(stage)) == 1


def test_stochastic_cells_have_no_true_run(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    click(qtbot, stage, "compareExample-families")
    make_all(stage)
    before = len(comparisons(stage))
    click(qtbot, stage, "scrubberBeside")
    qtbot.waitUntil(lambda: len(comparisons(stage)) == before + 1, timeout=10_000)
    samplers = [panel.session.samplers[each.sampler] for each in comparisons(stage)[-1].cells]
    assert samplers
    assert not any(spec.stochastic for spec in samplers)


def test_a_cancelled_true_run_is_not_asked_again(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    compare_steps(qtbot, stage)
    click(qtbot, stage, "scrubberBeside")
    qtbot.waitUntil(lambda: len(comparisons(stage)) == 2, timeout=10_000)
    job = stage.bridge.requests.index(comparisons(stage)[-1])
    stage.bridge.begin(job)
    qtbot.keyClick(stage.window, Qt.Key.Key_Escape)
    stage.bridge.arrived.emit(messages.CancelledAt(job, 1))
    assert len(comparisons(stage)) == 2


def test_convergence(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    view = panel.show_view("convergence")
    assert view.pages.currentWidget() is view.empty  # type: ignore[attr-defined]
    compare_steps(qtbot, stage)
    qtbot.waitUntil(lambda: view.plot is not None)  # type: ignore[attr-defined]
    plot = view.plot  # type: ignore[attr-defined]
    assert view.pages.currentWidget() is plot  # type: ignore[attr-defined]
    names = [plot.legend.item(row).text() for row in range(plot.legend.count())]
    assert len(names) == 1 + 3
    assert "Pareto front" in names
    qtbot.waitUntil(lambda: plot._item.getViewBox().width() > 100)
    plot.grab()
    label, point = plot.shown[0]
    box = plot._item.getViewBox()
    at = box.mapViewToScene(QPointF(np.log10(point.cost), np.log10(point.distance)))
    assert plot.nearest(at) == (label, point)
    plot._hover(at)
    assert label in plot._near.textItem.toPlainText()
    click(qtbot, stage, "convergenceCost-seconds")
    assert {round(p.cost, 3) for _, p in plot.shown} == {0.5}
    click(qtbot, stage, "convergenceDistance-lpips")
    assert max(p.distance for _, p in plot.shown) == pytest.approx(1 / 12)
    before = len(plot.shown)
    plot.legend.item(1).setCheckState(Qt.CheckState.Unchecked)
    assert len(plot.shown) == before - 4
    stage.window.theme.choose("dark")
    assert plot.tokens.window == stage.window.theme.tokens.window
    plot.grab()


def test_guidance_strip(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    view = panel.show_view("guidance")
    click(qtbot, stage, "guidanceSweep")
    (request,) = comparisons(stage)
    assert [each.guidance for each in request.cells] == [0.0, 1.0, 2.0, 4.0, 8.0]
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    for index, settings in enumerate(request.cells):
        make_cell(stage, job, index, gap=0.0 if settings.guidance in (0, 1) else 0.5)
    assert view.cells() == (0, 1, 2, 3, 4)  # type: ignore[attr-defined]
    assert panel.pictures.frames.strongest_gap == pytest.approx(0.5)
    assert panel.pictures.frames.picture(Frame(0, 1, "gap")) is None
    assert panel.pictures.frames.picture(Frame(3, 1, "gap")) is not None
    view.grab()


def export(stage: Stage, panel: ComparePanel, kind: str) -> None:
    menu = panel.open_exports()
    next(each for each in menu.actions() if each.objectName() == f"export-{kind}").trigger()
    menu.close()


def written(qtbot: QtBot, panel: ComparePanel) -> Path:
    qtbot.waitUntil(lambda: panel.banner.text.text().startswith("Written to"), timeout=20000)
    return Path(panel.banner.text.text().removeprefix("Written to "))


def test_sheet_and_figures(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    compare_steps(qtbot, stage)
    for kind, suffix in (("sheet", ".png"), ("json", ".json")):
        export(stage, panel, kind)
        path = written(qtbot, panel)
        assert path.suffix == suffix
        assert stage.folder in path.parents
    assert len(json.loads(path.read_text())["cells"]) == 12


@pytest.mark.parametrize(("kind", "suffix"), [("film", ".webp"), ("gif", ".gif"), ("mp4", ".mp4")])
def test_films_are_made_of_decoded_frames(
    qtbot: QtBot, stage: Stage, panel: ComparePanel, kind: str, suffix: str
) -> None:
    choose(stage, "columns", "steps")
    write(qtbot, stage, "compareSteps", "2, 4")
    click(qtbot, stage, "compare")
    make_all(stage)
    export(stage, panel, kind)
    for number in (1, 2):  # one request a cell
        assert len(decodes(stage)) == number
        assert decodes(stage)[-1].latents.shape == (STEPS, 4, 8, 8)
        decode(stage, (200, 0, 0))
    path = written(qtbot, panel)
    assert path.suffix == suffix
    if suffix == ".mp4":
        with av.open(str(path)) as video:
            frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    else:
        with Image.open(path) as film:
            frames = [np.asarray(each.convert("RGB")) for each in ImageSequence.Iterator(film)]
    assert len(frames) > 10
    assert ((frames[1][..., 0] > 150) & (frames[1][..., 1] < 60)).any()


def test_a_cancelled_film_says_so(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    compare_steps(qtbot, stage)
    export(stage, panel, "film")
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    qtbot.keyClick(stage.window, Qt.Key.Key_Escape)
    stage.bridge.arrived.emit(messages.CancelledAt(job, 0))
    assert "film was not written" in panel.banner.text.text()
    assert len(decodes(stage)) == 1


def test_the_prompt_history_is_shared(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    panel.session.prompt.set("a whale")
    click(qtbot, stage, "compare")
    panel.session.prompt.set("")
    panel.column.prompt.setFocus()
    qtbot.keyClick(panel.column.prompt, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert panel.session.prompt.get() == "a whale"
    assert panel.shared.preferences.get("history") == ["a whale"]


def test_tab_walks_everything_in_reading_order(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    compare_steps(qtbot, stage)
    panel.column.prompt.setFocus()
    walked = []
    for _ in range(40):
        here = QApplication.focusWidget()
        walked.append(here.objectName())
        qtbot.keyClick(here, Qt.Key.Key_Tab)
    wanted = [
        "comparePrompt", "compareNegative", "sharedSeed", "preset-steps", "axis-columns",
        "compareSteps", "axis-rows", "compareSamplers", "axis-tabs", "compare", "compareViews",
        "grid", "scrubberPlay", "scrubberTime", "channel-clean", "scrubberBeside",
        "tool-use_settings",
    ]  # fmt: skip
    places = [walked.index(name) for name in wanted]
    assert places == sorted(places)


def test_a_second_comparison_waits_for_the_first(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    click(qtbot, stage, "compare")
    qtbot.keyClick(stage.window, Qt.Key.Key_Return, CONTROL)
    assert len(comparisons(stage)) == 1
    assert "cancel this one first" in panel.banner.text.text()


def test_every_axis_can_be_chosen(stage: Stage, panel: ComparePanel) -> None:
    box = stage.find("axis-columns")
    assert isinstance(box, QComboBox)
    offered = [box.itemData(i) for i in range(box.count())]
    without = {"rule", "schedule"}  # this session has none to choose from
    assert set(offered) | without == set(AXES)


def test_256_cells_do_not_hold_the_window_up(
    qtbot: QtBot, stage: Stage, panel: ComparePanel
) -> None:
    choose(stage, "columns", "seed")
    write(qtbot, stage, "compareSeeds", "1-256")
    click(qtbot, stage, "compare")
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    for index in range(0, 256, 5):
        make_cell(stage, job, index)
    panel.pictures.scrubber.slider.set_time(0.5)
    assert len(panel.pictures.frames._small) < 100  # only what is in sight is drawn


def test_an_empty_prompt_is_allowed(qtbot: QtBot, stage: Stage, panel: ComparePanel) -> None:
    click(qtbot, stage, "compare")
    assert comparisons(stage)[0].cells[0].prompt == Settings("").prompt


def test_the_plot_is_imported_late() -> None:
    code = "import sys, studio.ui.window, studio.app; print('pyqtgraph' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "False", ran.stderr
