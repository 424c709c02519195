"""The Language workspace through real clicks, on a recording bridge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget, QMenu, QWidget
from pytestqt.qtbot import QtBot

from studio.core.language import (
    Embed,
    Embedded,
    Known,
    KnownVectors,
    Scatter,
    Scattered,
    Tokenize,
    Tokenized,
    TokenRow,
)
from studio.core.messages import Event, Failed, Finished, Request
from studio.core.settings import Settings
from studio.gallery import png
from studio.gallery.history import vectors
from studio.ui.workspaces.language.likeness import (
    COSINE,
    OF_PICTURES,
    OF_TEXTS,
    SIGMOID,
    probabilities,
)
from studio.ui.workspaces.language.map import closed, principal
from studio.ui.workspaces.language.panel import LanguagePanel
from studio.ui.workspaces.language.tokens import MOST
from studio.ui.workspaces.language.vectors import Point
from tests.app.conftest import Stage, open_window

R = TypeVar("R", bound=Request)
WIDTH = 6  # of the vectors
CODES = ("1f9f8", "1f34e", "1f680", "1f98a")
WORDS = ("teddy bear", "apple", "rocket", "fox", "food")


def unit(*seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=WIDTH).astype(np.float32)
    return vector / np.linalg.norm(vector)  # type: ignore[no-any-return]


def of_text(text: str) -> np.ndarray:
    return unit(*text.encode())


def of_picture(pixels: np.ndarray) -> np.ndarray:
    return unit(1, int(pixels.mean()))


@pytest.fixture
def stage(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Stage]:
    """With the first workspace only, and Language when a test asks for it."""
    ini = tmp_path / "settings.ini"
    stage = open_window(qtbot, qapp, tmp_path / "Pictures", ini, whole=False)
    yield stage
    stage.window.close()


@pytest.fixture
def panel(stage: Stage) -> LanguagePanel:
    stage.window._go_to("language")
    found = stage.window.panel("language")
    assert isinstance(found, LanguagePanel)
    return found


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    qtbot.mouseClick(stage.find(name), Qt.MouseButton.LeftButton)


def asked(qtbot: QtBot, stage: Stage, kind: type[R], number: int = 0) -> tuple[int, R]:
    """The job and the request number so-and-so of a kind, waited for."""

    def found() -> list[tuple[int, R]]:
        return [(n, each) for n, each in enumerate(stage.bridge.requests) if isinstance(each, kind)]

    qtbot.waitUntil(lambda: len(found()) > number, timeout=5000)
    return found()[number]


def answer(stage: Stage, job: int, *events: Event) -> None:
    stage.bridge.begin(job)
    for event in events:
        stage.bridge.arrived.emit(event)
    stage.bridge.arrived.emit(Finished(job, 0.1))


def embed(qtbot: QtBot, stage: Stage, until: Callable[[], bool], weights: str = "w") -> list[Embed]:
    """Answers every request for vectors until something is true; gives those answered."""
    done: list[Embed] = []

    def served() -> bool:
        for job, request in enumerate(stage.bridge.requests):
            if isinstance(request, Embed) and job not in stage.bridge.answered:
                stage.bridge.answered.add(job)
                texts = np.array([of_text(each) for each in request.texts]).reshape(-1, WIDTH)
                seen = [of_picture(each) for each in request.pictures]
                pictures = np.array(seen).reshape(-1, WIDTH)
                space = (10.0, -10.0, "siglip", weights)
                answer(stage, job, Embedded(job, texts, pictures, *space))
                done.append(request)
        return until()

    qtbot.waitUntil(served, timeout=5000)
    return done


def know(qtbot: QtBot, stage: Stage) -> None:
    job, request = asked(qtbot, stage, Known)
    count = range(len(CODES))
    vectors = np.stack([unit(7, each) for each in count])
    of_words = np.stack([of_text(word) for word in WORDS])
    groups = ("activities", "food", "travel", "animals")
    known = (request.style, CODES, WORDS[:4], groups, vectors, WORDS, of_words)
    answer(stage, job, KnownVectors(job, *known))


def add(qtbot: QtBot, panel: LanguagePanel, folder: Path, *greys: int) -> None:
    paths = []
    for grey in greys:
        paths.append(folder / f"grey {grey}.png")
        Image.new("RGB", (20, 16), (grey, grey, grey)).save(paths[-1])
    before = len(panel.desk.sources)
    panel.opener.files(tuple(paths))
    qtbot.waitUntil(lambda: len(panel.desk.sources) == before + len(greys))


def test_the_line_being_typed_is_tokenized_one_request_at_a_time(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel
) -> None:
    panel.column.texts.setFocus()
    qtbot.keyClicks(panel.column.texts, "a fox")
    job, request = asked(qtbot, stage, Tokenize)
    assert request.text == "a fox"
    qtbot.keyClicks(panel.column.texts, "es")
    QTest.qWait(250)
    assert sum(isinstance(each, Tokenize) for each in stage.bridge.requests) == 1  # still waits
    row = TokenRow("bpe", (" a", "<0xF0>"), (300, 243), ("🦊",), 2307)
    long = TokenRow("character", ("a",) * 9000, (260,) * 9000, (), 326)
    answer(stage, job, Tokenized(job, "a fox", (row, long)))
    _, request = asked(qtbot, stage, Tokenize, 1)
    assert request.text == "a foxes"
    view = panel.show_view("tokens")
    assert view.lines["bpe"].count.text() == "2 tokens · vocabulary 2,307 · not in it: “🦊”"
    assert view.lines["bpe"].chips.accessibleDescription() == "␣a <0xF0>"
    assert len(view.lines["character"].chips._chips) == MOST and not view.hint.isVisible()
    assert view.key.isVisible()
    view.grab()
    answer(stage, asked(qtbot, stage, Tokenize, 1)[0])
    qtbot.keyClick(panel.column.texts, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(panel.column.texts, Qt.Key.Key_Delete)
    assert view.hint.isVisible() and not view.key.isVisible()
    assert not view.lines["bpe"].isVisible()


def test_texts_against_pictures(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel, tmp_path: Path
) -> None:
    view = panel.show_view("likeness")
    panel.column.texts.set_value("a fox\n\na rocket\na fox")
    add(qtbot, panel, tmp_path, 40, 200)
    matrix = view.matrix
    done = embed(qtbot, stage, lambda: matrix.values.shape == (2, 2))
    assert [text for each in done for text in each.texts] == ["a fox", "a rocket"]
    cosine = of_text("a fox") @ of_picture(np.full(1, 40))
    assert matrix.values[0, 0] == pytest.approx(cosine, abs=1e-6)
    assert view.heat.value() == pytest.approx(0.1) and not view.heat.isEnabled()
    click(qtbot, stage, "likenessMeasure-texts")
    assert matrix.values.sum(0) == pytest.approx(1)
    view.heat.spin.setValue(0.02)
    click(qtbot, stage, "likenessMeasure-pictures")
    assert matrix.values.sum(1) == pytest.approx(1)
    click(qtbot, stage, "likenessLearnt")
    assert view.heat.value() == pytest.approx(0.1)
    assert not embed(qtbot, stage, lambda: True)  # all in numpy
    view.grab()


def test_a_picture_is_labelled_the_best_label_first(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel, tmp_path: Path
) -> None:
    view = panel.show_view("likeness")
    add(qtbot, panel, tmp_path, 90)
    click(qtbot, stage, "likenessLabels")
    menu = stage.window.findChild(QMenu, "likenessLabelsMenu")
    menu.actions()[0].trigger()
    menu.close()
    embed(qtbot, stage, lambda: len(view.matrix.values) > 5)
    assert {"animals", "food"} < set(view.matrix.texts) == set(panel.desk.texts)
    values = view.matrix.values[:, 0]
    assert (np.diff(values) <= 0).all() and view.best.isChecked()
    best = max(panel.desk.texts, key=lambda text: of_text(text) @ of_picture(np.full(1, 90)))
    assert view.matrix.texts[0] == best
    assert view.matrix.accessibleDescription().startswith(best)


def test_a_click_or_an_arrow_chooses_a_picture(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel, tmp_path: Path
) -> None:
    view = panel.show_view("likeness")
    panel.column.texts.set_value("a fox")
    add(qtbot, panel, tmp_path, 1, 2, 3)
    embed(qtbot, stage, lambda: view.matrix.values.shape == (1, 3))
    at = view.matrix.cell(0, 2).center()
    qtbot.mouseClick(view.matrix, Qt.MouseButton.LeftButton, pos=at)
    assert panel.desk.current == 2 == panel.column.pictures.currentRow()
    qtbot.keyClick(view.matrix, Qt.Key.Key_Left)
    assert panel.desk.current == 1
    panel.column.pictures.setFocus()
    qtbot.keyClick(panel.column.pictures, Qt.Key.Key_Delete)
    assert len(panel.desk.sources) == 2


def test_likeness_out_of_sight_waits_for_what_it_lacks(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel, tmp_path: Path
) -> None:
    """Another picture chosen while the matrix knows fewer texts than the desk."""
    view = panel.show_view("likeness")
    panel.column.texts.set_value("a fox")
    add(qtbot, panel, tmp_path, 1, 2)
    embed(qtbot, stage, lambda: view.matrix.values.shape == (1, 2))
    panel.show_view("tokens")
    panel.column.texts.set_value("a fox\na rocket")
    pictures = panel.column.pictures
    at = pictures.visualItemRect(pictures.item(1)).center()
    qtbot.mouseClick(pictures.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert panel.desk.current == 1
    panel.show_view("likeness")
    embed(qtbot, stage, lambda: view.matrix.values.shape == (2, 2))
    assert view.matrix.accessibleDescription()


def test_pictures_of_any_shape_stand_below_each_other(
    qtbot: QtBot, panel: LanguagePanel, tmp_path: Path
) -> None:
    sizes = (1, 3000), (3000, 1), (2, 2), (300, 200)
    paths = [tmp_path / f"{n}.png" for n in range(len(sizes))]
    for size, path in zip(sizes, paths, strict=True):
        Image.new("RGB", size, (200, 0, 0)).save(path)
    panel.opener.files(tuple(paths))
    qtbot.waitUntil(lambda: len(panel.desk.sources) == len(sizes))
    pictures = panel.column.pictures
    for number in range(len(sizes)):
        icon = pictures.item(number).icon().pixmap(pictures.iconSize()).toImage()
        assert icon.size() == pictures.iconSize()
        middle = icon.pixelColor(icon.width() // 2, icon.height() // 2)
        assert middle.red() > 150 and middle.alpha() == 255


def test_another_encoder_is_asked_anew(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel, tmp_path: Path
) -> None:
    panel.show_view("likeness")
    panel.column.texts.set_value("a fox")
    add(qtbot, panel, tmp_path, 1)
    number = len(embed(qtbot, stage, lambda: panel.vectors.all_of(panel.desk.sources) is not None))
    panel.desk.use("clip")
    job, request = asked(qtbot, stage, Embed, number)
    assert request.encoder == "clip" and request.texts == ("a fox",)
    stage.bridge.arrived.emit(Failed(job, "encoders/clip is damaged."))
    assert panel.banner.text.text() == "encoders/clip is damaged."


def test_the_nearest_words_and_pictures(stage: Stage, qtbot: QtBot, panel: LanguagePanel) -> None:
    view = panel.show_view("nearest")
    panel.column.texts.set_value("food")
    know(qtbot, stage)
    embed(qtbot, stage, lambda: view.hits.rowCount() == len(CODES))
    words: Any = stage.find("nearestWords")
    assert isinstance(words, QListWidget) and words.item(0).text() == "1.000  food"
    cosines = [cosine for _, cosine in view.hits.rows]
    assert cosines == sorted(cosines, reverse=True)
    first = view.hits.index(0)
    place = view.grid.visualRect(first).center()
    qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(view.use.isEnabled)
    assert view.title.full == view.hits.rows[0][0].label
    click(qtbot, stage, "nearestUse")  # it becomes the next question
    done = embed(qtbot, stage, lambda: panel.vectors.all_of(panel.desk.sources) is not None)
    assert view.asked.value == "picture" and len(done[0].pictures) == 1
    word = words.item(1).data(Qt.ItemDataRole.UserRole)
    words.itemActivated.emit(words.item(1))
    assert view.asked.value == "text" and panel.desk.text == word


def test_the_history_is_searched_and_its_vectors_kept(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel
) -> None:
    archive = panel.library.archive
    for seed, grey in enumerate((30, 120, 220)):
        image = np.full((32, 32, 3), grey, np.uint8)
        made = png.write_new(stage.folder, image, Settings(f"grey {grey}", seed=seed))
        archive.history().add(made)
    view: Any = panel.show_view("nearest")
    panel.column.texts.set_value("grey")
    click(qtbot, stage, "nearestWhere-history")
    embed(qtbot, stage, lambda: view.hits.rowCount() == 3)
    path = vectors.path_of(archive.database, "w")
    qtbot.waitUntil(lambda: len(vectors.read(path)) == 3)
    best = view.hits.rows[0][0].place
    archive.trash((best.id,))  # what goes is forgotten
    qtbot.waitUntil(lambda: view.hits.rowCount() == 2 and len(vectors.read(path)) == 2)
    assert not embed(qtbot, stage, lambda: True)


def past_of(panel: LanguagePanel, *greys: int) -> dict[str, np.ndarray]:
    """Pictures of the history so grey, and the vectors that they have in the end."""
    archive = panel.library.archive
    for grey in greys:
        image = np.full((32, 32, 3), grey, np.uint8)
        made = png.write_new(archive.folder, image, Settings(f"grey {grey}", seed=grey))
        archive.history().add(made)
    return {f"grey {grey}": of_picture(np.full(1, grey)) for grey in greys}


def test_a_history_that_changes_meanwhile_keeps_each_vector_to_its_picture(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel
) -> None:
    wanted = past_of(panel, 30, 120)
    panel.show_view("nearest")
    panel.column.texts.set_value("grey")
    embed(qtbot, stage, lambda: panel.vectors.space is not None)
    click(qtbot, stage, "nearestWhere-history")
    past = panel.past
    asked(qtbot, stage, Embed, 1)
    wanted |= past_of(panel, 220)  # while the first two are being embedded
    panel.library.archive.added.emit(None)
    qtbot.wait(100)
    embed(qtbot, stage, lambda: past.found.there.sum() == 3 and not past.going)
    for item, vector in zip(past.found.items, past.found.vectors, strict=True):
        assert vector == pytest.approx(wanted[item.prompt], abs=1e-3)


def test_reading_the_history_can_be_stopped_and_goes_on(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel
) -> None:
    past_of(panel, *range(0, 200, 5))  # 40: two parts
    view: Any = panel.show_view("nearest")
    panel.column.texts.set_value("grey")
    click(qtbot, stage, "nearestWhere-history")
    past = panel.past
    embed(qtbot, stage, lambda: past.found.there.sum() == 32)
    assert view.status.text() == "The nearest of 32 pictures · 8 still to be read; Esc stops"
    qtbot.keyClick(stage.window, Qt.Key.Key_Escape)
    assert not past.going
    assert view.status.text() == "The nearest of 32 pictures · 8 not read; Run goes on"
    click(qtbot, stage, "language")
    embed(qtbot, stage, lambda: past.found.there.all() and not past.going)
    assert view.status.text() == "The nearest of 40 pictures"
    map_view: Any = panel.show_view("map")
    click(qtbot, stage, "mapDataset")
    click(qtbot, stage, "mapHistory")
    qtbot.waitUntil(lambda: len(map_view.plane.points) == 41)


def test_damaged_kept_vectors_are_none(tmp_path: Path) -> None:
    path = tmp_path / "vectors" / "w.npz"
    vectors.write(path, {(1, 2): unit(1)})
    assert vectors.read(path)[1, 2] == pytest.approx(unit(1), abs=1e-3)
    path.write_bytes(path.read_bytes()[:90])
    assert vectors.read(path) == {} == vectors.read(tmp_path / "none.npz")


def test_a_map_at_once_and_by_neighbours(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel, tmp_path: Path
) -> None:
    view: Any = panel.show_view("map")
    panel.column.texts.set_value("a fox\na rocket")
    add(qtbot, panel, tmp_path, 30)
    know(qtbot, stage)
    plane = view.plane
    embed(qtbot, stage, lambda: len(plane.points) == 7 and np.ptp(plane.at[:, 0]) > 0.3)
    assert plane.at.min() >= 0 and plane.at.max() <= 1
    view.grab()
    click(qtbot, stage, "mapLayout-tsne")
    job, request = asked(qtbot, stage, Scatter)
    assert request.vectors.shape == (7, WIDTH) and request.perplexity == 30
    points = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(Scattered(job, points, 10, False))
    assert view.status.text() == "7 points · t-SNE, step 10"
    moved = plane.at.copy()
    click(qtbot, stage, "languageCancel")
    assert job in stage.bridge.cancels and view.status.text() == "7 points · stopped"
    stage.bridge.arrived.emit(Scattered(job, points[::-1].copy(), 20, False))  # too late
    assert (plane.at == moved).all()


def test_a_point_is_chosen_by_a_click_and_by_keys(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel, tmp_path: Path
) -> None:
    view: Any = panel.show_view("map")
    click(qtbot, stage, "mapDataset")
    panel.column.texts.set_value("a fox\na rocket")
    add(qtbot, panel, tmp_path, 30, 60)
    plane = view.plane
    embed(qtbot, stage, lambda: len(plane.points) == 4 and np.ptp(plane.at[:, 0]) > 0.3)
    x, y = plane.placed()[2]
    qtbot.mouseClick(plane, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
    assert plane.current == 2 and view.title.full == "grey 30.png"
    qtbot.waitUntil(lambda: view.canvas._image is not None)
    order = np.argsort(plane.at[:, 0])
    plane.choose(int(order[0]))
    seen = set()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down) * 3:
        qtbot.keyClick(plane, key)
        seen.add(plane.current)
    assert len(seen) > 1
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_0):
        qtbot.keyClick(plane, key)
    assert plane.sight.zoom is None


def test_other_points_come_while_the_old_ones_are_being_drawn(
    stage: Stage, qtbot: QtBot, panel: LanguagePanel
) -> None:
    plane: Any = panel.show_view("map").plane  # type: ignore[attr-defined]
    plane.show_points(tuple(Point(f"{n}") for n in range(3000)), [QColor("red")] * 3000, 0)
    plane.move_to(np.random.default_rng(0).normal(size=(3000, 2)))
    assert plane._turns.isActive()
    with qtbot.captureExceptions() as caught:
        plane.show_points((Point("one"), Point("two")), [QColor("blue")] * 2, 0)
        plane.move_to(np.array([[0.0, 0.0], [1.0, 1.0]]))
        qtbot.waitUntil(lambda: not plane._turns.isActive())
    assert not caught
    x, y = map(int, plane.placed()[1])
    assert plane.grab().toImage().pixelColor(x, y).blue() > 200
    plane.show_points((), (), 0)
    qtbot.waitUntil(lambda: not plane._turns.isActive())
    assert plane.grab().toImage().pixelColor(x, y).blue() != 255  # nothing is left


def test_probabilities_are_the_formulas() -> None:
    cosines = np.array([[0.3, -0.2], [0.1, 0.25], [0.0, 0.9]])
    logits = np.exp(cosines / 0.05)
    assert probabilities(cosines, COSINE, 0.05, -3) == pytest.approx(cosines)
    assert probabilities(cosines, OF_TEXTS, 0.05, -3) == pytest.approx(logits / logits.sum(0))
    of_pictures = logits / logits.sum(1, keepdims=True)
    assert probabilities(cosines, OF_PICTURES, 0.05, -3) == pytest.approx(of_pictures)
    sigmoid = 1 / (1 + np.exp(-(cosines / 0.05 - 3)))
    assert probabilities(cosines, SIGMOID, 0.05, -3) == pytest.approx(sigmoid)
    assert np.isfinite(probabilities(cosines, SIGMOID, 1e-3, -3)).all()


def test_principal_components_and_the_gap() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 8)) * (9, 4, 1, 1, 1, 1, 1, 1)
    centred = vectors - vectors.mean(0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    assert np.abs(principal(vectors)) == pytest.approx(np.abs(u[:, :2] * s[:2]), abs=1e-8)
    texts = np.arange(50) < 20
    moved = closed(vectors, texts)
    assert moved[texts].mean(0) == pytest.approx(0) and moved[~texts].mean(0) == pytest.approx(0)


def test_every_control_says_what_it_is(stage: Stage, panel: LanguagePanel) -> None:
    from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QSlider

    for view in ("tokens", "likeness", "nearest", "map"):
        page = panel.show_view(view)
        for kind in (QAbstractButton, QAbstractSpinBox, QComboBox, QSlider):
            for control in (*panel.column.findChildren(kind), *page.findChildren(kind)):
                assert isinstance(control, QWidget) and control.objectName(), control
                assert control.accessibleName() and control.toolTip(), control.objectName()
