"""Models that others trained, in the real window on the real engine: what the own one can do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QSettings, QSize, QSizeF, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from studio import app
from studio.core.generating import Preview
from studio.core.settings import Defaults, Settings
from studio.core.sizes import Size, Sizes
from studio.engine import references
from studio.gallery import png
from studio.models import registry
from studio.ui.library.again import restore
from studio.ui.widgets.spin import WholeSpin
from studio.ui.workspaces.compare.panel import ComparePanel
from studio.ui.workspaces.generate.panel import GeneratePanel
from studio.ui.workspaces.history.panel import HistoryPanel
from studio.ui.workspaces.interpolate.panel import InterpolatePanel
from studio.ui.workspaces.models.panel import ModelsPanel
from studio.ui.workspaces.reconstruct.panel import ReconstructPanel
from tests import tiny

pytest.importorskip("transformers")

from tests.models.families import flow_pipelines, pipelines
from tests.models.families.test_dressing import kohya, written

LEFT = Qt.MouseButton.LeftButton
CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
#: Models: how many latent channels each has, and what its makers recommend.
MODELS = {
    "sd1": (4, Defaults("dpmpp-2m", 25, 7.5)),
    "flux-dev": (16, Defaults("flow-euler", 28, 3.5)),
}
SIZE = Size(96, 64)
PIXELS = QSize(*SIZE.pair)


@pytest.fixture(scope="module", params=MODELS)
def opened(
    request: pytest.FixtureRequest, qapp: QApplication, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[app.Studio]:
    """A window for all tests of a model: found in Models and loaded there by clicks, after a tiny
    model in the place of the own one."""
    root, qtbot = tmp_path_factory.mktemp("studio"), QtBot(request)
    own, folder = tiny.bundle(root / "tiny"), root / "models" / request.param
    channels, recommended = MODELS[request.param]
    if request.param == "sd1":
        pipelines.saved("sd1", folder)
    else:
        pipelines.written(flow_pipelines.flux(root / "parts", channels=channels), folder)
    usual = registry.open_model
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(root / "data"))
        patch.setattr(
            registry,
            "open_model",
            lambda name, *rest: usual(str(own) if name == "studio-256" else name, *rest),
        )
        patch.setattr(app, "pictures_folder", lambda: root / "Pictures")
        patch.setattr(references, "STEPS", 8)
        patch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(folder.parent))
        studio = app.Studio(qapp, QSettings(str(root / "ini"), QSettings.Format.IniFormat))
        studio.show()
        qtbot.waitUntil(lambda: studio.shared.jobs.model is not None, timeout=60_000)
        load(qtbot, studio, folder)
        assert studio.shared.session.use_defaults(recommended) == ""  # they are there already
        yield studio
        studio.window.close()
        studio.close()
        studio.window.deleteLater()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def load(qtbot: QtBot, studio: app.Studio, folder: Path) -> None:
    click(qtbot, studio, "statusText")
    panel = studio.window.panel("models")
    assert isinstance(panel, ModelsPanel)
    click(qtbot, studio, "button-models_add")
    table, go = panel.table, find(studio, "modelsLoad")
    qtbot.waitUntil(lambda: table.rows.rowCount() == 1, timeout=60_000)
    at = table.visualRect(table.rows.index(0, 0)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=at)
    qtbot.waitUntil(go.isEnabled, timeout=60_000)
    qtbot.mouseClick(go, LEFT)
    session = studio.shared.session
    qtbot.waitUntil(lambda: session.model.get() == str(folder), timeout=60_000)


@pytest.fixture
def studio(opened: app.Studio) -> app.Studio:
    """In Generate, with few steps, nothing to start from and a picture that is not square."""
    session = opened.shared.session
    session.use_all(Settings("a (red:1.2) bear", model=session.model.get(), steps=3, size=SIZE))
    session.seed_locked.set(False)
    session.trajectories.set(True)
    panel = go_to(opened, "generate")
    panel.banner.clear()
    opened.window.activateWindow()  # a dialog of the test before was
    return opened


def model(studio: app.Studio) -> str:
    """Which of MODELS is loaded."""
    return Path(studio.shared.session.model.get()).name


def find(studio: app.Studio, name: str) -> QWidget:
    found = studio.window.findChild(QWidget, name)
    assert found is not None, name
    return found


def click(qtbot: QtBot, studio: app.Studio, name: str) -> None:
    button = find(studio, name)
    assert button.isEnabled() and button.isVisible(), name
    qtbot.mouseClick(button, LEFT)


def go_to(studio: app.Studio, workspace: str) -> QWidget:
    studio.window._go_to(workspace)
    return studio.window.panel(workspace)


def generated(qtbot: QtBot, studio: app.Studio) -> Path:
    """What Generate makes next."""
    folder = studio.shared.library.folder
    before = set(folder.glob("*.png"))
    with qtbot.waitSignal(studio.shared.library.updated, timeout=60_000):
        click(qtbot, studio, "generate")
    (path,) = set(folder.glob("*.png")) - before
    qtbot.waitUntil(lambda: not studio.shared.jobs.busy)
    return path


def type_size(qtbot: QtBot, studio: app.Studio, name: str, width: int, height: int) -> None:
    """Types both numbers, each ended by Enter."""
    for side, number in (("Width", width), ("Height", height)):
        box = find(studio, f"{name}{side}")
        assert isinstance(box, WholeSpin)
        box.setFocus()
        box.selectAll()
        qtbot.keyClicks(box, str(number))
        qtbot.keyClick(box, Qt.Key.Key_Return)


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_prompt_to_png_and_its_way(qtbot: QtBot, studio: app.Studio) -> None:
    """Previews in the picture's shape on the way; every step of it played back in full."""
    previews: list[Preview] = []
    studio.shared.jobs.on(Preview, previews.append)
    path = generated(qtbot, studio)
    settings, session = png.read_settings(path), studio.shared.session
    assert (settings.model, settings.size) == (session.model.get(), SIZE)
    assert settings.prompt == "a (red:1.2) bear" and settings.steps == 3
    assert read(path).shape == (64, 96, 3) and read(path).std() > 1
    assert {each.image.shape for each in previews} == {(32, 48, 3)}
    click(qtbot, studio, "tool-trajectory")
    page = studio.window.panel("generate").viewer.player  # type: ignore[attr-defined]
    kept = page.decoding.kept
    assert kept.x.shape == (
        4,
        MODELS[model(studio)][0],
        32,
        48,
    ) and page.canvas.size_at_100() == QSizeF(*SIZE.pair)
    click(qtbot, studio, "trajectoryShows-noisy")
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Period)
    assert page.frame == 1
    qtbot.waitUntil(lambda: page.decoding.picture("noisy", 1)[1], timeout=20_000)
    guided = find(studio, "trajectoryShows-gap").isEnabled()
    assert guided == (kept.gap.max() > 0) == (model(studio) == "sd1")  # FLUX is asked once a step
    click(qtbot, studio, "tool-trajectory")


def test_families_side_by_side(qtbot: QtBot, studio: app.Studio) -> None:
    panel = go_to(studio, "compare")
    assert isinstance(panel, ComparePanel)
    click(qtbot, studio, "preset-families")
    type_size(qtbot, studio, "sharedSize", *SIZE.turned.pair)
    click(qtbot, studio, "sharedSizeSwap")
    panel.column.own_steps.setChecked(False)
    with qtbot.waitSignal(studio.shared.jobs.ended, timeout=120_000):
        click(qtbot, studio, "compare")
    assert panel.banner.kind != "error", panel.banner.text.text()
    results = panel.comparison.results
    assert {each.settings.sampler for each in results} == {"ddpm", "sde-euler", "flow-heun"}
    assert all(each.picture is not None and each.picture.image.size() == PIXELS for each in results)
    assert len({each.cell.image.tobytes() for each in results if each.cell is not None}) == 3
    assert all(each.distance is not None for each in results)
    for cell in panel.pictures.grid.cells.values():
        assert cell.place().width() == pytest.approx(1.5 * cell.place().height(), abs=1)
    panel.pictures.scrubber.slider.set_time(0.8)
    pictures = panel.pictures.frames.decoder.pictures
    qtbot.waitUntil(lambda: len(pictures) == 3, timeout=20_000)
    click(qtbot, studio, "scrubberBeside")
    qtbot.waitUntil(lambda: panel.pictures.grid.cells[2].beside is not None, timeout=20_000)
    click(qtbot, studio, "scrubberBeside")


def test_started_from_and_repainted(qtbot: QtBot, studio: app.Studio, tmp_path: Path) -> None:
    """The picture shown, half under noise; then only where a mask is painted."""
    session = studio.shared.session
    first = generated(qtbot, studio)
    studio.window.panel("generate").actions_by_id["start_here"].trigger()
    qtbot.waitUntil(lambda: session.start.get() is not None, timeout=20_000)
    session.strength.set(0.5)
    again = generated(qtbot, studio)
    settings = png.read_settings(again)
    assert settings.source and (settings.strength, settings.mask) == (0.5, "")
    moved = np.abs(read(again).astype(int) - read(first)).mean()

    click(qtbot, studio, "paintMask")
    editor = studio.window.panel("generate").column.start.editor  # type: ignore[attr-defined]
    place = editor.easel.place()
    assert place.width() == pytest.approx(1.5 * place.height(), rel=0.05)
    qtbot.mouseClick(editor.easel, LEFT, pos=place.center().toPoint())
    qtbot.mouseClick(editor.use, LEFT)
    masked = png.read_settings(path := generated(qtbot, studio))
    assert masked.mask and masked.source == settings.source
    difference = np.abs(read(path).astype(int) - read(first)).max(2)
    assert difference[28:36, 44:52].max() > 0 and not difference[:, :16].any() and moved > 0


def test_walked_from_a_prompt_to_an_inverted_picture(
    qtbot: QtBot, studio: app.Studio, tmp_path: Path
) -> None:
    panel = go_to(studio, "interpolate")
    assert isinstance(panel, InterpolatePanel)
    first, last = panel.column.cards[:2]
    first.prompt.set_value("a bear")
    last.prompt.set_value("a red bear")
    photo = tmp_path / "photo.png"
    Image.linear_gradient("L").resize((120, 80)).convert("RGB").save(photo)
    click(qtbot, studio, "walkKind1-picture")
    panel.take(1, photo)
    qtbot.waitUntil(lambda: last.start is not None)
    panel.column.frames.set_value(3)
    click(qtbot, studio, "walkSizeSwap")
    studio.shared.session.sampler.set("ddim")
    studio.shared.session.guidance.set(1.0)
    with qtbot.waitSignal(panel.course.ended, timeout=120_000):
        click(qtbot, studio, "walk")
    assert panel.banner.kind != "error", panel.banner.text.text()
    assert {frame.image.shape for frame in panel.course.frames.values()} == {(96, 64, 3)}
    assert len(panel.course.frames) == 3 and set(panel.course.returns) == {1}
    assert "Returned at" in last.quality.text()
    for place in (panel.map.place(0), panel.stage.walk.place()):
        assert place.height() == pytest.approx(1.5 * place.width(), rel=0.05)
    last.kind.choose("prompt")


def test_reconstructed_by_its_own_autoencoder(
    qtbot: QtBot, studio: app.Studio, tmp_path: Path
) -> None:
    """Which is listed, wherever the model lies."""
    panel = go_to(studio, "reconstruct")
    assert isinstance(panel, ReconstructPanel)
    own = f"{studio.shared.session.model.get()}/vae"
    qtbot.waitUntil(lambda: own in panel.bench.chosen, timeout=20_000)
    click(qtbot, studio, "noAutoencoders")
    (item,) = (each for each in panel.column.items() if each.toolTip().endswith(own))
    assert item.text() == f"{Path(own).parent.name}/vae"
    item.setCheckState(Qt.CheckState.Checked)
    Image.linear_gradient("L").resize((60, 40)).convert("RGB").save(tmp_path / "photo.png")
    panel.opener.files((tmp_path / "photo.png",))
    qtbot.waitUntil(lambda: len(panel.bench.sources) == 1)
    with qtbot.waitSignal(panel.bench.finished, timeout=60_000):
        click(qtbot, studio, "reconstruct")
    (result,) = panel.bench.seen
    assert result.autoencoder == own and result.image.shape == (40, 60, 3)
    assert result.figures.compression == 3 * 4 / MODELS[model(studio)][0]  # at half the side


def test_found_in_history_and_restored(qtbot: QtBot, studio: app.Studio) -> None:
    """Made again bit for bit."""
    session = studio.shared.session
    session.guidance.set(2.5)
    path = generated(qtbot, studio)
    made = png.read_settings(path)
    session.use_all(Settings("", model=made.model))
    history = go_to(studio, "history")
    assert isinstance(history, HistoryPanel)
    rows = history.rows

    def newest() -> bool:
        items = history.archive.items(rows.ids[:1])
        return bool(items) and items[0].path == path

    qtbot.waitUntil(newest, timeout=20_000)
    at = history.grid.visualRect(rows.index(0)).center()
    qtbot.mouseClick(history.grid.viewport(), LEFT, pos=at)
    qtbot.waitUntil(lambda: "96 × 64" in history.details.about.text(), timeout=20_000)
    click(qtbot, studio, "button-history_restore")
    assert session.settings() == made and studio.window.panel("generate").isVisible()
    assert not history.banner.isVisible()
    assert (read(generated(qtbot, studio)) == read(path)).all()


def test_sizes(qtbot: QtBot, studio: app.Studio, tmp_path: Path) -> None:
    """Typed, exchanged, chosen; made, shown, started from, restored."""
    session, panel = studio.shared.session, studio.window.panel("generate")
    assert isinstance(panel, GeneratePanel)
    session.size.set(own := session.sizes.get().own)
    qtbot.keyClick(panel, Qt.Key.Key_Z, ALT)
    assert QApplication.focusWidget() is find(studio, "sizeWidth")
    type_size(qtbot, studio, "size", 97, 64)
    assert session.size.get() == SIZE  # the nearest that the model makes
    assert studio.window.status.size_text.text() == "96 × 64"
    path = generated(qtbot, studio)
    assert png.read_settings(path).size == SIZE
    with Image.open(path) as image:
        assert image.size == SIZE.pair and "Size: 96x64" in image.info["parameters"]
    assert panel.viewer.canvas.size_at_100() == QSizeF(*SIZE.pair)
    place = panel.viewer.canvas.place()
    assert place.width() / place.height() == pytest.approx(1.5, rel=0.02)

    photo = tmp_path / "photo.png"
    Image.new("RGB", (300, 100), (200, 30, 30)).save(photo)
    with qtbot.waitSignal(session.start.changed, timeout=20_000):
        panel.sources.open(photo)
    assert panel.column.start.extent.text() == "300 × 100"
    notes = panel.column.start.notes
    assert notes.text() == "Only its middle, in the shape of 96x64, is used."
    click(qtbot, studio, "sizeSwap")
    assert session.size.get() == SIZE.turned and "64x96" in notes.text()
    again = png.read_settings(generated(qtbot, studio))
    assert again.source and again.size == SIZE.turned

    find(studio, "sizeSuiting").menu().actions()[0].trigger()  # type: ignore[attr-defined]
    assert session.size.get() == own
    session.start.set(None)
    assert not restore(session, png.read_settings(path))
    assert session.size.get() == SIZE
    sizes = session.sizes.get()
    session.use_sizes(Sizes(Size.square(32)))
    assert session.size.get() == Size.square(32) and not find(studio, "sizeWidth").isEnabled()
    assert find(studio, "sizeSwap").toolTip() == "This model makes pictures of 32x32 only"
    (told,) = restore(session, png.read_settings(path))
    assert told == "The size 96x64 was not applied; it is 32x32 here."
    session.use_sizes(sizes)


def test_lora(qtbot: QtBot, studio: app.Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Added, weighed, drawn with, taken out; and gone with the model that takes it."""
    session, folder = studio.shared.session, Path(studio.shared.session.model.get())
    if folder.name != "sd1":
        pytest.skip("a file for Stable Diffusion")
    path = folder.parent.parent / "ink.safetensors"
    written(path, kohya(pipelines.PIPELINES["sd1"](folder.parent.parent / "other"), 1))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *args: ([str(path)], ""))
    section = find(studio, "addonsFold").parentWidget()
    assert section is not None and section.isVisible()
    session.seed.set(5)
    session.seed_locked.set(True)
    plain = png.read_settings(without := generated(qtbot, studio))
    qtbot.keyClick(studio.window, Qt.Key.Key_F, ALT)
    click(qtbot, studio, "addonsAdd")
    find(studio, "addon0Spin").setValue(0.5)  # type: ignore[attr-defined]
    settings = png.read_settings(with_it := generated(qtbot, studio))
    (addon,) = settings.addons
    assert (addon.name, addon.weight, addon.kind) == ("ink", 0.5, "LoRA")
    assert (read(without) != read(with_it)).any()

    click(qtbot, studio, "addon0Remove")
    assert session.addons.get() == ()
    again = generated(qtbot, studio)
    assert png.read_settings(again) == plain and (read(again) == read(without)).all()
    session.use_all(settings)
    assert session.addons.get() == settings.addons
    qtbot.keyClick(studio.window, Qt.Key.Key_0, CONTROL | SHIFT)
    qtbot.waitUntil(lambda: not section.isVisible(), timeout=30_000)
    session.use_all(settings)
    assert session.addons.get() == ()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(folder))
    qtbot.keyClick(studio.window, Qt.Key.Key_M, CONTROL | SHIFT)
    qtbot.waitUntil(lambda: session.model.get() == str(folder), timeout=60_000)


def test_prompts(qtbot: QtBot, studio: app.Studio) -> None:
    """Counted by its tokenizer, mapped, and read at another layer where it has one that says it;
    a negative prompt where it has any."""
    session, panel = studio.shared.session, studio.window.panel("generate")
    assert isinstance(panel, GeneratePanel)
    sd, count = model(studio) == "sd1", find(studio, "promptTokens")
    session.prompt.set("bear " * 18 + "red bear in a castle")
    said = "87 / 150" if sd else " / 512"
    qtbot.waitUntil(lambda: count.text().endswith(said), timeout=20_000)  # type: ignore[attr-defined]
    assert ("2 chunks; the second begins at “bear”" in count.toolTip()) == sd
    session.negative.set("blue")
    assert find(studio, "negative").isEnabled() == sd
    plain = generated(qtbot, studio)
    assert png.read_settings(plain).negative == ("blue" if sd else "")
    if sd:
        session.use_seed(png.read_settings(plain))
        find(studio, "clipSkipSpin").setValue(2)  # type: ignore[attr-defined]
        path = generated(qtbot, studio)
        assert png.read_settings(path).clip_skip == 2 and (read(path) != read(plain)).any()
    panel.actions_by_id["words"].trigger()
    page = panel.viewer.words
    qtbot.waitUntil(lambda: page.word is not None, timeout=60_000)
    assert page.other.isEnabled() == sd and page.figures.text()
    assert page.kind.value == ("concept" if sd else "attention")
    panel.actions_by_id["words"].trigger()
    cache = find(studio, "cacheSpin")
    assert cache.isEnabled() != sd and ("FLUX.1's and Qwen-Image's" in cache.toolTip()) == sd
    if not sd:
        session.use_seed(png.read_settings(plain))
        cache.setValue(1.0)  # type: ignore[attr-defined]
        path = generated(qtbot, studio)
        assert png.read_settings(path).cache == 1.0 and (read(path) != read(plain)).any()
        session.use_all(png.read_settings(plain))
        assert cache.value() == 0.0  # type: ignore[attr-defined]
