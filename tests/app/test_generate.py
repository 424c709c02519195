"""Generate through real clicks and keys: every control, the queue, cancelling, errors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QLineEdit, QPushButton, QScrollArea
from pytestqt.qtbot import QtBot

from studio.core import generating, messages
from studio.core.settings import Settings
from studio.gallery import metadata, png, sharing
from tests.app.conftest import Stage
from tests.gallery.metadata.examples import A1111, COMFYUI, INVOKEAI, written

LEFT = Qt.MouseButton.LeftButton
CONTROL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


def type_prompt(qtbot: QtBot, stage: Stage, text: str) -> None:
    box = stage.panel.column.prompt
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, text)


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    qtbot.mouseClick(stage.find(name), LEFT)


def test_prompt_and_click(qtbot: QtBot, stage: Stage) -> None:
    type_prompt(qtbot, stage, "a teddy bear")
    click(qtbot, stage, "generate")
    (request,) = stage.bridge.jobs
    assert request.settings.prompt == "a teddy bear"
    assert request.settings.sampler == "dpmpp-2m"
    assert request.count == 1


def test_control_enter_in_the_box_generates_once(qtbot: QtBot, stage: Stage) -> None:
    type_prompt(qtbot, stage, "a cat")
    qtbot.keyClick(stage.panel.column.prompt, Qt.Key.Key_Return, CONTROL)
    assert len(stage.bridge.jobs) == 1


def test_every_control_reaches_the_request(qtbot: QtBot, stage: Stage) -> None:
    type_prompt(qtbot, stage, "two apples")
    column = stage.panel.column
    qtbot.keyClicks(column.negative, "blurry")
    spins = (column.steps.spin, column.guidance.spin, column.count.spin)
    for spin, digits in zip(spins, ("33", "6.5", "3"), strict=True):
        spin.setFocus()
        spin.selectAll()
        qtbot.keyClicks(spin, digits)
    seed = stage.find("seed")
    qtbot.keyClicks(seed, str(2**63 - 4))
    click(qtbot, stage, "generate")
    (request,) = stage.bridge.jobs
    assert request.settings == Settings(
        "two apples", "blurry", steps=33, guidance=6.5, seed=2**63 - 4
    )
    assert request.count == 3


def test_sliders_and_spins_agree(qtbot: QtBot, stage: Stage) -> None:
    column = stage.panel.column
    column.steps.slider.setFocus()
    before = column.steps.spin.value()
    qtbot.keyClick(column.steps.slider, Qt.Key.Key_Right)
    assert column.steps.spin.value() == before + 1
    assert stage.panel.session.steps.get() == before + 1
    column.guidance.spin.setValue(2.5)
    assert column.guidance.slider.value() == 5  # half units
    assert stage.panel.session.guidance.get() == 2.5


def test_a_new_sampler_proposes_its_steps_unless_they_were_chosen(stage: Stage) -> None:
    box, session = stage.panel.column.sampler, stage.panel.session
    box.setCurrentIndex(box.findData("ddpm", Qt.ItemDataRole.UserRole))
    assert session.steps.get() == session.samplers["ddpm"].default_steps
    stage.panel.column.steps.spin.setValue(17)
    box.setCurrentIndex(box.findData("flow-euler", Qt.ItemDataRole.UserRole))
    assert session.steps.get() == 17


def test_samplers_are_grouped_and_headings_cannot_be_chosen(stage: Stage) -> None:
    box = stage.panel.column.sampler
    headings = [i for i in range(box.count()) if box.itemData(i, Qt.ItemDataRole.UserRole) is None]
    assert [box.itemText(i) for i in headings] == ["DDPM", "SDE", "Flow"]
    assert not any(box.model().index(i, 0).flags() for i in headings)
    assert "Order" in box.toolTip()
    assert "Source" in box.toolTip()


def test_seeds_random_locked_and_again(qtbot: QtBot, stage: Stage) -> None:
    for _ in range(2):
        click(qtbot, stage, "generate")
    first, second = (job.settings.seed for job in stage.bridge.jobs)
    assert first != second
    click(qtbot, stage, "seedReuse")
    click(qtbot, stage, "generate")
    click(qtbot, stage, "generate")
    assert [job.settings.seed for job in stage.bridge.jobs[2:]] == [second, second]
    click(qtbot, stage, "seedRandom")
    click(qtbot, stage, "generate")
    assert stage.bridge.jobs[-1].settings.seed != second


def test_seed_takes_digits_within_63_bits_only(qtbot: QtBot, stage: Stage) -> None:
    line = stage.find("seed")
    assert isinstance(line, QLineEdit)
    qtbot.keyClicks(line, "12x3")
    assert line.text() == "123"
    line.clear()
    qtbot.keyClicks(line, str(2**63))  # one too many: the last digit is refused
    assert line.text() == str(2**63)[:-1]


def test_while_running_it_queues_and_shift_goes_first(qtbot: QtBot, stage: Stage) -> None:
    type_prompt(qtbot, stage, "one")
    click(qtbot, stage, "generate")
    stage.bridge.begin(1)
    button = stage.find("generate")
    assert isinstance(button, QPushButton)
    assert button.text() == "Add to queue"
    box = stage.panel.column.prompt
    qtbot.keyClick(box, Qt.Key.Key_Return, CONTROL)
    qtbot.keyClick(box, Qt.Key.Key_Return, CONTROL | SHIFT)
    assert stage.bridge.front[1:] == [False, False, True]
    assert "2 queued" in stage.panel.column.foot.status.text()


def test_progress_preview_and_picture(qtbot: QtBot, stage: Stage) -> None:
    click(qtbot, stage, "generate")
    stage.bridge.begin(1)
    stage.bridge.step(1, 4)
    column, viewer = stage.panel.column, stage.panel.viewer
    assert column.foot.status.text() == "Step 4 of 10 · 1.5 s left"
    assert column.foot.progress.value() / column.foot.progress.maximum() == 0.4
    assert viewer.canvas.label == "preview step 4/10"
    with qtbot.waitSignal(stage.panel.library.updated):
        stage.bridge.make(1)
    assert viewer.canvas.label == ""
    assert column.foot.status.text() == "Done in 1.0 s"
    (written,) = stage.folder.glob("*.png")
    record = png.read_record(written)
    assert record.settings == stage.bridge.jobs[0].settings
    assert record.nfe == 25


def test_escape_cancels_and_says_where(qtbot: QtBot, stage: Stage) -> None:
    click(qtbot, stage, "generate")
    stage.bridge.begin(1)
    stage.bridge.step(1, 3)
    qtbot.keyClick(stage.panel.column.prompt, Qt.Key.Key_Escape)
    assert stage.bridge.cancels == [1]
    assert stage.panel.column.foot.status.text() == "Cancelling…"
    assert not stage.panel.column.foot.cancel.isEnabled()
    stage.bridge.arrived.emit(messages.CancelledAt(1, 3))
    assert stage.panel.column.foot.status.text() == "Cancelled at step 3"
    assert stage.panel.column.foot.go.text() == "Generate"


def test_cancel_button_and_cancel_everything(qtbot: QtBot, stage: Stage) -> None:
    for _ in range(3):
        click(qtbot, stage, "generate")
    stage.bridge.begin(1)
    click(qtbot, stage, "generateCancel")
    assert stage.bridge.cancels == [1]
    stage.bridge.arrived.emit(messages.CancelledAt(1, 0))
    stage.bridge.begin(2)
    qtbot.keyClick(stage.window, Qt.Key.Key_Escape, SHIFT)
    assert sorted(stage.bridge.cancels) == [1, 2, 3]


def test_a_failed_job_says_why_and_the_next_one_works(qtbot: QtBot, stage: Stage) -> None:
    click(qtbot, stage, "generate")
    stage.bridge.begin(1)
    stage.bridge.arrived.emit(messages.Failed(1, "There is not enough memory."))
    banner = stage.panel.viewer.banner
    assert banner.isVisible()
    assert banner.text.text() == "There is not enough memory."
    click(qtbot, stage, "bannerDismiss")
    assert not banner.isVisible()
    click(qtbot, stage, "generate")
    assert len(stage.bridge.jobs) == 2


def test_an_example_prompt_generates(qtbot: QtBot, stage: Stage) -> None:
    chips = stage.panel.viewer.welcome.findChildren(QPushButton)
    qtbot.mouseClick(chips[0], LEFT)
    assert stage.bridge.jobs[0].settings.prompt == chips[0].text()


def test_prompt_history(qtbot: QtBot, stage: Stage) -> None:
    box = stage.panel.column.prompt
    for prompt in ("first", "second"):
        type_prompt(qtbot, stage, prompt)
        click(qtbot, stage, "generate")
    qtbot.keyClick(box, Qt.Key.Key_Up, ALT)
    assert box.toPlainText() == "first"
    qtbot.keyClick(box, Qt.Key.Key_Down, ALT)
    assert box.toPlainText() == "second"


def made(qtbot: QtBot, stage: Stage, settings: Settings, grey: int) -> None:
    """Puts one picture into the strip."""
    click(qtbot, stage, "generate")
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    with qtbot.waitSignal(stage.panel.library.updated):
        stage.bridge.make(job, settings, grey)


def test_strip_walks_and_keys_recall(qtbot: QtBot, stage: Stage) -> None:
    old = Settings("old", "no", sampler="ddpm", steps=44, guidance=2.0, seed=7)
    made(qtbot, stage, old, 10)
    made(qtbot, stage, Settings("new", seed=8), 20)
    viewer, session = stage.panel.viewer, stage.panel.session
    viewer.canvas.setFocus()
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Right)
    assert viewer.entry is not None
    assert viewer.entry.settings == old
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_S)
    assert (session.seed.get(), session.seed_locked.get()) == (7, True)
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_P)
    assert (session.prompt.get(), session.negative.get()) == ("old", "no")
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_A)
    assert session.settings() == old
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Left)
    assert viewer.entry.settings is not None
    assert viewer.entry.settings.prompt == "new"


def test_copying(qtbot: QtBot, stage: Stage) -> None:
    made(qtbot, stage, Settings("a fox", seed=3), 123)
    click(qtbot, stage, "tool-copy_command")
    assert QGuiApplication.clipboard().text() == sharing.command(Settings("a fox", seed=3))
    assert stage.panel.viewer.banner.text.text() == "Command copied."
    click(qtbot, stage, "tool-copy_settings")
    assert "a fox" in QGuiApplication.clipboard().text()
    assert "Seed: 3" in QGuiApplication.clipboard().text()
    click(qtbot, stage, "tool-copy_picture")
    assert QGuiApplication.clipboard().image().pixelColor(5, 5).red() == 123


def test_save_as(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(qtbot, stage, Settings("a fox", seed=3), 123)
    target = tmp_path / "mine"
    monkeypatch.setattr(
        "studio.ui.workspaces.generate.panel.QFileDialog.getSaveFileName",
        lambda *_: (str(target), "PNG (*.png)"),
    )
    click(qtbot, stage, "tool-save_as")
    qtbot.waitUntil(target.with_suffix(".png").is_file)
    assert png.read_settings(target.with_suffix(".png")).prompt == "a fox"
    banner = stage.panel.viewer.banner
    qtbot.waitUntil(banner.isVisible)
    assert str(target.with_suffix(".png")) in banner.text.text()


def test_pictures_made_together_are_named_together(qtbot: QtBot, stage: Stage) -> None:
    stage.panel.session.count.set(6)
    click(qtbot, stage, "generate")
    stage.bridge.begin(1)
    stage.bridge.arrived.emit(messages.Progress(1, 0, 6, 3, 10, 2.0, together=4))
    assert "Pictures 1 to 4 of 6" in stage.panel.jobs.sentence()
    stage.bridge.arrived.emit(messages.Progress(1, 5, 6, 3, 10, 2.0))
    assert "Picture 6 of 6" in stage.panel.jobs.sentence()


def test_a_picture_that_cannot_be_written_is_not_lost(qtbot: QtBot, stage: Stage) -> None:
    stage.folder.parent.mkdir(parents=True, exist_ok=True)
    stage.folder.write_text("a file where the folder should be")
    click(qtbot, stage, "generate")
    stage.bridge.begin(1)
    with qtbot.waitSignal(stage.panel.library.failed):
        stage.bridge.make(1)
    banner = stage.panel.viewer.banner
    assert banner.isVisible()
    assert stage.find("bannerChoice0").isVisible()  # Save as…
    assert stage.panel.viewer.entry is not None
    assert stage.panel.library.image(stage.panel.viewer.entry) is not None


def drop(stage: Stage, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    actions = Qt.DropAction.CopyAction
    none = Qt.KeyboardModifier.NoModifier
    at = QPointF(QPoint(400, 300))
    stage.panel.dropEvent(QDropEvent(at, actions, data, Qt.MouseButton.LeftButton, none))


def test_dropping_a_picture_offers_and_overwrites_nothing(
    qtbot: QtBot, stage: Stage, tmp_path: Path
) -> None:
    settings = Settings("a lion", "grey", sampler="sde-euler", steps=41, guidance=3.0, seed=99)
    path = tmp_path / "lion.png"
    png.write(path, np.zeros((256, 256, 3), np.uint8), settings)
    before = stage.panel.session.settings()
    with qtbot.waitSignal(stage.panel.reader.found):
        drop(stage, path)
    assert stage.panel.session.settings() == before
    assert "a lion" in stage.panel.viewer.banner.text.text()
    click(qtbot, stage, "bannerChoice0")
    assert stage.panel.session.settings() == settings


def test_escape_closes_the_offer_before_it_cancels(
    qtbot: QtBot, stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "lion.png"
    png.write(path, np.zeros((256, 256, 3), np.uint8), Settings("a lion"))
    click(qtbot, stage, "generate")
    stage.bridge.begin(1)
    with qtbot.waitSignal(stage.panel.reader.found):
        drop(stage, path)
    qtbot.keyClick(stage.window, Qt.Key.Key_Escape)
    assert not stage.panel.viewer.banner.isVisible()
    assert stage.bridge.cancels == []
    qtbot.keyClick(stage.window, Qt.Key.Key_Escape)
    assert stage.bridge.cancels == [1]


def test_dropping_something_else_says_so(qtbot: QtBot, stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    path.write_text("no picture")
    with qtbot.waitSignal(stage.panel.reader.refused):
        drop(stage, path)
    assert stage.panel.viewer.banner.isVisible()
    assert stage.panel.viewer.banner.kind == "error"


def test_pictures_made_together_are_previewed_together(qtbot: QtBot, stage: Stage) -> None:
    stage.panel.session.count.set(4)
    click(qtbot, stage, "generate")
    stage.bridge.begin(1)
    stage.bridge.arrived.emit(messages.Progress(1, 0, 4, 2, 10, 8.0))
    for picture, grey in enumerate((10, 60, 120, 240)):
        image = np.full((16, 16, 3), grey, np.uint8)
        stage.bridge.arrived.emit(generating.Preview(1, picture, image))
    canvas = stage.panel.viewer.canvas
    seen = canvas.grab().toImage()
    place, scale = canvas.place(), seen.devicePixelRatio()
    greys = [
        seen.pixelColor(int((place.x() + x) * scale), int((place.y() + y) * scale)).red()
        for y in (place.height() * 0.25, place.height() * 0.75)
        for x in (place.width() * 0.25, place.width() * 0.75)
    ]
    assert greys == [10, 60, 120, 240]
    stage.panel.jobs.begun[0].began -= 8.0  # as if so many seconds had gone
    stage.bridge.arrived.emit(messages.Progress(1, 0, 4, 5, 10, 8.0))
    progress = stage.panel.column.foot.progress
    assert progress.value() / progress.maximum() == pytest.approx(0.5, abs=0.1)


def test_a_cancelled_preview_gives_way_to_the_picture_before(qtbot: QtBot, stage: Stage) -> None:
    made(qtbot, stage, Settings("kept", seed=5), 50)
    viewer = stage.panel.viewer
    kept = viewer.entry
    click(qtbot, stage, "generate")
    stage.bridge.begin(2)
    stage.bridge.step(2, 4)
    assert viewer.entry is None
    assert not stage.find("tool-use_seed").isEnabled()
    stage.bridge.arrived.emit(messages.CancelledAt(2, 4))
    assert viewer.entry is kept
    assert viewer.canvas.label == ""
    assert stage.find("tool-use_seed").isEnabled()


def test_going_to_another_picture_stops_following(qtbot: QtBot, stage: Stage) -> None:
    made(qtbot, stage, Settings("old", seed=5), 50)
    viewer = stage.panel.viewer
    click(qtbot, stage, "generate")
    stage.bridge.begin(2)
    stage.bridge.step(2, 2)
    viewer.strip.walk(1)
    stage.bridge.step(2, 4)
    assert viewer.canvas.label == ""
    stage.bridge.make(2)
    assert viewer.entry is not None
    assert viewer.entry.settings == Settings("old", seed=5)
    viewer.canvas.setFocus()
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Home)
    assert viewer.entry.settings == stage.bridge.jobs[1].settings
    assert viewer.following


def test_earlier_pictures_fill_the_strip_when_seen(qtbot: QtBot, stage: Stage) -> None:
    for number in range(3):
        path = stage.folder / f"{number}.png"
        png.write(path, np.full((64, 64, 3), 40 * number, np.uint8), Settings(f"p{number}"))
        os.utime(path, (1000 + number, 1000 + number))
    (stage.folder / "broken.png").write_text("no picture")
    os.utime(stage.folder / "broken.png", (10, 10))
    library, strip = stage.panel.library, stage.panel.viewer.strip
    with qtbot.waitSignal(library.scanned):
        library.scan()
    assert [entry.path.stem for entry in library.entries if entry.path] == ["2", "1", "0", "broken"]
    qtbot.waitUntil(lambda: library.thumbnail(library.entries[0]) is not None)
    first = strip.visualRect(strip.rows.index(1)).center()
    qtbot.mouseClick(strip.viewport(), LEFT, pos=first)
    viewer = stage.panel.viewer
    qtbot.waitUntil(lambda: viewer.entry is not None and viewer.entry.settings is not None)
    assert viewer.entry is not None
    assert viewer.entry.settings == Settings("p1")
    strip.walk(2)
    qtbot.waitUntil(viewer.banner.isVisible)
    assert "broken.png" in viewer.banner.text.text()


def test_zoom(qtbot: QtBot, stage: Stage) -> None:
    made(qtbot, stage, Settings("a fox", seed=3), 123)
    canvas = stage.panel.viewer.canvas
    fitted = canvas.scale()
    click(qtbot, stage, "tool-zoom_actual")
    assert canvas.place().width() == 256
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.scale() == 1.25
    qtbot.mouseDClick(canvas, LEFT)
    assert (canvas.zoom, canvas.scale()) == (None, fitted)


def test_every_field_has_a_key(qtbot: QtBot, stage: Stage) -> None:
    made(qtbot, stage, Settings("a fox", seed=3), 123)
    column = stage.panel.column
    fields = {
        Qt.Key.Key_N: column.negative,
        Qt.Key.Key_M: column.sampler,
        Qt.Key.Key_T: column.steps.spin,
        Qt.Key.Key_G: column.guidance.spin,
        Qt.Key.Key_E: column.seed.line,
        Qt.Key.Key_U: column.count.spin,
        Qt.Key.Key_V: stage.panel.viewer.canvas,
        Qt.Key.Key_P: column.prompt,
    }
    for key, field in fields.items():
        qtbot.keyClick(stage.window, key, ALT)
        assert field.hasFocus()


@pytest.mark.parametrize(
    ("chunks", "source"),
    [
        ({"parameters": A1111["1.10"]}, "A1111"),
        ({"prompt": COMFYUI["flux"]}, "ComfyUI"),
        ({"invokeai_metadata": INVOKEAI["5"]}, "InvokeAI"),
    ],
)
def test_another_studios_picture_is_offered_with_what_it_cannot_bring(
    qtbot: QtBot, stage: Stage, tmp_path: Path, chunks: dict[str, str], source: str
) -> None:
    path = written(tmp_path / "foreign.png", **chunks)
    with qtbot.waitSignal(stage.panel.reader.found):
        drop(stage, path)
    found = metadata.read(path, (stage.panel.session.model.get(),))
    said = stage.panel.viewer.banner.text.text()
    assert source in said and found.notes and all(note in said for note in found.notes)
    click(qtbot, stage, "bannerChoice0")
    restored = stage.panel.session.settings()
    assert restored.prompt == found.settings.prompt.strip()
    assert (restored.seed, restored.steps) == (found.settings.seed, found.settings.steps)


def test_a_long_prompt_leaves_the_offer_its_seed_its_notes_and_its_buttons(
    qtbot: QtBot, stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "long.png"
    png.write(path, np.zeros((256, 256, 3), np.uint8), Settings("a bear, " * 225, seed=4321))
    with qtbot.waitSignal(stage.panel.reader.found):
        drop(stage, path)
    banner = stage.panel.viewer.banner
    qtbot.waitUntil(lambda: banner.text.height() > 100)
    line = banner.fontMetrics().lineSpacing()
    assert banner.height() < 12 * line and banner.text.height() > 8 * line
    assert banner.text.text().startswith("long.png: seed 4321.")
    for number in range(4):
        button = stage.find(f"bannerChoice{number}")
        assert not button.visibleRegion().isEmpty()
        assert banner.rect().contains(button.geometry())
    assert banner.text.visibleRegion().boundingRect().top() == 0  # what matters is in sight
    scrolled = banner.findChild(QScrollArea)
    scrolled.setFocus()
    qtbot.keyClick(scrolled, Qt.Key.Key_Down)
    qtbot.waitUntil(scrolled.verticalScrollBar().isVisible)
    assert banner.text.y() < 0
    png.write(path, np.zeros((256, 256, 3), np.uint8), Settings("a bear"))
    with qtbot.waitSignal(stage.panel.reader.found):
        drop(stage, path)
    qtbot.waitUntil(lambda: banner.text.height() < 4 * line and banner.text.y() == 0)


def test_what_a_picture_does_not_tell_stays_as_it_is(
    qtbot: QtBot, stage: Stage, tmp_path: Path
) -> None:
    graph = json.loads(COMFYUI["ksampler"])
    graph["3"]["inputs"] |= {"seed": ["99", 0], "positive": ["98", 0], "cfg": ["97", 0]}
    graph["97"] = {"class_type": "Dial", "inputs": {"turns": 3}}
    graph["98"] = {"class_type": "Mind Reader", "inputs": {"whose": "mine"}}
    graph["99"] = {"class_type": "Dice", "inputs": {"sides": 6}}
    session = stage.panel.session
    session.prompt.set("a {red|blue} ball")
    session.guidance.set(2.5)
    session.seed.set(17)
    path = written(tmp_path / "foreign.png", prompt=json.dumps(graph))
    with qtbot.waitSignal(stage.panel.reader.found):
        drop(stage, path)
    banner = stage.panel.viewer.banner
    assert "The prompt comes from 'Mind Reader', which is not known here" in banner.text.text()
    buttons = [each.text() for each in banner.findChildren(QPushButton) if each.isVisible()]
    assert buttons == ["Use &all settings", "&Start from it", "&Describe it"]
    click(qtbot, stage, "bannerChoice0")
    assert (session.prompt.get(), session.negative.get()) == (
        "a {red|blue} ball",
        "text, watermark",
    )
    assert (session.guidance.get(), session.seed.get(), session.steps.get()) == (2.5, 17, 30)
    assert not session.seed_locked.get()


def test_a_picture_without_settings_can_be_started_from(
    qtbot: QtBot, stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "holiday.jpg"
    Image.new("RGB", (40, 30), (9, 99, 199)).save(path)
    with qtbot.waitSignal(stage.panel.reader.refused):
        drop(stage, path)
    with qtbot.waitSignal(stage.panel.sources.read):
        click(qtbot, stage, "bannerChoice0")
    assert stage.panel.session.start.get().inputs.source.shape == (30, 40, 3)


def test_wildcards_draw_words_for_each_picture(qtbot: QtBot, stage: Stage) -> None:
    type_prompt(qtbot, stage, "a {red|blue|green} car")
    stage.panel.session.count.set(8)
    click(qtbot, stage, "generate")
    made = [request.settings for request in stage.bridge.jobs]
    assert len(made) == 8 and len({each.prompt for each in made}) > 1
    assert {each.prompt for each in made} <= {"a red car", "a blue car", "a green car"}
    assert [each.seed - made[0].seed for each in made] == list(range(8))
    assert stage.panel.session.prompt.get() == "a {red|blue|green} car"
    assert "{red|blue}" in stage.panel.column.prompt.toolTip()
    stage.bridge.begin(1)
    stage.bridge.make(1)
    click(qtbot, stage, "tool-use_all")  # the very picture again, not a draw
    stage.panel.session.count.set(1)
    click(qtbot, stage, "generate")
    assert stage.bridge.jobs[-1].settings == made[0]


def test_braces_in_a_picture_are_not_drawn_again(qtbot: QtBot, stage: Stage) -> None:
    settings = Settings("a set {1|2}", seed=4)
    stage.panel.session.use_all(settings)
    assert stage.panel.session.settings() == settings
    click(qtbot, stage, "generate")
    assert [each.settings for each in stage.bridge.jobs] == [settings]


def test_a_brace_without_its_other_is_said(qtbot: QtBot, stage: Stage) -> None:
    type_prompt(qtbot, stage, "a {red car")
    click(qtbot, stage, "generate")
    assert stage.bridge.jobs == []
    assert stage.panel.viewer.banner.text.text().startswith("Unmatched { at character 3")


def test_many_choices_leave_the_sentence_its_room(
    qtbot: QtBot, stage: Stage, tmp_path: Path
) -> None:
    stage.window.resize(1000, 700)
    with qtbot.waitSignal(stage.panel.reader.found):
        drop(stage, written(tmp_path / "foreign.png", parameters=A1111["1.10"]))
    banner = stage.panel.viewer.banner
    qtbot.waitUntil(lambda: banner.text.height() >= banner.text.heightForWidth(banner.text.width()))
    assert banner.text.width() > banner.width() // 2
    assert stage.find("bannerChoice0").y() > banner.text.geometry().bottom()
    banner.show_message("note", "Saved.", (("&Undo", lambda: None),))
    qtbot.waitUntil(lambda: stage.find("bannerChoice0").x() > banner.text.geometry().right())


def test_a_note_stands_in_the_banner_while_the_job_goes_on(stage: Stage) -> None:
    stage.panel.generate()
    stage.bridge.begin(1)
    stage.bridge.arrived.emit(messages.Note(1, "The prompt is too long."))
    banner = stage.panel.banner
    assert (banner.kind, banner.text.text()) == ("note", "The prompt is too long.")
    assert stage.panel.jobs.busy
