"""Beginnings through real clicks: a picture, its mask, variations, what comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QPushButton, QScrollArea
from pytestqt.qtbot import QtBot

from studio.core.generating import Inputs, digest
from studio.core.settings import Settings
from studio.gallery import inputs, png
from studio.ui.start import RESTORED, Start
from studio.ui.starting.brush import MaskEditor
from tests.app.conftest import Stage

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CONTROL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder, for these tests."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return inputs.inputs_folder()


def picture(path: Path, width: int = 60, height: int = 40) -> np.ndarray:
    """A file with a gradient; its pixels."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.arange(width) * 4
    pixels[..., 1] = np.arange(height)[:, None] * 6
    Image.fromarray(pixels).save(path)
    return pixels


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    button = stage.find(name)
    assert button.isEnabled()
    area = stage.window.findChild(QScrollArea, "columnArea")
    assert area is not None
    if area.isAncestorOf(button):
        QApplication.sendPostedEvents()  # lays out what was just unfolded
        area.ensureWidgetVisible(button)
    qtbot.mouseClick(button, LEFT)


def start_of(stage: Stage) -> Start:
    start = stage.panel.session.start.get()
    assert isinstance(start, Start)
    return start


def open_file(qtbot: QtBot, stage: Stage, path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    monkeypatch.setattr(
        "studio.ui.starting.section.QFileDialog.getOpenFileName", lambda *_: (str(path), "")
    )
    if not stage.find("startOpen").isVisible():
        click(qtbot, stage, "startFold")
    with qtbot.waitSignal(stage.panel.session.start.changed):
        click(qtbot, stage, "startOpen")
    return start_of(stage)


def generate(qtbot: QtBot, stage: Stage) -> None:
    """Until the request is with the engine: its inputs are kept first."""
    before = len(stage.bridge.jobs)
    click(qtbot, stage, "generate")
    qtbot.waitUntil(lambda: len(stage.bridge.jobs) > before)


def made(qtbot: QtBot, stage: Stage, settings: Settings) -> None:
    """One finished picture in the strip."""
    generate(qtbot, stage)
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    with qtbot.waitSignal(stage.panel.library.updated):
        stage.bridge.make(job, settings)


def drop(stage: Stage, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    stage.panel.column.start.well.dropEvent(
        QDropEvent(
            QPointF(20, 20),
            Qt.DropAction.CopyAction,
            data,
            LEFT,
            Qt.KeyboardModifier.NoModifier,
        )
    )


def test_what_was_done_to_a_picture_is_said_beside_it(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGBA", (60, 40), (200, 0, 0, 90)).save(tmp_path / "glass.png")
    Image.new("RGB", (40, 40)).save(tmp_path / "plain.png")
    open_file(qtbot, stage, tmp_path / "glass.png", monkeypatch)
    notes = stage.panel.column.start.notes
    assert notes.isVisible()
    assert (
        notes.text() == "Its transparency was laid over white. Only its middle, a square, is used."
    )
    open_file(qtbot, stage, tmp_path / "plain.png", monkeypatch)
    assert not notes.isVisible()
    glass = QImage(8, 8, QImage.Format.Format_ARGB32)
    glass.fill(0)
    QGuiApplication.clipboard().setImage(glass)
    with qtbot.waitSignal(stage.panel.session.start.changed):
        click(qtbot, stage, "startPaste")
    assert notes.text() == "Its transparency was laid over white."


def test_a_file_is_sent_whole_with_the_request(
    qtbot: QtBot, stage: Stage, tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = picture(tmp_path / "dog.png")
    open_file(qtbot, stage, tmp_path / "dog.png", monkeypatch)
    stage.panel.column.start.strength.spin.setValue(0.35)
    generate(qtbot, stage)
    (request,) = stage.bridge.jobs
    assert request.inputs is not None
    assert np.array_equal(request.inputs.source, whole)
    assert request.settings.source == digest(whole)
    assert (request.settings.strength, request.settings.mask) == (0.35, "")
    found = inputs.find(request.settings, kept)
    assert found is not None
    assert np.array_equal(found.source, whole)
    click(qtbot, stage, "startRemove")
    generate(qtbot, stage)
    assert stage.bridge.jobs[1].inputs is None
    assert stage.bridge.jobs[1].settings.source == ""
    assert stage.bridge.jobs[1].settings.strength == 1.0


def test_drop_paste_and_the_picture_shown(qtbot: QtBot, stage: Stage, tmp_path: Path) -> None:
    session = stage.panel.session
    whole = picture(tmp_path / "cat.png")
    with qtbot.waitSignal(session.start.changed):
        drop(stage, tmp_path / "cat.png")
    assert np.array_equal(start_of(stage).inputs.source, whole)
    assert stage.panel.column.start.body.isVisible()
    image = Image.fromarray(np.full((30, 30, 3), 77, np.uint8))
    image.save(tmp_path / "copied.png")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "copied.png"))])
    QGuiApplication.clipboard().setMimeData(data)
    with qtbot.waitSignal(session.start.changed):
        qtbot.keyClick(stage.window, Qt.Key.Key_V, CONTROL | SHIFT)
    assert (start_of(stage).inputs.source == 77).all()
    click(qtbot, stage, "startRemove")
    made(qtbot, stage, Settings("grey", seed=4))
    with qtbot.waitSignal(session.start.changed):
        qtbot.mouseClick(stage.find("startShown"), LEFT)
    assert (start_of(stage).inputs.source == 200).all()
    assert start_of(stage).inputs.source.shape == (256, 256, 3)


def test_what_is_no_picture_is_refused_and_nothing_is_lost(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "dog.png")
    before = open_file(qtbot, stage, tmp_path / "dog.png", monkeypatch)
    (tmp_path / "text.jpg").write_text("no picture")
    with qtbot.waitSignal(stage.panel.sources.failed):
        drop(stage, tmp_path / "text.jpg")
    assert "text.jpg" in stage.panel.viewer.banner.text.text()
    assert stage.panel.session.start.get() is before
    QGuiApplication.clipboard().setText("words")
    click(qtbot, stage, "startPaste")
    assert "clipboard" in stage.panel.viewer.banner.text.text()
    assert stage.panel.session.start.get() is before


def editor_of(qtbot: QtBot, stage: Stage) -> MaskEditor:
    click(qtbot, stage, "paintMask")
    editor = stage.panel.column.start.editor
    assert editor is not None
    editor.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is editor)
    return editor


def at(editor: MaskEditor, x: float, y: float) -> QPoint:
    """A point of the picture, in parts of it."""
    place = editor.easel.place()
    return QPointF(place.left() + x * place.width(), place.top() + y * place.height()).toPoint()


def test_a_painted_mask_reaches_the_request(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "dog.png", 200, 200)
    open_file(qtbot, stage, tmp_path / "dog.png", monkeypatch)
    editor = editor_of(qtbot, stage)
    easel = editor.easel
    qtbot.mousePress(easel, LEFT, pos=at(editor, 0.3, 0.5))
    qtbot.mouseMove(easel, at(editor, 0.5, 0.5))
    qtbot.mouseRelease(easel, LEFT, pos=at(editor, 0.5, 0.5))
    mask = easel.painted.pixels
    assert mask[100, 60] == mask[100, 80] == 255
    assert mask[100, 120] == 0
    assert mask[60, 60] == 0
    qtbot.keyClick(editor, Qt.Key.Key_X)
    qtbot.mouseClick(easel, LEFT, pos=at(editor, 0.3, 0.5))
    assert mask[100, 60] == 0
    qtbot.mouseClick(editor.undo, LEFT)
    assert mask[100, 60] == 255
    click_in(qtbot, editor, "maskDone")
    qtbot.waitUntil(lambda: stage.panel.column.start.editor is None)
    painted = start_of(stage).inputs.mask
    assert painted is not None
    generate(qtbot, stage)
    (request,) = stage.bridge.jobs
    assert request.inputs is not None
    assert request.inputs.mask is painted
    assert request.settings.mask == digest(painted)


def click_in(qtbot: QtBot, editor: MaskEditor, name: str) -> None:
    button = editor.findChild(QPushButton, name)
    assert button is not None
    qtbot.mouseClick(button, LEFT)


def test_the_brush_and_its_keys(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "dog.png", 100, 100)
    open_file(qtbot, stage, tmp_path / "dog.png", monkeypatch)
    editor = editor_of(qtbot, stage)
    easel, before = editor.easel, editor.easel.width_share
    qtbot.keyClick(editor, Qt.Key.Key_BracketRight)
    assert easel.width_share > before
    qtbot.keyClick(editor, Qt.Key.Key_BracketLeft)
    qtbot.keyClick(editor, Qt.Key.Key_BracketLeft)
    assert easel.width_share < before
    qtbot.mouseClick(easel, LEFT, pos=at(editor, 0.2, 0.2))
    dab = easel.painted.share
    assert dab > 0
    click_in(qtbot, editor, "maskInvert")
    assert easel.painted.share == pytest.approx(1 - dab)
    qtbot.mouseClick(easel, RIGHT, pos=at(editor, 0.7, 0.7))
    assert easel.painted.share < 1 - dab
    qtbot.keyClick(editor, Qt.Key.Key_F)
    assert easel.painted.share == 1
    qtbot.keyClick(editor, Qt.Key.Key_C)
    assert easel.painted.share == 0
    qtbot.keyClick(editor, Qt.Key.Key_Z, CONTROL)
    assert easel.painted.share == 1
    qtbot.keyClick(editor, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert easel.painted.share == 0
    easel.setFocus()
    qtbot.keyClick(easel, Qt.Key.Key_Right)
    qtbot.keyClick(easel, Qt.Key.Key_Space)
    assert easel.painted.share > 0
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: stage.panel.column.start.editor is None)
    assert start_of(stage).inputs.mask is None


def test_an_empty_mask_is_none(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "dog.png")
    start = open_file(qtbot, stage, tmp_path / "dog.png", monkeypatch)
    mask = np.zeros(start.inputs.source.shape[:2], np.uint8)
    mask[:5] = 255
    stage.panel.session.start.set(start.masked(mask))
    assert stage.find("startMask").property("text") == "12 % is repainted"
    editor = editor_of(qtbot, stage)
    click_in(qtbot, editor, "maskClear")
    click_in(qtbot, editor, "maskDone")
    assert start_of(stage).mask == ""
    assert start_of(stage).inputs.mask is None


def test_variations_keep_the_seed(qtbot: QtBot, stage: Stage) -> None:
    session = stage.panel.session
    click(qtbot, stage, "variationFold")
    stage.panel.column.variation.share.spin.setValue(0.2)
    assert stage.find("variationHint").isVisible()
    qtbot.keyClicks(stage.find("seed"), "7")
    assert not stage.find("variationHint").isVisible()
    generate(qtbot, stage)
    generate(qtbot, stage)
    first, second = (job.settings for job in stage.bridge.jobs)
    assert (first.seed, first.variation) == (second.seed, second.variation) == (7, 0.2)
    assert first.variation_seed != second.variation_seed
    click(qtbot, stage, "variationSeedReuse")
    generate(qtbot, stage)
    assert stage.bridge.jobs[2].settings == second
    stage.panel.column.variation.share.spin.setValue(0)
    generate(qtbot, stage)
    assert stage.bridge.jobs[3].settings == replace(second, variation=0.0, variation_seed=0)
    assert session.settings().variation_seed == 0


def test_vary_this_makes_four_siblings(qtbot: QtBot, stage: Stage) -> None:
    old = Settings("a fox", sampler="ddpm", steps=44, guidance=2.0, seed=7)
    made(qtbot, stage, old)
    click(qtbot, stage, "tool-vary")
    request = stage.bridge.jobs[1]
    assert request.count == 4
    assert (request.settings.seed, request.settings.variation) == (7, 0.15)
    assert request.settings.prompt == "a fox"
    assert stage.panel.session.prompt.get() == ""
    viewer = stage.panel.viewer
    viewer.canvas.setFocus()
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_V)
    assert len(stage.bridge.jobs) == 3


def test_settings_bring_their_picture_back(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "dog.png")
    open_file(qtbot, stage, tmp_path / "dog.png", monkeypatch)
    stage.panel.column.start.strength.spin.setValue(0.35)
    generate(qtbot, stage)
    then = stage.bridge.jobs[0].settings
    click(qtbot, stage, "startRemove")
    made(qtbot, stage, then)
    with qtbot.waitSignal(stage.panel.sources.found):
        click(qtbot, stage, "tool-use_all")
    assert start_of(stage).name == RESTORED
    assert stage.panel.session.settings() == then
    click(qtbot, stage, "tool-vary")
    qtbot.waitUntil(lambda: len(stage.bridge.jobs) == 3)
    assert stage.bridge.jobs[2].settings.source == then.source


def test_a_picture_that_is_gone_is_said_and_the_rest_goes_on(
    qtbot: QtBot, stage: Stage, tmp_path: Path
) -> None:
    gone = np.full((20, 20, 3), 9, np.uint8)
    settings = Inputs(gone).named(Settings("a lion", seed=99, strength=0.4))
    path = tmp_path / "lion.png"
    png.write(path, np.zeros((64, 64, 3), np.uint8), settings)
    with qtbot.waitSignal(stage.panel.reader.found):
        stage.panel.reader.read(path, stage.panel.session.model.get())
    with qtbot.waitSignal(stage.panel.sources.gone):
        click(qtbot, stage, "bannerChoice0")
    assert "not on this machine" in stage.panel.viewer.banner.text.text()
    session = stage.panel.session
    assert session.start.get() is None
    assert (session.prompt.get(), session.seed.get()) == ("a lion", 99)
    generate(qtbot, stage)
    assert stage.bridge.jobs[0].settings.source == ""


def test_a_full_disk_does_not_stop_the_picture(
    qtbot: QtBot, stage: Stage, tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "dog.png")
    open_file(qtbot, stage, tmp_path / "dog.png", monkeypatch)
    kept.parent.mkdir(parents=True)
    kept.write_text("a file where the folder should be")
    generate(qtbot, stage)
    assert stage.panel.viewer.banner.kind == "error"
    assert "start from" in stage.panel.viewer.banner.text.text()


def test_keys_lead_to_every_control(qtbot: QtBot, stage: Stage) -> None:
    column = stage.panel.column
    qtbot.keyClick(stage.window, Qt.Key.Key_I, ALT)
    assert column.start.well.hasFocus()
    qtbot.keyClick(stage.window, Qt.Key.Key_R, ALT)
    assert column.variation.share.spin.hasFocus()


def test_the_small_window_does_not_overflow(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.window.resize(1000, 650)
    picture(tmp_path / "a very long name of a picture that nobody would want to read.png")
    open_file(qtbot, stage, next(tmp_path.glob("a very*")), monkeypatch)
    column = stage.panel.column
    column.variation.open()
    body = stage.find("columnBody")
    assert body.width() == column.width() or body.sizeHint().width() <= column.width()
    for name in ("paintMask", "startRemove", "startShown", "strengthSpin", "variationSeedReuse"):
        found = stage.find(name)
        right = found.mapTo(column, QPoint(found.width(), 0)).x()
        assert right <= column.width(), name
    assert stage.window.width() == 1000
