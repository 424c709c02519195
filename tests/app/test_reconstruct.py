"""The Reconstruct workspace through real clicks, on a recording bridge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QSizeF, Qt
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from studio.core.autoencoding import Figures, Reconstruct, Reconstructed, Spectra
from studio.core.learning import Paused, Train, Trained, TrainSample, TrainStep
from studio.core.messages import CancelledAt, Failed, Finished
from studio.models import registry
from studio.ui.image.sight import Sight
from studio.ui.workspaces.reconstruct.pane import signed_difference
from studio.ui.workspaces.reconstruct.panel import ReconstructPanel
from studio.ui.workspaces.reconstruct.train import HINT, TrainView
from tests.app.conftest import Stage

FIGURES = Figures(25.0, 0.8, 0.9, 0.1, 48.0, 1.0, 0.2)


def panel_of(stage: Stage, qtbot: QtBot) -> ReconstructPanel:
    panel = next(p for p in stage.window.panels if isinstance(p, ReconstructPanel))
    stage.window._go_to("reconstruct")
    qtbot.waitUntil(lambda: panel.column.autoencoders.count() > 0, timeout=10000)
    return panel


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    qtbot.mouseClick(stage.find(name), Qt.MouseButton.LeftButton)


def picture(path: Path, grey: int) -> Path:
    Image.new("RGB", (40, 30), (grey, grey, grey)).save(path)
    return path


def answer(stage: Stage, job: int, lpips: float | None = FIGURES.lpips) -> None:
    """Everything that the request asked for, then its end."""
    figures = replace(FIGURES, lpips=lpips)
    request = stage.bridge.requests[job]
    assert isinstance(request, Reconstruct)
    frequencies = np.linspace(0.05, 0.45, 9)
    spectra = Spectra(frequencies, frequencies - 1, frequencies - 2, frequencies - 3)
    stage.bridge.begin(job)
    for number, pixels in enumerate(request.pictures):
        for name in request.autoencoders:
            heat = np.full(pixels.shape[:2], 0.3, np.float16)
            made = np.clip(pixels.astype(int) + 10, 0, 255).astype(np.uint8)
            stage.bridge.arrived.emit(
                Reconstructed(
                    job, number, name, made, figures, spectra, (4, 5, 4), 0.1, 0.2, heat, ""
                )
            )
    stage.bridge.arrived.emit(Finished(job, 1.0))


def test_opened_chosen_reconstructed(stage: Stage, qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_of(stage, qtbot)
    panel.opener.files((picture(tmp_path / "a.png", 90), picture(tmp_path / "b.png", 120)))
    qtbot.waitUntil(lambda: len(panel.bench.sources) == 2)
    click(qtbot, stage, "noAutoencoders")
    assert not stage.find("reconstruct").isEnabled()
    panel.column.items()[0].setCheckState(Qt.CheckState.Checked)
    name = panel.column.items()[0].text()
    click(qtbot, stage, "reconstruct")
    request = stage.bridge.requests[-1]
    assert isinstance(request, Reconstruct)
    assert request.autoencoders == (name,) and len(request.pictures) == 2
    answer(stage, len(stage.bridge.requests) - 1)
    qtbot.waitUntil(lambda: set(panel.wall.panes) == {"original", name})
    assert panel.wall.table.rowCount() == 1
    asked = len(stage.bridge.requests)
    click(qtbot, stage, "reconstruct")  # everything is there already
    assert len(stage.bridge.requests) == asked


def test_an_autoencoder_of_ones_own(
    stage: Stage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named shortly, opened by its whole path; one request at a time."""
    panel = panel_of(stage, qtbot)
    own = str(tmp_path / "mine" / "vae.safetensors")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (own, ""))
    panel.opener.files((picture(tmp_path / "a.png", 90),))
    qtbot.waitUntil(lambda: len(panel.bench.sources) == 1)
    click(qtbot, stage, "noAutoencoders")
    click(qtbot, stage, "addAutoencoder")
    qtbot.waitUntil(lambda: panel.column.items()[-1].text() == "mine/vae.safetensors")
    assert panel.column.items()[-1].checkState() == Qt.CheckState.Checked
    click(qtbot, stage, "reconstruct")
    assert stage.bridge.requests[-1].autoencoders == (own,)
    stage.bridge.begin(len(stage.bridge.requests) - 1)
    assert not stage.find("reconstruct").isEnabled() and stage.find("reconstructCancel").isEnabled()
    answer(stage, len(stage.bridge.requests) - 1)
    assert stage.find("reconstruct").isEnabled()
    qtbot.waitUntil(lambda: own in panel.wall.panes)
    assert panel.wall.table.item(0, 0).text() == "mine/vae.safetensors"


def test_the_panes_show_what_is_asked(stage: Stage, qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_of(stage, qtbot)
    panel.opener.files((picture(tmp_path / "a.png", 90),))
    qtbot.waitUntil(lambda: len(panel.bench.sources) == 1)
    click(qtbot, stage, "reconstruct")
    answer(stage, len(stage.bridge.requests) - 1)
    pane = panel.wall.panes[panel.bench.chosen[0]]

    def grey() -> tuple[int, int, int]:
        colour = pane.image().pixelColor(5, 5)
        return colour.red(), colour.green(), colour.blue()

    assert grey() == (100, 100, 100)
    click(qtbot, stage, "wallShown-difference")
    assert grey() == (168, 168, 168)  # 128 + 4 x 10
    click(qtbot, stage, "wallShown-lpips")
    assert len(set(grey())) > 1
    click(qtbot, stage, "wallShown-picture")
    panel.wall.setFocus()
    qtbot.keyPress(panel.wall, Qt.Key.Key_Space)
    assert grey() == (90, 90, 90)  # the original, while held
    qtbot.keyRelease(panel.wall, Qt.Key.Key_Space)
    assert grey() == (100, 100, 100)
    click(qtbot, stage, "wallWipe")
    assert panel.wall.sight.wipe == 0.5
    qtbot.mouseClick(pane, Qt.MouseButton.LeftButton, pos=QPoint(pane.width() // 2, 5))
    assert panel.wall.sight.wipe is not None
    qtbot.keyClick(panel.wall, Qt.Key.Key_W)
    assert panel.wall.sight.wipe is None
    pane.grab()  # paints without a warning


def test_a_damaged_file_loses_nothing(stage: Stage, qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_of(stage, qtbot)
    (tmp_path / "text.png").write_text("no picture")
    panel.opener.files((picture(tmp_path / "a.png", 9), tmp_path / "text.png"))
    qtbot.waitUntil(lambda: len(panel.bench.sources) == 1)
    assert panel.banner.isVisible() and "text.png" in panel.banner.text.text()
    panel.column.pictures.setFocus()
    qtbot.keyClick(panel.column.pictures, Qt.Key.Key_Delete)
    assert panel.bench.sources == ()


def test_a_sample_at_one_click_and_an_export(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_of(stage, qtbot)
    click(qtbot, stage, "samplePicture")
    qtbot.waitUntil(lambda: len(panel.bench.sources) == 1, timeout=20000)
    click(qtbot, stage, "reconstruct")
    answer(stage, len(stage.bridge.requests) - 1)
    panel.actions_by_id["export_reconstructions"].trigger()
    qtbot.waitUntil(lambda: "Written" in panel.banner.text.text(), timeout=20000)
    (folder,) = (stage.folder / "Reconstructions").iterdir()
    assert {path.name for path in folder.iterdir()} == {"sheet.png", "figures.csv"}


def test_a_failure_is_said_in_place(stage: Stage, qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_of(stage, qtbot)
    panel.opener.files((picture(tmp_path / "a.png", 9),))
    qtbot.waitUntil(lambda: len(panel.bench.sources) == 1)
    click(qtbot, stage, "reconstruct")
    job = len(stage.bridge.requests) - 1
    stage.bridge.arrived.emit(Failed(job, "The weights are damaged."))
    assert panel.banner.text.text() == "The weights are damaged."
    assert panel.bench.job is None and stage.find("reconstruct").isEnabled()


def test_every_control_can_be_found_and_named(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_of(stage, qtbot)
    for number in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(number)
    buttons = panel.findChildren(QPushButton)
    names = [button.objectName() for button in buttons]
    assert len(names) == len(set(names))
    for button in buttons:
        assert button.objectName() and button.toolTip() and button.accessibleName()


def test_zooming_keeps_the_point_under_the_mouse() -> None:
    sight, room, size = Sight(), QSizeF(200, 100), QSizeF(400, 300)
    at = QPointF(60, 40)
    before = sight.place(room, size)
    part = (at.x() - before.x()) / before.width(), (at.y() - before.y()) / before.height()
    sight.zoom_at(3.0, at, room, size)
    after = sight.place(room, size)
    assert (at.x() - after.x()) / after.width() == pytest.approx(part[0])
    assert (at.y() - after.y()) / after.height() == pytest.approx(part[1])
    assert after.width() == pytest.approx(3 * before.width())


def test_differences_are_signed() -> None:
    original = np.full((1, 2, 3), 100, np.uint8)
    other = np.array([[[110] * 3, [60] * 3]], np.uint8)
    assert signed_difference(original, other, 4)[0, :, 0].tolist() == [168, 0]


@pytest.fixture
def training(stage: Stage, qtbot: QtBot) -> TrainView:
    panel = panel_of(stage, qtbot)
    panel.tabs.setCurrentIndex([spec.id for spec in panel._specs].index("train"))
    view = panel.findChild(QWidget, "trainView")
    assert isinstance(view, TrainView) and not panel.column.isVisible()
    return view


def test_a_recipe_fills_the_weights(stage: Stage, qtbot: QtBot, training: TrainView) -> None:
    column = training.column
    column.recipe.setCurrentIndex(column.recipe.findData("vae-l2"))
    column.recipe.activated.emit(column.recipe.currentIndex())
    assert column.weights["perceptual"].value() == 0 and column.norm.currentData() == "l2"
    column.weights["kl"].setValue(0.5)
    column.minutes.setValue(2)
    click(qtbot, stage, "train")
    request = stage.bridge.requests[-1]
    assert isinstance(request, Train)
    assert (request.kl, request.minutes, request.norm) == (0.5, 2, "l2")


def test_training_is_watched_paused_kept(stage: Stage, qtbot: QtBot, training: TrainView) -> None:
    click(qtbot, stage, "train")
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    for step in range(1, 5):
        terms = (("loss", 0.5 / step), ("kl", 2.0))
        stage.bridge.arrived.emit(TrainStep(job, step, 16 * step, step / 10, 60, terms))
    pictures = np.zeros((2, 32, 32, 3), np.uint8)
    stage.bridge.arrived.emit(TrainSample(job, 4, pictures, pictures, (("psnr", 21.0),)))
    assert training.terms["loss"] == [0.5, 0.25, 0.5 / 3, 0.125]
    assert "21.0 dB" in training.figures.text()
    click(qtbot, stage, "trainPause")
    assert stage.bridge.pauses == [(job, True)]
    stage.bridge.arrived.emit(Paused(job, True))
    assert training.column.pause.text() == "Resume"
    click(qtbot, stage, "trainKeep")
    assert stage.bridge.kept == [job]
    stage.bridge.arrived.emit(Trained(job, "my-vae-1", "/x", 4, 1.0, ()))
    stage.bridge.arrived.emit(Finished(job, 1.0))
    assert training.job is None and training.use.isVisible()
    click(qtbot, stage, "trainUse")
    assert "my-vae-1" in training._bench.chosen


def test_a_cancelled_training_can_be_gone_on_with(
    stage: Stage, qtbot: QtBot, training: TrainView
) -> None:
    click(qtbot, stage, "train")
    job = len(stage.bridge.requests) - 1
    click(qtbot, stage, "trainCancel")
    assert stage.bridge.cancels == [job]
    stage.bridge.arrived.emit(CancelledAt(job, 7))
    assert "Resume" in training.status.text() and stage.find("train").isEnabled()


def test_a_name_that_is_no_folder_is_refused(
    stage: Stage, qtbot: QtBot, training: TrainView
) -> None:
    name, asked = training.column.name, len(stage.bridge.requests)
    name.setFocus()
    name.selectAll()
    qtbot.keyClicks(name, "a/b")
    assert "name" in training.status.text().lower() and not stage.find("train").isEnabled()
    click(qtbot, stage, "train")
    qtbot.keyClick(stage.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert len(stage.bridge.requests) == asked
    name.selectAll()
    qtbot.keyClicks(name, "ab")
    assert stage.find("train").isEnabled() and training.status.text() == HINT


def left(name: str) -> Path:
    """A run of this name that was cancelled."""
    checkpoint = registry.run_folder(name) / "checkpoint.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"learnt")
    return checkpoint


def test_a_cancelled_run_is_asked_about(
    stage: Stage, qtbot: QtBot, training: TrainView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    kept, other = left("my-vae-1"), left("my-vae-2")
    asked = len(stage.bridge.requests)
    click(qtbot, stage, "train")
    assert len(stage.bridge.requests) == asked
    assert training.banner.isVisible() and "my-vae-1" in training.banner.text.text()
    click(qtbot, stage, "bannerChoice1")
    request = stage.bridge.requests[-1]
    assert isinstance(request, Train)
    assert (request.name, request.resume) == ("my-vae-3", False)
    stage.bridge.arrived.emit(CancelledAt(asked, 0))
    training.column.name.setText("my-vae-1")
    click(qtbot, stage, "train")
    qtbot.keyClick(stage.window, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: len(stage.bridge.requests) == asked + 2)
    request = stage.bridge.requests[-1]
    assert isinstance(request, Train)
    assert (request.name, request.resume) == ("my-vae-1", True)
    assert not training.banner.isVisible()
    assert kept.read_bytes() == other.read_bytes() == b"learnt"


def test_long_curves_are_thinned(training: TrainView, stage: Stage, qtbot: QtBot) -> None:
    click(qtbot, stage, "train")
    job = len(stage.bridge.requests) - 1
    for step in range(1, 4500):
        event = TrainStep(job, step, step, 0.1, 1.0, (("loss", 1.0 / step),))
        training._stepped(event)
    assert len(training.steps) <= 2000 and len(training.terms["loss"]) == len(training.steps)


def test_a_damaged_autoencoder_is_shown_with_what_is_wrong(
    stage: Stage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models" / "autoencoders" / "mine"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text('{"down_block_types": null}')
    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path / "models")
    panel = panel_of(stage, qtbot)
    listed = panel.column.autoencoders
    last = listed.item(listed.count() - 1)
    assert last.text() == "mine (damaged)"
    assert str(folder / "model.json") in last.toolTip()
    click(qtbot, stage, "allAutoencoders")
    assert "mine" not in panel.bench.chosen and panel.bench.chosen
