"""A model that others trained, in the real window on the real engine: what the own one can do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QSettings, QSize, QSizeF, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from studio import app
from studio.core.sizes import Size, Sizes
from studio.gallery import png
from studio.models import registry
from studio.ui.library.again import restore
from studio.ui.widgets.spin import WholeSpin
from studio.ui.workspaces.compare.panel import ComparePanel
from studio.ui.workspaces.generate.panel import GeneratePanel
from studio.ui.workspaces.interpolate.panel import InterpolatePanel
from tests import tiny

pytest.importorskip("transformers")

from tests.models.families import flow_pipelines
from tests.models.families.pipelines import saved
from tests.models.families.test_dressing import kohya, written

SIDE = 64
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def studio(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[app.Studio]:
    """With a tiny model for its own, and a tiny Stable Diffusion opened with the key."""
    usual, own = registry.open_model, tiny.bundle(tmp_path / "tiny")
    monkeypatch.setattr(
        registry,
        "open_model",
        lambda name, *rest: usual(str(own) if name == "studio-256" else name, *rest),
    )
    folder = tmp_path / "stable-diffusion"
    saved("sd1", folder)
    monkeypatch.setattr(app, "pictures_folder", lambda: tmp_path / "Pictures")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(folder))
    made = app.Studio(qapp, QSettings(str(tmp_path / "ini"), QSettings.Format.IniFormat))
    qtbot.addWidget(made.window)
    made.show()
    qtbot.waitUntil(lambda: made.shared.jobs.model is not None, timeout=30_000)
    qtbot.keyClick(made.window, Qt.Key.Key_M, CONTROL | SHIFT)
    session = made.shared.session
    qtbot.waitUntil(lambda: session.model.get() == str(folder), timeout=60_000)
    session.steps.set(4)
    yield made
    made.window.close()
    made.close()


def find(studio: app.Studio, name: str) -> QWidget:
    found = studio.window.findChild(QWidget, name)
    assert found is not None, name
    return found


def generated(qtbot: QtBot, studio: app.Studio) -> Path:
    """What Generate makes next."""
    folder = studio.shared.library.folder
    before = set(folder.glob("*.png"))
    with qtbot.waitSignal(studio.shared.library.updated, timeout=60_000):
        qtbot.mouseClick(find(studio, "generate"), Qt.MouseButton.LeftButton)
    (path,) = set(folder.glob("*.png")) - before
    return path


def test_prompt_to_png_and_on_from_there(qtbot: QtBot, studio: app.Studio) -> None:
    session = studio.shared.session
    session.trajectories.set(True)
    session.prompt.set("a (red:1.2) bear")
    path = generated(qtbot, studio)
    settings = png.read_settings(path)
    assert (settings.model, settings.size) == (session.model.get(), Size.square(SIDE))

    viewer = studio.window.panel("generate")
    viewer.actions_by_id["start_here"].trigger()
    qtbot.waitUntil(lambda: session.start.get() is not None, timeout=20_000)
    session.strength.set(0.5)
    again = png.read_settings(generated(qtbot, studio))
    assert again.source and again.strength == 0.5


def test_samplers_side_by_side(qtbot: QtBot, studio: app.Studio) -> None:
    studio.window._go_to("compare")
    panel = studio.window.panel("compare")
    studio.shared.session.prompt.set("a bear")
    with qtbot.waitSignal(studio.shared.jobs.ended, timeout=120_000):
        qtbot.keyClick(panel, Qt.Key.Key_Return, CONTROL)
    results = panel.comparison.results  # type: ignore[attr-defined]
    assert len(results) > 1
    assert all(each.picture.image.width() == SIDE for each in results)


def type_size(qtbot: QtBot, studio: app.Studio, name: str, width: int, height: int) -> None:
    """Types both numbers, each ended by Enter."""
    for side, number in (("Width", width), ("Height", height)):
        box = find(studio, f"{name}{side}")
        assert isinstance(box, WholeSpin)
        box.setFocus()
        box.selectAll()
        qtbot.keyClicks(box, str(number))
        qtbot.keyClick(box, Qt.Key.Key_Return)


def click(qtbot: QtBot, studio: app.Studio, name: str) -> None:
    qtbot.mouseClick(find(studio, name), Qt.MouseButton.LeftButton)


def test_pictures_that_are_not_square(qtbot: QtBot, studio: app.Studio, tmp_path: Path) -> None:
    """Typed, exchanged, chosen; made, shown, started from, restored."""
    session, panel = studio.shared.session, studio.window.panel("generate")
    assert isinstance(panel, GeneratePanel)
    session.prompt.set("a bear")
    session.trajectories.set(True)
    qtbot.keyClick(panel, Qt.Key.Key_Z, Qt.KeyboardModifier.AltModifier)
    assert QApplication.focusWidget() is find(studio, "sizeWidth")
    type_size(qtbot, studio, "size", 97, 64)
    assert session.size.get() == Size(96, 64)  # the nearest that the model makes
    path = generated(qtbot, studio)
    assert png.read_settings(path).size == Size(96, 64)
    with Image.open(path) as image:
        assert image.size == (96, 64) and "Size: 96x64" in image.info["parameters"]
    assert panel.viewer.canvas.size_at_100() == QSizeF(96, 64)
    place = panel.viewer.canvas.place()
    assert place.width() / place.height() == pytest.approx(1.5, rel=0.02)
    panel.actions_by_id["trajectory"].trigger()

    photo = tmp_path / "photo.png"
    Image.new("RGB", (300, 100), (200, 30, 30)).save(photo)
    with qtbot.waitSignal(session.start.changed, timeout=20_000):
        panel.sources.open(photo)
    assert panel.column.start.extent.text() == "300 × 100"
    notes = panel.column.start.notes
    assert notes.text() == "Only its middle, in the shape of 96x64, is used."
    click(qtbot, studio, "sizeSwap")
    assert session.size.get() == Size(64, 96) and "64x96" in notes.text()
    again = png.read_settings(generated(qtbot, studio))
    assert again.source and again.size == Size(64, 96)

    (own,) = find(studio, "sizeSuiting").menu().actions()  # type: ignore[attr-defined]
    own.trigger()
    assert own.text() == "64 × 64  (1:1)" and session.size.get() == Size.square(64)
    session.start.set(None)
    assert not restore(session, png.read_settings(path))
    assert session.size.get() == Size(96, 64)
    session.use_sizes(Sizes(Size.square(32)))
    assert session.size.get() == Size.square(32) and not find(studio, "sizeWidth").isEnabled()
    assert find(studio, "sizeSwap").toolTip() == "This model makes pictures of 32x32 only"
    (told,) = restore(session, png.read_settings(path))
    assert told == "The size 96x64 was not applied; it is 32x32 here."


def test_comparing_and_walking_in_a_size_that_is_not_square(
    qtbot: QtBot, studio: app.Studio
) -> None:
    session, jobs = studio.shared.session, studio.shared.jobs
    session.prompt.set("a bear")
    studio.window._go_to("compare")
    compare = studio.window.panel("compare")
    assert isinstance(compare, ComparePanel)
    type_size(qtbot, studio, "sharedSize", 64, 96)
    with qtbot.waitSignal(jobs.ended, timeout=120_000):
        qtbot.keyClick(compare, Qt.Key.Key_Return, CONTROL)
    for cell in compare.pictures.grid.cells.values():
        assert cell.picture is not None and cell.picture.image.size() == QSize(64, 96)
        assert cell.place().height() == pytest.approx(1.5 * cell.place().width(), abs=1)

    studio.window._go_to("interpolate")
    walk = studio.window.panel("interpolate")
    assert isinstance(walk, InterpolatePanel)
    click(qtbot, studio, "walkSizeSwap")
    assert session.size.get() == Size(96, 64)
    walk.column.cards[0].prompt.set_value("a bear")
    walk.column.cards[1].prompt.set_value("a red bear")
    walk.column.frames.set_value(3)
    with qtbot.waitSignal(walk.course.ended, timeout=120_000):
        click(qtbot, studio, "walk")
    assert {frame.image.shape for frame in walk.course.frames.values()} == {(64, 96, 3)}
    place = walk.map.place(0)
    assert place.width() / place.height() == pytest.approx(1.5, rel=0.05)
    shown = walk.stage.walk.place()
    assert shown.width() / shown.height() == pytest.approx(1.5)


def test_lora_by_clicks(qtbot: QtBot, studio: app.Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Added, weighed, drawn with, taken out; and gone with the model that takes it."""
    session, folder = studio.shared.session, Path(studio.shared.session.model.get())
    path = folder.parent / "ink.safetensors"
    written(path, kohya(saved("sd1", folder.parent / "other" / "sd1"), 1))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *args: ([str(path)], ""))
    section = find(studio, "addonsFold").parentWidget()
    assert section.isVisible()
    session.seed.set(5)
    session.seed_locked.set(True)
    plain = png.read_settings(without := generated(qtbot, studio))
    qtbot.keyClick(studio.window, Qt.Key.Key_F, Qt.KeyboardModifier.AltModifier)
    qtbot.mouseClick(find(studio, "addonsAdd"), Qt.MouseButton.LeftButton)
    find(studio, "addon0Spin").setValue(0.5)  # type: ignore[attr-defined]
    settings = png.read_settings(with_it := generated(qtbot, studio))
    (addon,) = settings.addons
    assert (addon.name, addon.weight, addon.kind) == ("ink", 0.5, "LoRA")
    assert read(without) != read(with_it)

    qtbot.mouseClick(find(studio, "addon0Remove"), Qt.MouseButton.LeftButton)
    assert session.addons.get() == ()
    again = generated(qtbot, studio)
    assert png.read_settings(again) == plain and read(again) == read(without)
    session.use_all(settings)
    assert session.addons.get() == settings.addons
    qtbot.keyClick(studio.window, Qt.Key.Key_0, CONTROL | SHIFT)
    qtbot.waitUntil(lambda: not section.isVisible(), timeout=30_000)
    session.use_all(settings)
    assert session.addons.get() == ()


def test_prompts_of_a_checkpoint(qtbot: QtBot, studio: app.Studio, tmp_path: Path) -> None:
    """Counted by its tokenizer, mapped, read at another layer; then one that is guided once."""
    session, panel = studio.shared.session, studio.window.panel("generate")
    assert isinstance(panel, GeneratePanel)
    count = find(studio, "promptTokens")
    session.prompt.set("bear " * 18 + "red bear in a castle")
    qtbot.waitUntil(lambda: count.text() == "87 / 150", timeout=20_000)  # type: ignore[attr-defined]
    assert "2 chunks; the second begins at “bear”" in count.toolTip()
    session.negative.set("blue")
    plain = generated(qtbot, studio)
    session.use_seed(png.read_settings(plain))
    find(studio, "clipSkipSpin").setValue(2)  # type: ignore[attr-defined]
    path = generated(qtbot, studio)
    assert png.read_settings(path).clip_skip == 2 and read(path) != read(plain)
    panel.actions_by_id["words"].trigger()
    page = panel.viewer.words
    qtbot.waitUntil(lambda: page.words.mapped is not None, timeout=60_000)
    assert page.other.isEnabled() and page.word is not None and page.word.text == "bear"

    flux = tmp_path / "flux"
    flow_pipelines.saved("flux-schnell", flux)
    studio.window.open_model(str(flux))
    qtbot.waitUntil(lambda: session.model.get() == str(flux), timeout=60_000)
    qtbot.waitUntil(lambda: count.text().endswith(" / 256"), timeout=20_000)  # type: ignore[attr-defined]
    assert not find(studio, "negative").isEnabled() and not find(studio, "guidanceSpin").isEnabled()
    settings = png.read_settings(generated(qtbot, studio))
    assert (settings.negative, settings.clip_skip) == ("", 1)
    panel.actions_by_id["words"].trigger()
    qtbot.waitUntil(lambda: page.words.mapped is not None, timeout=60_000)
    assert not page.other.isEnabled() and page.kind.value == "attention"
    assert page.word is not None and page.figures.text().endswith("%")


def read(path: Path) -> bytes:
    with Image.open(path) as image:
        return image.tobytes()
