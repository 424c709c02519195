"""The Models workspace through real clicks, on a recording bridge and folders of stub headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from studio.bridge import catalogue as catalogue_of_bridge
from studio.core.messages import Failed, Finished, Loading, LoadModel, Ready
from studio.core.settings import Settings
from studio.core.sizes import Size, Sizes
from studio.gallery import metadata, png
from studio.models import catalogue, known
from studio.ui.workspaces.models.panel import ModelsPanel
from tests import tiny
from tests.app.conftest import Stage, open_window
from tests.models.probe.files import write
from tests.models.probe.stubs import STUBS

LEFT = Qt.MouseButton.LeftButton
NAMES = ("sd_xl_base_1.0", "v1-5-pruned-emaonly", "flux1-dev-Q4_K_S", "ae", "add_detail")


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    for name in ("HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As ComfyUI has it: five files of other people's, one of them with a picture, and a model that
    the studio opens."""
    found = tmp_path / "home" / "ComfyUI" / "models"
    found.mkdir(parents=True)
    for stub in (stub for stub in STUBS if stub.path.stem in NAMES):
        write(found / stub.name, stub.header)
    Image.new("RGB", (30, 40), (200, 30, 30)).save(found / "sd_xl_base_1.0.preview.png")
    tiny.bundle(found / "own")
    (found / "own" / "model_index.json").write_text("{}")
    return found


@pytest.fixture
def panel(stage: Stage, qtbot: QtBot, folder: Path) -> ModelsPanel:
    """Opened by the model's name in the status line, its folder watched as proposed."""
    click(qtbot, stage, "statusText")
    panel = stage.window.panel("models")
    assert isinstance(panel, ModelsPanel) and panel.isVisible()
    until(qtbot, lambda: panel.findChild(QPushButton, "modelsWatch-ComfyUI") is not None)
    assert not stage.find("button-models_hash").isEnabled()  # of none
    click(qtbot, stage, "modelsWatch-ComfyUI")
    until(qtbot, lambda: panel.count.text() == "6 models")
    return panel


def until(qtbot: QtBot, true: Callable[[], bool]) -> None:
    """Two hundred megabytes are hashed on the way, beside other tests."""
    qtbot.waitUntil(true, timeout=60_000)


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    button = stage.find(name)
    assert isinstance(button, QAbstractButton) and button.isEnabled(), name
    qtbot.mouseClick(button, LEFT)


def names(panel: ModelsPanel) -> list[str]:
    rows = panel.table.rows
    return [str(rows.data(rows.index(row, 0))) for row in range(rows.rowCount())]


def choose(qtbot: QtBot, panel: ModelsPanel, name: str) -> None:
    """Clicks its row, and waits until it is known whether it opens."""
    row = names(panel).index(name)
    index = panel.table.rows.index(row, 0)
    qtbot.mouseClick(panel.table.viewport(), LEFT, pos=panel.table.visualRect(index).center())
    found = panel.table.found()
    assert found is not None and found.name == name
    until(qtbot, lambda: panel._refusals.get(found.path) is not None)


def test_models_are_listed_filtered_and_sorted(
    qtbot: QtBot, stage: Stage, panel: ModelsPanel
) -> None:
    assert names(panel) == sorted([*NAMES, "own"], key=str.casefold)
    qtbot.keyClicks(panel.search, "SDXL base")
    assert names(panel) == ["sd_xl_base_1.0"] and panel.count.text() == "1 of 6 models"
    qtbot.keyClick(panel.search, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(panel.search, Qt.Key.Key_Delete)
    panel.kind.setCurrentIndex(panel.kind.findData("LoRA"))
    assert names(panel) == ["add_detail"]
    panel.kind.setCurrentIndex(0)
    panel.family.setCurrentIndex(panel.family.findData("FLUX.1"))
    assert names(panel) == ["flux1-dev-Q4_K_S"]
    panel.family.setCurrentIndex(0)

    choose(qtbot, panel, "ae")
    head = panel.table.horizontalHeader()
    at = head.sectionViewportPosition(5) + 10
    qtbot.mouseClick(head.viewport(), LEFT, pos=QPoint(at, 8))
    sizes = [each.bytes for each in panel.table.rows.found]
    assert sizes in (sorted(sizes), sorted(sizes, reverse=True))
    found = panel.table.found()
    assert found is not None and found.name == "ae"  # still chosen


def test_a_model_is_loaded_and_offered_at_the_next_start(
    qtbot: QtBot, qapp: QApplication, stage: Stage, panel: ModelsPanel, folder: Path, tmp_path: Path
) -> None:
    """What does not open says why; what does is loaded, its hash read beside, and remembered."""
    choose(qtbot, panel, "add_detail")
    foot = panel.details.foot
    assert not foot.go.isEnabled() and "is a LoRA, SD 1.x: load the model" in foot.count.text()
    choose(qtbot, panel, "own")
    until(qtbot, foot.go.isEnabled)
    assert foot.count.text() == "Needs about 5.1 GB, 18.0 GB are free."
    click(qtbot, stage, "modelsLoad")
    own = str(folder / "own")
    assert stage.bridge.requests[-1] == LoadModel(own)
    number = len(stage.bridge.requests) - 1
    stage.bridge.arrived.emit(Loading(number, own, 3_400_000_000))
    assert foot.status.text() == "Loading own, 3.4 GB…" and foot.cancel.isEnabled()
    stage.bridge.arrived.emit(Loading(number, own, 3_400_000_000, 850_000_000, 6.0))
    assert foot.status.text() == "Loading own, 850.0 MB of 3.4 GB · 6.0 s left"
    assert stage.window.shared.jobs.share_done() == 0.25
    click(qtbot, stage, "modelsLoadCancel")
    assert stage.bridge.cancels == [number]
    stage.bridge.arrived.emit(Ready(number, own, "CPU", "float32", 0.5, Sizes(Size.square(64))))
    stage.bridge.arrived.emit(Finished(number, 0.5))
    assert panel.session.model.get() == own
    until(qtbot, lambda: known.digest_of(folder / "own") != "")
    click(qtbot, stage, "modelsCompile")
    click(qtbot, stage, "modelsMap")
    panel.preferences.set("offload", "encoders")  # on a machine with a GPU
    click(qtbot, stage, "modelsLoad")  # once more, from the disk
    assert stage.bridge.requests[-1] == LoadModel(own, True, "encoders", True, False)
    stage.window.close()

    again = open_window(qtbot, qapp, stage.folder, tmp_path / "settings.ini")
    banner = again.panel.banner
    until(qtbot, banner.isVisible)
    assert banner.text.text() == "The last session used own."
    click(qtbot, again, "bannerChoice0")
    assert again.bridge.requests[-1] == LoadModel(own, False, "encoders", True, False)
    again.window.close()
    (folder / "own").rename(folder / "moved")
    gone = open_window(qtbot, qapp, stage.folder, tmp_path / "settings.ini")
    until(qtbot, gone.panel.banner.isVisible)
    assert "cannot be opened: there is no model" in gone.panel.banner.text.text()
    assert gone.window.shared.session.model.get() == "studio-256"
    gone.window.close()
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    assert store.value("model") == '""'  # said once


def test_offloading_takes_a_gpu(
    qtbot: QtBot, stage: Stage, panel: ModelsPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off without one, and the tooltip says why."""
    offload = panel.details.offload
    choose(qtbot, panel, "own")
    assert not offload.isEnabled() and "no CUDA GPU here" in offload.toolTip()
    fit = stage.bridge.weigh("own")
    device = replace(fit.device, name="cuda")
    monkeypatch.setattr(stage.bridge, "weigh", lambda model: replace(fit, device=device))
    choose(qtbot, panel, "ae")
    qtbot.keyClick(panel.table, Qt.Key.Key_F5)  # anew
    until(qtbot, lambda: not panel._running)
    choose(qtbot, panel, "own")
    assert offload.isEnabled() and "leaves a CUDA GPU" in offload.toolTip()
    offload.setCurrentIndex(offload.findData("encoders"))
    assert panel.preferences.get("offload") == "encoders"


def test_weights_in_eight_bits_are_chosen(
    qtbot: QtBot, stage: Stage, panel: ModelsPanel, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the model, whose name then says it; what it needs is counted anew."""
    weights, name = panel.details.weights, "flux1-dev-Q4_K_S"
    asked: list[str] = []
    real = stage.bridge.weigh
    monkeypatch.setattr(stage.bridge, "weigh", lambda model: asked.append(model) or real(model))
    monkeypatch.setattr(catalogue_of_bridge, "_missing", lambda path, chosen: "")
    choose(qtbot, panel, "ae")
    assert not weights.isVisible()
    choose(qtbot, panel, name)
    assert weights.isVisible() and weights.value() == ""
    weights.setCurrentIndex(weights.findData("int8"))
    path = folder / f"{name}.gguf"
    until(qtbot, lambda: asked[-1:] == [f"{path}|weights=int8"])
    until(qtbot, stage.find("modelsLoad").isEnabled)
    click(qtbot, stage, "modelsLoad")
    assert stage.bridge.requests[-1] == LoadModel(f"{path}|weights=int8")
    choose(qtbot, panel, "ae")
    choose(qtbot, panel, name)
    until(qtbot, lambda: panel.parts.table.rowCount() == 6)
    assert weights.value() == "int8"
    weights.setCurrentIndex(0)
    assert panel.preferences.get("parts") == {}


def test_details_answers_and_hash(
    qtbot: QtBot, stage: Stage, panel: ModelsPanel, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(qtbot, panel, "sd_xl_base_1.0")
    details, path = panel.details, folder / "sd_xl_base_1.0.safetensors"
    assert "checkpoint · SDXL · base" in details.about.text()
    assert "Confidence: certain" in details.reasons.text()
    assert "prediction: epsilon (assumed" in details.reasons.text()
    until(qtbot, details.picture.isVisible)
    box = details.boxes["prediction"]
    assert box.isVisible() and box.currentText() == "As found: epsilon"
    box.setCurrentIndex(box.findData("v"))
    until(qtbot, lambda: "prediction: v (chosen by you)" in details.reasons.text())
    assert known.answers(path, lambda: None) == {"prediction": "v"}
    assert known.digest_of(path)[:10] in [
        panel.table.rows.data(panel.table.rows.index(row, 6)) for row in range(6)
    ]
    assert box.currentText() == "v"
    box.setCurrentIndex(0)
    until(qtbot, lambda: known.answers(path, lambda: None) == {})

    choose(qtbot, panel, "ae")
    assert not box.isVisible()
    click(qtbot, stage, "button-models_hash")
    until(qtbot, lambda: "SHA-256" in details.about.text())
    shown: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: shown.append(url.toLocalFile()))
    click(qtbot, stage, "button-models_show")
    assert shown == [str(folder)]


def cells(panel: ModelsPanel, column: int) -> list[str]:
    table = panel.parts.table
    return [table.item(row, column).text() for row in range(table.rowCount())]


def test_parts_are_shown_and_pointed_to(
    qtbot: QtBot, stage: Stage, panel: ModelsPanel, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is chosen is remembered, goes into the model's name, and is taken back. Nothing is
    loaded while a part is missing."""
    name, go = "flux1-dev-Q4_K_S", stage.find("modelsLoad")
    by = {stub.name: stub.header for stub in STUBS}
    mine = write(folder.parent / "mine.safetensors", by["clip_l.safetensors"])
    t5 = write(folder.parent / "t5.safetensors", by["t5xxl_fp16.safetensors"])
    choose(qtbot, panel, name)
    until(qtbot, lambda: panel.parts.table.rowCount() == 6)
    heads = ["transformer", "text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2", "vae"]
    assert cells(panel, 0) == heads
    where = cells(panel, 2)
    assert where[0] == f"{name}.gguf, in the file" and where[5] == "ae.safetensors, beside the file"
    assert where[1] == where[3] == where[4] == "missing"
    assert cells(panel, 3)[0] == "Q4_K" and cells(panel, 4)[0].endswith("MB")
    assert "parts are missing" in panel.parts.said.text()
    assert str(folder) in panel.parts.table.item(1, 2).toolTip()
    assert not go.isEnabled() and go.toolTip().startswith("Missing: CLIP-L, ")
    assert "Point to it below the list." in panel.details.foot.count.text()

    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(mine), ""))
    assert panel.parts.table.currentRow() == 1  # the first that is missing
    assert not stage.find("button-models_reset").isEnabled()
    click(qtbot, stage, "button-models_point")
    until(qtbot, lambda: cells(panel, 2)[1] == "mine.safetensors, chosen by you")
    missing = cells(panel, 2).index("missing")  # CLIP's vocabulary comes with a package
    assert panel.parts.table.currentRow() == missing in (2, 3)  # the next
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(folder))
    at = panel.parts.table.visualItemRect(panel.parts.table.item(4, 0)).center()
    qtbot.mouseClick(panel.parts.table.viewport(), LEFT, pos=at)
    with_both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(panel.parts.table, Qt.Key.Key_P, with_both)
    until(qtbot, lambda: "chosen by you" in cells(panel, 2)[4])
    path = folder / f"{name}.gguf"
    panel.parts.pointed.emit("tokenizer", str(folder))
    assert not go.isEnabled()
    panel.parts.pointed.emit("t5_xxl", str(t5))
    until(qtbot, go.isEnabled)
    assert go.toolTip().startswith("Load the selected model")
    click(qtbot, stage, "modelsLoad")
    whole = f"{path}|clip_l={mine}|tokenizer_2={folder}|tokenizer={folder}|t5_xxl={t5}"
    assert stage.bridge.requests[-1] == LoadModel(whole)
    number = len(stage.bridge.requests) - 1
    stage.bridge.arrived.emit(Ready(number, whole, "CPU", "float32", 0.5, Sizes(Size.square(64))))
    stage.bridge.arrived.emit(Finished(number, 0.5))
    until(qtbot, lambda: known.digest_of(path) != "")
    assert stage.find("statusText").text().startswith(f"{name}.gguf · ")  # type: ignore[attr-defined]

    choose(qtbot, panel, "add_detail")
    assert not panel.parts.isVisible()
    choose(qtbot, panel, name)
    until(qtbot, lambda: panel.parts.table.rowCount() == 6)
    assert cells(panel, 2)[1] == "mine.safetensors, chosen by you"
    panel.parts.table.setCurrentCell(1, 0)
    click(qtbot, stage, "button-models_reset")
    until(qtbot, lambda: cells(panel, 2)[1] == "missing")
    assert not go.isEnabled()
    kept = {"tokenizer_2": str(folder), "tokenizer": str(folder), "t5_xxl": str(t5)}
    assert panel.preferences.get("parts") == {str(path): kept}
    panel.parts.table.setCurrentCell(0, 0)  # the denoiser is the file's own
    assert not panel.actions_by_id["models_point"].isEnabled()


def test_reading_is_cancelled(
    qtbot: QtBot, stage: Stage, panel: ModelsPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(qtbot, panel, "ae")
    monkeypatch.setattr(known, "CHUNK", 1)  # two million steps
    click(qtbot, stage, "button-models_hash")
    until(qtbot, lambda: "Hashing ae" in panel.count.text())
    qtbot.keyClick(panel.table, Qt.Key.Key_Escape)
    until(qtbot, lambda: not panel.stop.isVisible())
    found = panel.table.found()
    assert found is not None and not found.digest and panel.count.text() == "6 models"


def test_folders_are_added_and_left(
    qtbot: QtBot, stage: Stage, panel: ModelsPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in them changes."""
    more = tmp_path / "more"
    more.mkdir()
    write(more / "x.safetensors", STUBS[0].header)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(more))
    click(qtbot, stage, "button-models_add")
    until(qtbot, lambda: panel.count.text() == "7 models")
    panel.folder.setCurrentIndex(panel.folder.findData(str(more)))
    assert names(panel) == ["x"]
    click(qtbot, stage, "button-models_remove")
    until(qtbot, lambda: panel.count.text() == "6 models")
    assert [each.name for each in more.iterdir()] == ["x.safetensors"]
    choose(qtbot, panel, "sd_xl_base_1.0")
    (tmp_path / "home" / "ComfyUI" / "models" / "ae.safetensors").unlink()
    qtbot.keyClick(panel.table, Qt.Key.Key_F5)
    until(qtbot, lambda: panel.count.text() == "5 models")
    found = panel.table.found()
    assert found is not None and found.name == "sd_xl_base_1.0"
    (tmp_path / "home" / "ComfyUI").rename(tmp_path / "away")
    qtbot.keyClick(panel.table, Qt.Key.Key_F5)
    until(qtbot, panel.banner.isVisible)
    assert "is no folder" in panel.banner.text.text() and names(panel) == []


def test_settings_of_a_picture_offer_its_model(
    qtbot: QtBot, stage: Stage, panel: ModelsPanel, folder: Path
) -> None:
    """By the hash in the picture, wherever its file lies now."""
    own = folder / "own"
    known.read_digest(own, lambda: None)
    picture = stage.folder / "old.png"
    settings = Settings("a bear", model=str(own))
    png.write(picture, np.zeros((8, 8, 3), np.uint8), settings)
    moved = own.rename(folder / "elsewhere")
    known.read_digest(moved, lambda: None)
    stage.window._go_to("generate")
    banner = stage.panel.banner
    stage.panel._offer(picture, found := metadata.read(picture))
    click(qtbot, stage, "bannerChoice0")
    until(qtbot, lambda: banner.kind == "offer" and banner.isVisible())
    assert str(own) in banner.text.text()
    click(qtbot, stage, "bannerChoice0")
    assert stage.bridge.requests[-1] == LoadModel(str(moved))
    number = len(stage.bridge.requests) - 1
    stage.bridge.arrived.emit(Failed(number, "It is damaged."))

    other = replace(found.settings, model="/nowhere/at-all.safetensors")
    banner.clear()
    qtbot.wait(10)  # its buttons go
    stage.panel._offer(picture.with_name("gone.png"), replace(found, settings=other))
    click(qtbot, stage, "bannerChoice0")
    qtbot.wait(100)
    assert banner.kind == "note" and "at-all.safetensors was not applied" in banner.text.text()
    assert catalogue.whereabouts(other.model, "") == ""
