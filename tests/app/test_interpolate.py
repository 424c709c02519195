"""The Interpolate workspace through real clicks, on a recording bridge and on the real engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from studio import app
from studio.core.errors import OutputError
from studio.core.generating import Generate, Picture
from studio.core.messages import CancelledAt, Failed, Finished, Progress
from studio.core.settings import Settings
from studio.core.walks import Frame, Inverted, Spaced, Walk, places
from studio.gallery import png
from studio.ui.library.picker import Yours
from studio.ui.widgets.line import Line
from studio.ui.workspaces.interpolate.panel import InterpolatePanel
from tests import tiny
from tests.app.conftest import Stage, open_window
from tests.app.test_studio import studio as studio

SIDE = 32


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def panel(stage: Stage) -> InterpolatePanel:
    return panel_of(stage)


def panel_of(stage: Stage) -> InterpolatePanel:
    stage.window._go_to("interpolate")
    found = next(p for p in stage.window.panels if isinstance(p, InterpolatePanel))
    assert found.isVisible()
    return found


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    qtbot.mouseClick(stage.find(name), Qt.MouseButton.LeftButton)


def text(stage: Stage, name: str) -> str:
    label = stage.find(name)
    assert isinstance(label, QLabel)
    return label.full if isinstance(label, Line) else label.text()


def grey(job: int, index: int, place: tuple[float, float]) -> Frame:
    """A frame that tells where it is: red across, green down, blue its index."""
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[...] = round(200 * place[0]), round(200 * place[1]), index
    return Frame(job, index, place, image, 0.5, 20)


def asked(stage: Stage) -> tuple[int, Walk]:
    """The job that was submitted last."""
    walk = stage.bridge.requests[-1]
    assert isinstance(walk, Walk)
    return len(stage.bridge.requests) - 1, walk


def make(stage: Stage, order: tuple[int, ...] | None = None) -> tuple[int, Walk]:
    """The last walk's frames, all unless `order` says which; not its end."""
    job, walk = asked(stage)
    where = places(walk)
    stage.bridge.begin(job)
    for index in order or range(len(where)):
        stage.bridge.arrived.emit(grey(job, index, where[index]))
    return job, walk


def fill(panel: InterpolatePanel, *prompts: str) -> None:
    for card, prompt in zip(panel.column.cards, prompts, strict=False):
        card.prompt.setPlainText(prompt)


def strip(stage: Stage, panel: InterpolatePanel, qtbot: QtBot) -> tuple[int, Walk]:
    """A finished strip of 9."""
    fill(panel, "a red apple", "a green pear")
    click(qtbot, stage, "walk")
    job, walk = make(stage)
    stage.bridge.arrived.emit(Spaced(job, (0.1,) * 7 + (0.3,), "LPIPS"))
    stage.bridge.arrived.emit(Finished(job, 4.0))
    return job, walk


def test_the_seed_that_was_drawn_can_be_kept(
    stage: Stage, panel: InterpolatePanel, qtbot: QtBot
) -> None:
    qtbot.keyClicks(stage.find("walkPrompt0"), "a red apple")
    qtbot.keyClicks(stage.find("walkPrompt1"), "a green pear")
    assert not stage.find("walkSeed0Reuse").isVisible()  # none was drawn yet
    click(qtbot, stage, "walk")
    job, walk = asked(stage)
    stage.bridge.arrived.emit(Finished(job, 1.0))
    click(qtbot, stage, "walkEven")
    click(qtbot, stage, "walkSeed0Reuse")
    click(qtbot, stage, "walk")
    _, again = asked(stage)
    assert again.even and again.ends[0].settings == walk.ends[0].settings
    panel.column.cards[0].seed.line.clear()
    assert str(walk.ends[0].settings.seed) in panel.column.cards[0].seed.line.placeholderText()


def test_two_ends_make_a_strip(stage: Stage, panel: InterpolatePanel, qtbot: QtBot) -> None:
    qtbot.keyClicks(stage.find("walkPrompt0"), "a red apple")
    assert "the same" in text(stage, "walkCount")
    qtbot.keyClicks(stage.find("walkPrompt1"), "a green pear")
    assert text(stage, "walkCount").startswith("9 frames · about")
    qtbot.keyClick(
        stage.find("walkPrompt1"), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier
    )
    job, walk = asked(stage)
    assert [end.settings.prompt for end in walk.ends] == ["a red apple", "a green pear"]
    assert walk.ends[0].settings.seed == walk.ends[1].settings.seed  # one noise, two prompts
    assert (walk.columns, walk.rows, walk.way, walk.noise) == (9, 1, "noise", "slerp")
    assert not stage.find("walk").isEnabled()
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(Progress(job, 2, 9, 5, 10, 7.0))
    assert "7.0 s left" in text(stage, "walkSaid")
    make(stage, (0, 8))  # ends first: the rest shows its nearest, the cross-fade is whole
    assert panel.course.nearest(3) == 0 and panel.course.nearest(5) == 8
    panel.show_frame(3)
    assert "nearest" in text(stage, "walkFacts")
    make(stage, (4, 2, 6, 1, 3, 5, 7))
    assert "Frame 4 of 9 · 38% of the way" in text(stage, "walkFacts")
    panel.grab()  # paints without a warning


def test_four_ends_make_a_grid(stage: Stage, panel: InterpolatePanel, qtbot: QtBot) -> None:
    click(qtbot, stage, "walkEnds-4")
    assert stage.find("walkEnd3").isVisible() and not stage.find("walkFramesSpin").isVisible()
    fill(panel, "apple", "pear", "lemon", "plum")
    panel.column.across.spin.setValue(4)
    panel.column.down.spin.setValue(3)
    panel.column.cards[2].seed.line.setText("77")
    click(qtbot, stage, "walk")
    _, walk = make(stage)
    assert (walk.columns, walk.rows) == (4, 3) and walk.ends[2].settings.seed == 77
    assert panel.course.route() == (0, 1, 2, 3, 7, 6, 5, 4, 8, 9, 10, 11)
    panel.map.setFocus()
    qtbot.keyClick(panel.map, Qt.Key.Key_Down)
    qtbot.keyClick(panel.map, Qt.Key.Key_Right)
    assert panel.map.current == 5
    shown = panel.stage.walk.picture
    assert shown is not None and shown.image.pixelColor(3, 3).blue() == 5
    fade = panel.stage.fade.picture  # bilinear: 200/3 red, 100 green, of the corners' blue 0 3 8 11
    assert fade is not None
    colour = fade.image.pixelColor(3, 3)
    assert (colour.red(), colour.green(), colour.blue()) == (67, 100, 5)
    centre = panel.map.place(10).center().toPoint()
    qtbot.mouseClick(panel.map, Qt.MouseButton.LeftButton, pos=centre)
    assert panel.map.current == 10 and panel.player.frame == 10
    panel.grab()


def test_scrubbing_and_playing(stage: Stage, panel: InterpolatePanel, qtbot: QtBot) -> None:
    strip(stage, panel, qtbot)
    slider = panel.player.slider
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2, 10))
    assert panel.map.current == 4 and text(stage, "walkRead") == "5 / 9"
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert panel.map.current == 5
    panel.player.rate.setCurrentIndex(panel.player.rate.findData(4.0))
    click(qtbot, stage, "walkPlay")
    assert panel.player.playing
    seen = []
    for _ in range(14):
        panel.player.advance(0.25)
        seen.append(panel.player.frame)
    assert seen == [6, 7, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3]  # there and back
    panel.player.turn.setCurrentIndex(panel.player.turn.findData("loop"))
    panel.player.go_to(7)
    assert [panel.player.advance(0.25) or panel.player.frame for _ in range(3)] == [8, 0, 1]
    panel.player.turn.setCurrentIndex(panel.player.turn.findData("once"))
    panel.player.go_to(7)
    panel.player.advance(0.25)
    assert panel.player.frame == 8 and not panel.player.playing
    panel.map.setFocus()
    qtbot.keyClick(panel.map, Qt.Key.Key_Space)
    assert panel.player.playing and panel.player.frame == 0
    qtbot.keyClick(panel.map, Qt.Key.Key_Space)
    qtbot.keyClick(panel.map, Qt.Key.Key_F)
    assert not panel.stage.fade.isVisible()


def test_cancel_keeps_what_is_done(stage: Stage, panel: InterpolatePanel, qtbot: QtBot) -> None:
    fill(panel, "a", "b")
    click(qtbot, stage, "walk")
    job, _ = make(stage, (0, 8, 4))
    click(qtbot, stage, "walkCancel")
    assert stage.bridge.cancels == [job]
    stage.bridge.arrived.emit(CancelledAt(job, 3))
    assert set(panel.course.frames) == {0, 4, 8} and stage.find("walk").isEnabled()
    click(qtbot, stage, "walk")
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert stage.bridge.cancels == [job, job + 1]


def test_a_walk_that_waits_is_cancelled_alone(
    stage: Stage, panel: InterpolatePanel, qtbot: QtBot
) -> None:
    stage.window.shared.jobs.submit(Generate(Settings("a dog")))
    stage.bridge.begin(1)
    fill(panel, "a", "b")
    click(qtbot, stage, "walk")
    click(qtbot, stage, "walkCancel")
    assert stage.bridge.cancels == [2]
    stage.bridge.arrived.emit(CancelledAt(2, 0))
    jobs = stage.window.shared.jobs
    assert panel.course.job is None and [job.number for job in jobs.open] == [1]


def test_prompts_come_back_with_alt_up(stage: Stage, panel: InterpolatePanel, qtbot: QtBot) -> None:
    strip(stage, panel, qtbot)
    box = stage.find("walkPrompt0")
    for _ in range(2):
        qtbot.keyClick(box, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert panel.column.cards[0].prompt.toPlainText() == "a green pear"
    assert stage.window.shared.preferences.get("history")[:2] == ["a red apple", "a green pear"]


@pytest.mark.parametrize("form", [".webp", ".gif", ".mp4", "-frames"])
@pytest.mark.parametrize("both", [False, True])
def test_exports(
    stage: Stage, panel: InterpolatePanel, qtbot: QtBot, form: str, both: bool
) -> None:
    if both and form == "-frames":
        pytest.skip("frames are frames")
    strip(stage, panel, qtbot)
    menu = panel.open_exports()
    name = f"walkExport{'Both' if both else ''}{form}"
    inside = menu.actions()[-1].menu().actions() if both else menu.actions()
    next(each for each in inside if each.objectName() == name).trigger()
    qtbot.waitUntil(lambda: "Written to" in panel.banner.text.text(), timeout=20_000)
    assert not panel.writing.isVisible()
    (path,) = (stage.folder / "Walks").iterdir()
    assert str(path) in panel.banner.text.text() and "a red apple to a green pear" in path.name
    if form == "-frames":
        files = sorted(path.iterdir())
        assert len(files) == 9
        record = png.read_record(files[3])
        assert record.walk is not None and record.walk["place"] == [0.375, 0.0]
        assert (np.asarray(Image.open(files[3])) == panel.course.frames[3].image).all()
    elif form != ".mp4":
        with Image.open(path) as film:
            assert film.n_frames == 16  # there and back
            assert film.size == ((2 * SIDE + 8) if both else SIDE, SIDE)


def test_the_disk_refuses(
    stage: Stage, panel: InterpolatePanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    strip(stage, panel, qtbot)

    def refuse(*_: object, **__: object) -> None:
        raise OutputError("The disk is full; free some space.")

    monkeypatch.setattr("studio.ui.workspaces.interpolate.exports.write_film", refuse)
    panel.open_exports().actions()[0].trigger()
    qtbot.waitUntil(lambda: panel.banner.kind == "error")
    assert panel.banner.text.text() == "The disk is full; free some space."
    assert not panel.writing.isVisible() and len(panel.course.frames) == 9


def test_even_speed_without_weights(stage: Stage, panel: InterpolatePanel, qtbot: QtBot) -> None:
    click(qtbot, stage, "walkEven")
    fill(panel, "a", "b")
    click(qtbot, stage, "walk")
    job, walk = make(stage)
    assert walk.even
    stage.bridge.arrived.emit(Spaced(job, (0.1, 0.3), "pixels"))
    said = text(stage, "walkSpeed")
    assert "uneven by 0.50" in said and "not on this machine" in said
    stage.bridge.arrived.emit(grey(job, 4, (0.61, 0.0)))  # moved
    assert panel.course.place(4) == (0.61, 0.0)
    stage.bridge.arrived.emit(Spaced(job, (0.2, 0.2), "pixels"))
    assert "0.50 → 0.00" in text(stage, "walkSpeed")
    panel.grab()


def picture(path: Path, shade: int, settings: Settings | None = None) -> Path:
    pixels = np.full((48, 64, 3), shade, np.uint8)
    if settings is None:
        Image.fromarray(pixels).save(path)
    else:
        png.write(path, pixels, settings)
    return path


def drop(panel: InterpolatePanel, end: int, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, none)
    panel.column.cards[end].well.dropEvent(event)


def test_a_picture_is_inverted(
    stage: Stage, panel: InterpolatePanel, qtbot: QtBot, tmp_path: Path
) -> None:
    fill(panel, "a bear", "a cat")
    click(qtbot, stage, "walkKind1-picture")
    assert "End has no picture" in text(stage, "walkCount")
    drop(panel, 1, picture(tmp_path / "cat.png", 90))
    qtbot.waitUntil(lambda: panel.column.cards[1].start is not None)
    assert "Inverted to its noise" in text(stage, "walkQuality1")
    click(qtbot, stage, "walk")
    job, walk = make(stage, (0, 8))
    pixels = walk.ends[1].picture
    assert walk.ends[0].picture is None and pixels is not None
    assert pixels.shape == (48, 64, 3) and (pixels == 90).all()
    stage.bridge.arrived.emit(Inverted(job, 1, np.zeros((SIDE, SIDE, 3), np.uint8), 31.24, 35.0))
    assert "31.2 dB (35.0 dB in latents)" in text(stage, "walkQuality1")
    panel.column.way.setCurrentIndex(1)
    assert text(stage, "walkQuality1").startswith("Encoded")


def test_a_picture_made_here_brings_its_settings(
    stage: Stage, panel: InterpolatePanel, qtbot: QtBot, tmp_path: Path
) -> None:
    made = picture(tmp_path / "made.png", 50, Settings("a fox", seed=41))
    panel.take(3, made)
    qtbot.waitUntil(lambda: panel.column.cards[3].start is not None)
    card = panel.column.cards[3]
    assert panel.column.ends.value == "4" and card.is_picture
    click(qtbot, stage, "walkKind3-prompt")
    assert (card.prompt.toPlainText(), card.seed.value()) == ("a fox", 41)
    QGuiApplication.clipboard().setText("no picture")
    click(qtbot, stage, "walkKind0-picture")
    click(qtbot, stage, "walkPaste0")
    assert "no picture on the clipboard" in panel.banner.text.text()


def test_one_of_yours_becomes_an_end(stage: Stage, panel: InterpolatePanel, qtbot: QtBot) -> None:
    click(qtbot, stage, "walkKind0-picture")
    click(qtbot, stage, "walkYours0")
    assert "There are no pictures yet" in panel.banner.text.text()
    stage.window.shared.session.prompt.set("a dog")
    stage.panel.generate()
    stage.bridge.begin(1)
    with qtbot.waitSignal(stage.window.shared.library.updated):
        stage.bridge.make(1)
    click(qtbot, stage, "walkYours0")
    window = panel.findChild(Yours)
    assert window is not None and window.rows.rowCount() == 1
    qtbot.keyClick(window.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.column.cards[0].start is not None)
    assert panel.column.cards[0].prompt.toPlainText() == "a dog"


def test_generate_and_history_hand_pictures_over(
    stage: Stage, panel: InterpolatePanel, qtbot: QtBot, tmp_path: Path
) -> None:
    stage.window._go_to("generate")
    stage.window.shared.session.prompt.set("a dog")
    stage.panel.generate()
    stage.bridge.begin(1)
    with qtbot.waitSignal(stage.window.shared.library.updated):
        stage.bridge.make(1)
    stage.panel.viewer.take_focus()
    qtbot.keyClick(stage.panel.viewer.canvas, Qt.Key.Key_W)
    assert panel.isVisible() and "Which end" in panel.banner.text.text()
    qtbot.mouseClick(panel.banner.findChild(QWidget, "bannerChoice1"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.column.cards[1].start is not None)
    assert panel.column.cards[1].is_picture
    two = (picture(tmp_path / "a.png", 10), picture(tmp_path / "b.png", 20))
    stage.window._go_to("history")
    history = next(each for each in stage.window.panels if each.objectName() == "historyPanel")
    history.offered.emit("interpolate", two)
    qtbot.waitUntil(
        lambda: [c.start and c.start.name for c in panel.column.shown()] == ["a.png", "b.png"]
    )
    assert panel.isVisible()


def test_what_a_frame_can_become(stage: Stage, panel: InterpolatePanel, qtbot: QtBot) -> None:
    _, walk = strip(stage, panel, qtbot)
    session = stage.window.shared.session
    panel.show_frame(3)
    panel.map.setFocus()
    qtbot.keyClick(panel, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "Saved as" in panel.banner.text.text())
    (path,) = stage.folder.glob("*.png")
    assert png.read_record(path).walk is not None
    assert stage.window.shared.library.entries[0].path == path
    panel.open_ends().actions()[1].trigger()
    start = panel.column.cards[1].start
    assert start is not None and start.name == "Frame 4 of a walk"
    qtbot.keyClick(panel.map, Qt.Key.Key_A)
    assert stage.panel.isVisible() and session.start.get() is not None
    stage.window._go_to("interpolate")
    panel.show_frame(8)  # an end that settings alone make
    panel.to_generate()
    assert session.start.get() is None
    assert session.settings() == walk.ends[1].settings
    panel.copy_frame()
    assert QGuiApplication.clipboard().image().width() == SIDE


def test_errors_are_said_in_place(
    stage: Stage, panel: InterpolatePanel, qtbot: QtBot, tmp_path: Path
) -> None:
    assert "All ends are the same" in text(stage, "walkCount")
    assert not stage.find("walk").isEnabled()
    qtbot.keyClick(stage.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert "all ends are the same" in panel.banner.text.text().lower()
    assert len(stage.bridge.requests) == 1  # only the model's
    (tmp_path / "text.png").write_text("no picture")
    panel.take(0, tmp_path / "text.png")
    qtbot.waitUntil(lambda: "text.png" in panel.banner.text.text())
    panel.column.cards[0].kind.choose("prompt")
    fill(panel, "a", "b")
    click(qtbot, stage, "walk")
    job, _ = asked(stage)
    stage.bridge.arrived.emit(Failed(job, "There is not enough memory; take fewer steps."))
    assert panel.banner.text.text() == "There is not enough memory; take fewer steps."
    assert stage.find("walk").isEnabled()


def test_what_makes_no_sense_cannot_be_begun(
    stage: Stage, panel: InterpolatePanel, qtbot: QtBot
) -> None:
    walk = stage.find("walk")
    fill(panel, "a", "a")
    assert not walk.isEnabled()
    click(qtbot, stage, "walk")
    assert len(stage.bridge.requests) == 1  # only the model's
    fill(panel, "a", "b")
    assert walk.isEnabled() and "frames" in text(stage, "walkCount")
    click(qtbot, stage, "walk")
    job, _ = asked(stage)
    panel.column.cards[1].kind.choose("picture")
    assert "has no picture yet" in text(stage, "walkCount")
    stage.bridge.arrived.emit(Finished(job, 1.0))
    assert not walk.isEnabled()  # though nothing runs


def test_settings_are_remembered(
    stage: Stage, panel: InterpolatePanel, qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    click(qtbot, stage, "walkEnds-4")
    fill(panel, "one", "two", "three", "four")
    panel.column.cards[1].seed.line.setText("12")
    panel.column.across.spin.setValue(7)
    panel.column.way.setCurrentIndex(1)
    stage.window.close()
    again = open_window(qtbot, qapp, tmp_path / "Pictures", tmp_path / "settings.ini")
    walk = panel_of(again).column.walk(3)
    assert [end.settings.prompt for end in walk.ends] == ["one", "two", "three", "four"]
    assert [end.settings.seed for end in walk.ends] == [3, 12, 3, 3]
    assert (walk.columns, walk.way) == (7, "latent")
    again.window.close()


@pytest.mark.parametrize("kept", [{}, {"ends": 7, "prompts": 3, "seeds": [-1, "x"]}, {"frames": 1}])
def test_nonsense_that_was_remembered_is_left(panel: InterpolatePanel, kept: dict) -> None:  # type: ignore[type-arg]
    before = panel.column.remembered()
    panel.column.restore(kept)
    assert panel.column.remembered() == before


def test_an_example_and_turning_round(stage: Stage, panel: InterpolatePanel, qtbot: QtBot) -> None:
    click(qtbot, stage, "walkExample-seeds")
    _, walk = asked(stage)
    assert [end.settings.seed for end in walk.ends] == [1, 2]
    assert len({end.settings.prompt for end in walk.ends}) == 1
    qtbot.keyClick(panel, Qt.Key.Key_X, Qt.KeyboardModifier.AltModifier)
    assert [card.seed.value() for card in panel.column.shown()] == [2, 1]


def test_every_control_can_be_found_and_named(stage: Stage, panel: InterpolatePanel) -> None:
    panel.column.ends.choose("4")
    controls: list[QWidget] = []
    for kind in (QAbstractButton, QComboBox, QLineEdit):
        controls += [
            each for each in panel.findChildren(kind)
            if not each.objectName().startswith("qt_") and each.objectName() != "bannerIcon"
        ]  # fmt: skip
    names = [each.objectName() for each in controls]
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)
    for each in controls:
        assert each.objectName() and each.accessibleName(), each
        assert each.toolTip() or isinstance(each, QComboBox), each.objectName()


def test_ends_on_the_real_engine(qtbot: QtBot, studio: app.Studio, tmp_path: Path) -> None:
    """The ends are the pictures that Generate makes, bit for bit; a picture comes back."""
    studio.window._go_to("interpolate")
    panel = next(p for p in studio.window.panels if isinstance(p, InterpolatePanel))
    studio.shared.session.steps.set(4)
    panel.column.frames.set_value(5)
    fill(panel, "a red apple", "a blue bear")
    panel.column.cards[0].seed.line.setText("5")
    panel.take(1, picture(tmp_path / "grey.png", 90))
    qtbot.waitUntil(lambda: panel.column.cards[1].start is not None)
    panel.run()
    qtbot.waitUntil(lambda: panel.course.job is None, timeout=60_000)
    assert panel.banner.kind != "error", panel.banner.text.text()
    assert len(panel.course.frames) == 5 and set(panel.course.returns) == {1}
    assert panel.course.frames[0].image.shape == (tiny.SIDE, tiny.SIDE, 3)
    assert "Returned at" in panel.column.cards[1].quality.text()
    assert panel.course.spaced is not None and panel.course.spaced.judge == "pixels"
    studio.shared.session.use_all(panel.course.walk.ends[0].settings)  # type: ignore[union-attr]
    studio.window._go_to("generate")
    made: list[Picture] = []
    studio.shared.jobs.on(Picture, made.append)
    studio.window.panels[0].generate()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: bool(made), timeout=20_000)
    assert (made[0].image == panel.course.frames[0].image).all()
