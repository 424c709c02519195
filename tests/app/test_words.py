"""What words do, through real clicks: counted, weighed, mapped, scored; a picture described."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QTextCursor
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from studio.core.comparing import Cell, Compare
from studio.core.generating import Picture, Score
from studio.core.grid import Axis, Grid
from studio.core.guided import EMBEDDED, NOT_AT_ALL, TWO_CALLS
from studio.core.language import Describe, Described
from studio.core.messages import CancelledAt, Failed, Finished, Ready
from studio.core.settings import Settings
from studio.core.sizes import Size, Sizes
from studio.core.tokens import Counted, Token, Tokens
from studio.core.word_maps import MapWords, WordMap, WordsMapped
from studio.ui.library.pictures import Entry
from studio.ui.viewer.words import NO_OTHER, WAITING, WordsPage
from studio.ui.widgets.guided import NO_NUMBER, NO_SECOND_CALL
from studio.ui.widgets.prompt_box import PromptBox
from studio.ui.widgets.token_count import Mark, marks
from studio.ui.workspaces.compare.overlay import words_of
from studio.ui.workspaces.compare.panel import ComparePanel
from tests.app.conftest import Stage

LEFT = Qt.MouseButton.LeftButton
TOWER = "siglip 1a2b3c4d"
CONTROL = Qt.KeyboardModifier.ControlModifier


def box(stage: Stage, name: str = "prompt") -> PromptBox:
    found = stage.find(name)
    assert isinstance(found, PromptBox)
    return found


def count(stage: Stage, name: str = "prompt") -> QLabel:
    found = stage.find(f"{name}Tokens")
    assert isinstance(found, QLabel)
    return found


def marked(box: PromptBox) -> list[str]:
    return [each.cursor.selectedText() for each in box.extraSelections()]  # type: ignore[attr-defined]


def test_tokens_are_counted_as_one_types(qtbot: QtBot, stage: Stage) -> None:
    qtbot.keyClicks(box(stage), "a red apple")
    qtbot.waitUntil(lambda: count(stage).text() == "5 / 32")
    assert count(stage).property("role") == "muted" and not marked(box(stage))
    box(stage).set_value("a red apple " * 12)
    qtbot.waitUntil(lambda: count(stage).text() == "38 / 32")
    assert count(stage).property("role") == "problem"
    assert "the last 6 tokens, marked in red, are not read" in count(stage).toolTip()
    assert marked(box(stage)) == ["a red apple a red apple"]
    box(stage).set_value("{red|blue} (car:1.2) :( \U0001f600 [a:b:0.5]")
    qtbot.waitUntil(lambda: count(stage).text().startswith("≈"))
    assert "(" in marked(box(stage)) and "car" in marked(box(stage))
    assert "in the longest of its 2 texts" in count(stage).toolTip()
    box(stage).set_value("")
    qtbot.waitUntil(lambda: not count(stage).text())


def test_chunks_are_told_and_marked(
    qtbot: QtBot, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    castle = Token("castle", 7, 13, 1.0, True)

    def chunks(begins: tuple[Token, ...]) -> None:
        counted = Counted((), 81, 75 * (1 + len(begins)), begins)
        monkeypatch.setattr(stage.bridge, "tokens_of", lambda *_: Tokens((counted,), ()))

    chunks((castle,))
    box(stage).set_value("a (red castle:1.2)")
    qtbot.waitUntil(lambda: count(stage).text() == "81 / 150")
    told = "81 tokens, 2 chunks; the second begins at “castle”, underlined."
    assert count(stage).toolTip() == count(stage).accessibleName() == told
    assert count(stage).property("role") == "muted" and marked(box(stage))[-1] == "castle"
    chunks((castle, castle))
    box(stage).set_value("a red (castle:1.2)")
    qtbot.waitUntil(lambda: count(stage).text() == "81 / 225")
    assert (
        count(stage)
        .toolTip()
        .endswith("3 chunks; the others begin at “castle”, “castle”, underlined.")
    )


@pytest.mark.parametrize(
    ("panel", "name"),
    [("generate", "negative"), ("compare", "comparePrompt"), ("interpolate", "walkPrompt0")],
)
def test_every_prompt_box_counts(qtbot: QtBot, stage: Stage, panel: str, name: str) -> None:
    stage.window._go_to(panel)
    box(stage, name).set_value("a cat AND a car")
    expected = "7 / 32" if name == "negative" else "4 / 32"
    qtbot.waitUntil(lambda: count(stage, name).text() == expected)


def test_marks_of_a_prompt() -> None:
    def token(text: str, start: int, read: bool = True) -> Token:
        return Token(text, start, start + len(text), 1.0, read)

    prompt = "\U0001f600 (a:2) [b] ( cc dd"
    cut = Counted((token("cc", 14, False), token("dd", 17, False)), 34, 32)
    assert marks(prompt, Tokens((cut,), (12,))) == (
        *(Mark(3, 4, "syntax"), Mark(4, 5, "heavy"), Mark(5, 8, "syntax")),
        *(Mark(9, 10, "syntax"), Mark(10, 11, "light"), Mark(11, 12, "syntax")),
        *(Mark(13, 14, "open"), Mark(15, 20, "cut")),
    )
    assert marks("", Tokens((), ())) == ()


def test_control_up_weighs_words(qtbot: QtBot, stage: Stage) -> None:
    prompt = box(stage)
    prompt.set_value("\U0001f600 a red apple")
    cursor = prompt.textCursor()
    cursor.setPosition(5)
    cursor.setPosition(8, QTextCursor.MoveMode.KeepAnchor)
    prompt.setTextCursor(cursor)
    for _ in range(3):
        qtbot.keyClick(prompt, Qt.Key.Key_Up, CONTROL)
    assert prompt.toPlainText() == "\U0001f600 a (red:1.3) apple"
    assert prompt.textCursor().selectedText() == "red"
    assert stage.panel.session.prompt.get() == "\U0001f600 a (red:1.3) apple"
    for _ in range(3):
        qtbot.keyClick(prompt, Qt.Key.Key_Down, CONTROL)
    assert prompt.toPlainText() == "\U0001f600 a red apple"
    qtbot.keyClick(prompt, Qt.Key.Key_Z, CONTROL)
    assert "(red:1.1)" in prompt.toPlainText()


def picture(stage: Stage, job: int, number: int = 0, value: float = 0.4) -> None:
    settings = Settings("a red fox", seed=number)
    image = np.full((32, 32, 3), 90, np.uint8)
    score = Score(value, TOWER)
    stage.bridge.arrived.emit(Picture(job, number, image, settings, 1.0, 9, score=score))


def made(qtbot: QtBot, stage: Stage, *scores: float) -> None:
    """A finished job of so many pictures."""
    qtbot.mouseClick(stage.find("generate"), LEFT)
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    for number, score in enumerate(scores):
        picture(stage, job, number, score)
    stage.bridge.arrived.emit(Finished(job, 1.0))


def mapped(stage: Stage, likeness: bool = True) -> MapWords:
    """Answers the request for maps that is with the engine: "fox" is on the left."""
    job, request = len(stage.bridge.requests) - 1, stage.bridge.requests[-1]
    assert isinstance(request, MapWords)
    left = np.zeros((3, 8, 8), np.float32)
    left[:, :, :4] = np.array([0.1, 0.2, 0.3], np.float32)[:, None, None]
    words = [WordMap("a", 0, 1, left * 0, left * 0), WordMap("red", 2, 5, left, left * 0)]
    words.append(WordMap("fox", 6, 9, left, 2 * left))
    words.append(WordMap("kitten", 6, 9, left, 2 * left))
    words += [WordMap(word, -1, -1, None, 1 - left) for word in request.words]
    words = words if likeness else [replace(word, concept=None) for word in words]
    image = np.full((32, 32, 3), 90, np.uint8)
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(WordsMapped(job, tuple(words), (1.0, 0.6, 0.2), image))
    stage.bridge.arrived.emit(Finished(job, 0.1))
    return request


def colour(page: WordsPage, x: float) -> QColor:
    """Of the picture at that share of its width."""
    place, image = page.canvas.place(), page.canvas.grab().toImage()
    at = place.left() + x * place.width(), place.center().y()
    return image.pixelColor(*(round(each * image.devicePixelRatio()) for each in at))


def grey(found: QColor) -> bool:
    """The picture's own, but for what blending rounds away."""
    return max(abs(part - 90) for part in found.getRgb()[:3]) <= 2


def test_what_each_word_did(qtbot: QtBot, stage: Stage) -> None:
    made(qtbot, stage, 0.4)
    assert stage.panel.viewer.facts.rest.full.startswith("Fits its prompt 0.40 · Seed 0")
    assert stage.panel.viewer.facts.rest.full.endswith(f"judged by {TOWER}")
    qtbot.mouseClick(stage.find("tool-words"), LEFT)
    page = stage.panel.viewer.words
    assert page.isVisible() and page.figures.text() == WAITING and not page.other.isEnabled()
    assert mapped(stage) == MapWords(Settings("a red fox"))
    assert page.word is not None and page.word.text == "kitten"
    assert page.figures.text() == "0.00 to 0.40" and page.mean.isChecked()
    assert colour(page, 0.2).red() > 180 and grey(colour(page, 0.95))
    page.opacity.setValue(0)
    assert colour(page, 0.2) == QColor(90, 90, 90)
    qtbot.mouseClick(stage.find("wordsShow-attention"), LEFT)
    assert page.figures.text() == "0.0 to 20.0 %"
    qtbot.keyClick(page.step, Qt.Key.Key_Right)
    assert page.figures.text() == "step 2 · t 0.60 · 0.0 to 20.0 %" and not page.mean.isChecked()
    qtbot.mouseClick(stage.find("word-0"), LEFT)
    assert page.word.text == "a"
    qtbot.keyClicks(page.other, "  grass ")
    qtbot.keyClick(page.other, Qt.Key.Key_Return)
    assert mapped(stage).words == ("grass",)
    assert page.word.text == "grass" and page.kind.value == "concept"
    assert not stage.find("wordsShow-attention").isEnabled()
    qtbot.keyClick(page.canvas, Qt.Key.Key_Escape)
    assert not page.isVisible() and stage.panel.viewer.canvas.isVisible()
    asked = len(stage.bridge.requests)
    qtbot.keyClick(stage.panel.viewer.canvas, Qt.Key.Key_M)
    assert page.isVisible() and page.word is not None and len(stage.bridge.requests) == asked


def test_a_model_that_finds_no_other_words(qtbot: QtBot, stage: Stage) -> None:
    made(qtbot, stage, 0.4)
    qtbot.mouseClick(stage.find("tool-words"), LEFT)
    page = stage.panel.viewer.words
    mapped(stage, likeness=False)
    assert page.kind.value == "attention" and not stage.find("wordsShow-concept").isEnabled()
    assert page.figures.text() == "0.0 to 20.0 %" and colour(page, 0.2).red() > 180
    assert not page.other.isEnabled() and page.other.toolTip() == NO_OTHER
    panel, _ = compared(stage)
    panel.pictures.words.word.setCurrentIndex(3)
    mapped(stage, likeness=False)
    assert panel.pictures.grid.cells[0].note == "fox 0.0 to 20.0 %"
    other = stage.find("compareOther")
    assert not other.isEnabled() and other.toolTip() == NO_OTHER


def ready(stage: Stage, guided: str) -> None:
    model = stage.panel.session.model.get()
    stage.bridge.arrived.emit(
        Ready(0, model, "CPU", "float32", 0.1, Sizes(Size.square(256)), guided=guided)
    )


def test_what_the_model_does_not_heed_is_off_and_says_why(qtbot: QtBot, stage: Stage) -> None:
    session, usual = stage.panel.session, stage.find("negative").toolTip()
    session.negative.set("blue")
    session.interval.set((0.2, 0.8))
    session.rule.set("apg")
    asked_twice = "negative", "compareNegative", "rule", "guidanceIntervalFrom", "interval"
    numbers = "guidanceSpin", "sharedGuidanceSpin", "walkGuidanceSpin"
    for guided in (EMBEDDED, NOT_AT_ALL, TWO_CALLS):
        ready(stage, guided)
        for name in asked_twice:
            assert stage.find(name).isEnabled() == (guided == TWO_CALLS)
            assert (stage.find(name).toolTip() == NO_SECOND_CALL) == (guided != TWO_CALLS)
        for name in numbers:
            assert stage.find(name).isEnabled() == (guided != NOT_AT_ALL)
            assert (stage.find(name).toolTip() == NO_NUMBER) == (guided == NOT_AT_ALL)
        qtbot.mouseClick(stage.find("generate"), LEFT)
        settings = stage.bridge.jobs[-1].settings
        told = settings.negative, settings.guidance_interval, settings.rule
        twice = guided == TWO_CALLS
        assert told == (("blue", (0.2, 0.8), "apg") if twice else ("", (0.0, 1.0), "cfg"))
        axes = stage.find("axis-columns").model()  # type: ignore[attr-defined]
        able = {axes.item(row).text(): axes.item(row).isEnabled() for row in range(axes.rowCount())}
        assert able["Guidance rule"] == twice and able["Guidance"] == (guided != NOT_AT_ALL)
    assert stage.find("negative").toolTip() == usual
    assert box(stage, "negative").toPlainText() == "blue"  # nothing is lost meanwhile


def legend(stage: Stage, name: str = "wordsScale") -> tuple[str, str]:
    ends = stage.find(f"{name}Least"), stage.find(f"{name}Most")
    return ends[0].text(), ends[1].text()  # type: ignore[attr-defined]


def test_one_scale_for_all_words_and_steps(qtbot: QtBot, stage: Stage) -> None:
    made(qtbot, stage, 0.4)
    qtbot.mouseClick(stage.find("tool-words"), LEFT)
    page = stage.panel.viewer.words
    assert legend(stage) == ("least", "most")
    mapped(stage)  # "kitten" is chosen: 0.2 to 0.6 on the left by its steps
    assert legend(stage) == ("0.00", "0.40")
    own = colour(page, 0.2)
    qtbot.keyClick(page.canvas, Qt.Key.Key_O)
    assert page.one_scale.isChecked() and legend(stage) == ("0.00", "0.60")
    assert page.figures.text() == "0.00 to 0.40"  # of this map itself
    mean = colour(page, 0.2)
    assert own.lightness() > mean.lightness()
    qtbot.keyClick(page.step, Qt.Key.Key_End)
    assert page.figures.text().endswith("0.00 to 0.60") and colour(page, 0.2) == own
    qtbot.mouseClick(stage.find("word-1"), LEFT)  # "red" is like nothing anywhere
    assert legend(stage) == ("0.00", "0.60") and grey(colour(page, 0.2))
    qtbot.mouseClick(stage.find("wordsShow-attention"), LEFT)
    assert legend(stage) == ("0.0 %", "30.0 %")
    assert "0.0 %" in page.scale.accessibleName() and "30.0 %" in page.scale.accessibleName()
    qtbot.keyClick(page.canvas, Qt.Key.Key_O)
    page.step.setValue(1)
    assert legend(stage) == ("0.0 %", "10.0 %")


def test_another_picture_leaves_the_words(qtbot: QtBot, stage: Stage) -> None:
    made(qtbot, stage, 0.4, 0.3)
    qtbot.mouseClick(stage.find("tool-words"), LEFT)
    stage.panel.viewer.strip.walk(1)
    assert stage.panel.viewer.canvas.isVisible()
    stage.panel.session.guidance.set(0.0)
    stage.panel.viewer.words.words.settings = None
    entry = stage.panel.viewer.entry
    assert entry is not None
    entry.settings = Settings("a fox", guidance=0.0)
    qtbot.mouseClick(stage.find("tool-words"), LEFT)
    assert stage.panel.banner.text.text().startswith("With guidance 0 the prompt is not read")


def values(entries: list[Entry]) -> list[float]:
    return [entry.score.value for entry in entries if entry.score is not None]


def test_the_best_comes_first(qtbot: QtBot, stage: Stage) -> None:
    qtbot.mouseClick(stage.find("bestFirst"), LEFT)
    made(qtbot, stage, 0.2, 0.5, 0.1, 0.4)
    entries = stage.panel.library.entries
    assert values(entries) == [0.5, 0.4, 0.2, 0.1]
    assert stage.panel.viewer.entry is entries[0] and all(entry.ranked for entry in entries)
    assert "0.50" in stage.panel.viewer.facts.rest.full
    qtbot.mouseClick(stage.find("bestFirst"), LEFT)
    made(qtbot, stage, 0.9, 0.3)
    assert values(entries[:2]) == [0.3, 0.9] and not entries[0].ranked


def test_a_picture_becomes_a_prompt(qtbot: QtBot, stage: Stage) -> None:
    made(qtbot, stage, 0.4)
    box(stage).set_value("what I had typed")
    qtbot.mouseClick(stage.find("tool-describe"), LEFT)
    job, request = len(stage.bridge.requests) - 1, stage.bridge.requests[-1]
    assert isinstance(request, Describe) and request.picture.shape == (32, 32, 3)
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(Described(job, ("a fox (smiling)", "a dog"), (0.5, 0.2)))
    stage.bridge.arrived.emit(Finished(job, 0.1))
    assert box(stage).toPlainText() == r"a fox \(smiling\)"
    qtbot.keyClick(box(stage), Qt.Key.Key_Z, CONTROL)
    assert box(stage).toPlainText() == "what I had typed"


def test_a_dropped_picture_is_described(qtbot: QtBot, stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (40, 30), "red").save(path)
    with qtbot.waitSignal(stage.panel.reader.refused):
        stage.panel.reader.read(path, "studio-256")
    qtbot.mouseClick(stage.find("bannerChoice1"), LEFT)
    qtbot.waitUntil(lambda: isinstance(stage.bridge.requests[-1], Describe))
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(Failed(job, "There is no captioner."))
    assert stage.panel.banner.text.text() == "There is no captioner."


def compared(stage: Stage) -> tuple[ComparePanel, Compare]:
    """A finished comparison."""
    stage.window._go_to("compare")
    panel = stage.window.panel("compare")
    assert isinstance(panel, ComparePanel)
    stage.panel.session.prompt.set("a red fox")
    panel.begin()
    job, request = len(stage.bridge.requests) - 1, stage.bridge.requests[-1]
    assert isinstance(request, Compare)
    stage.bridge.begin(job)
    image, latents = np.full((32, 32, 3), 90, np.uint8), np.zeros((4, 4, 4), np.float32)
    score = Score(0.25, TOWER)
    for index, settings in enumerate(request.cells):
        stage.bridge.arrived.emit(Cell(job, index, image, latents, settings, 1.0, 9, None, score))
    stage.bridge.arrived.emit(Finished(job, 1.0))
    return panel, request


def test_words_of_a_cell(qtbot: QtBot, stage: Stage) -> None:
    panel, request = compared(stage)
    assert panel.pictures.grid.cells[0].caption[1] == "fits 0.25"
    panel.comparison.select(1)
    qtbot.mouseClick(stage.find("tool-cell_words"), LEFT)
    assert mapped(stage).settings == request.cells[1]
    view = panel.show_view("words")
    assert isinstance(view, WordsPage) and view.word is not None
    qtbot.keyClick(view.canvas, Qt.Key.Key_Escape)
    assert panel.pictures.isVisible()
    panel.comparison.select(0)
    panel.show_view("words")
    assert mapped(stage).settings == request.cells[0]


def test_one_word_over_every_picture(qtbot: QtBot, stage: Stage) -> None:
    panel, request = compared(stage)
    bar, cells = panel.pictures.words, panel.pictures.grid.cells
    asked = len(stage.bridge.requests)
    assert [bar.word.itemData(n) for n in range(bar.word.count())] == ["", "a", "red", "fox"]
    assert not stage.find("compareOther").isVisible()
    panel.pictures.grid.setFocus()
    qtbot.keyClick(panel.pictures.grid, Qt.Key.Key_W)
    assert bar.word.hasFocus()
    bar.word.setCurrentIndex(3)
    assert "measuring" in cells[0].note and "waiting" in cells[1].note
    for number, settings in enumerate(request.cells):  # one after another, those in sight
        assert len(stage.bridge.requests) == asked + number + 1
        assert mapped(stage) == MapWords(settings)
    assert len(stage.bridge.requests) == asked + len(request.cells)
    assert cells[0].over is not None and cells[0].note == "fox 0.00 to 0.40"
    assert legend(stage, "compareScale") == ("0.00", "0.60")  # of all steps
    qtbot.mouseClick(stage.find("compareWordShow-attention"), LEFT)
    assert cells[1].note == "fox 0.0 to 20.0 %"
    image = cells[0].grab().toImage()
    place, ratio = cells[0].place(), image.devicePixelRatio()
    left, right = (
        image.pixelColor(*(round(at * ratio) for at in (place.left() + x, place.center().y())))
        for x in (0.25 * place.width(), 0.95 * place.width())
    )
    assert left.red() > left.blue() + 40 and grey(right)
    panel.pictures.scrubber.slider.set_time(0.6)  # the second of the three steps
    assert cells[1].note.endswith("fox at t 0.60, 0.0 to 20.0 %")
    panel.pictures.scrubber.slider.set_time(0.3)
    assert cells[1].note.endswith("fox at t 0.30, 0.0 to 20.0 %")
    panel.pictures.scrubber.slider.set_time(0.9)
    assert cells[1].note.endswith("fox at t 0.90, 0.0 to 10.0 %")
    panel.pictures.scrubber.stop()
    bar.word.setCurrentIndex(2)  # known from what was measured
    assert len(stage.bridge.requests) == asked + len(request.cells)
    assert cells[0].note.startswith("red ")
    panel.pictures.grid.setFocus()
    qtbot.keyClick(panel.pictures.grid, Qt.Key.Key_O)
    assert not bar.one_scale.isChecked() and legend(stage, "compareScale") == ("least", "most")
    bar.word.setCurrentIndex(0)
    assert cells[0].over is None and not cells[0].note


def test_another_word_over_every_picture(qtbot: QtBot, stage: Stage) -> None:
    panel, request = compared(stage)
    bar, cells = panel.pictures.words, panel.pictures.grid.cells
    bar.word.setCurrentIndex(3)
    mapped(stage)
    qtbot.keyClicks(bar.other, " grass ")
    qtbot.keyClick(bar.other, Qt.Key.Key_Return)
    assert bar.word.value() == "grass" and bar.word.currentText() == "+ grass"
    assert mapped(stage) == MapWords(request.cells[1])  # of the word before: it was under way
    assert mapped(stage) == MapWords(request.cells[0], ("grass",))
    assert cells[0].note == "grass 0.80 to 1.00"
    qtbot.mouseClick(stage.find("compareWordShow-attention"), LEFT)
    assert cells[0].over is None and cells[0].note == "“grass” is not in the prompt"


def test_measuring_words_can_be_cancelled(qtbot: QtBot, stage: Stage) -> None:
    panel, _ = compared(stage)
    bar, cells = panel.pictures.words, panel.pictures.grid.cells
    bar.word.setCurrentIndex(3)
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    qtbot.keyClick(panel.pictures.grid, Qt.Key.Key_Escape)
    assert stage.bridge.cancels[-1] == job
    stage.bridge.arrived.emit(CancelledAt(job, 2))
    panel.pictures.refresh()
    assert len(stage.bridge.requests) == job + 1 and cells[0].note == "words: not measured"
    bar.word.setCurrentIndex(2)
    assert len(stage.bridge.requests) == job + 2  # and again, when a word is chosen


def test_a_model_that_cannot_tell_says_so_once(stage: Stage) -> None:
    panel, _ = compared(stage)
    panel.pictures.words.word.setCurrentIndex(3)
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(Failed(job, "It cannot tell what its words do."))
    assert panel.banner.text.text() == "It cannot tell what its words do."
    assert len(stage.bridge.requests) == job + 1
    assert panel.pictures.grid.cells[0].note == "words: not measured"


def test_words_of_prompts_are_those_that_are_read() -> None:
    cells = [Settings(each) for each in ("a (red:1.2) [fox:owl:0.5] AND Sky", "A cat-fish, 2")]
    assert words_of(cells) == ("a", "red", "fox", "Sky", "owl", "cat", "fish", "2")


def test_prompts_that_are_compared_are_counted(qtbot: QtBot, stage: Stage) -> None:
    stage.window._go_to("compare")
    panel = stage.window.panel("compare")
    assert isinstance(panel, ComparePanel)
    panel.column.axes.set_grid(Grid(Axis("prompt", ("a cat", "\U0001f600 a (red:1.2) apple"))))
    qtbot.waitUntil(lambda: bool(count(stage, "comparePrompts").text()))
    told = count(stage, "comparePrompts")
    assert told.isVisible() and "in the longest of its 2 texts" in told.toolTip()
    assert "red" in marked(box(stage, "comparePrompts"))
    long = "a red apple " * 12
    box(stage, "comparePrompts").set_value(f"\U0001f600 a cat\n{long.strip()}")
    qtbot.waitUntil(lambda: told.text() == "38 / 32")
    assert marked(box(stage, "comparePrompts")) == ["a red apple a red apple"]
    panel.column.axes.set_grid(Grid(Axis("steps", (5, 10))))
    assert not told.isVisible()
