"""What words do, through real clicks: counted, weighed, mapped, scored; a picture described."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from studio.core.tokens import Counted, Token, Tokens
from studio.ui.widgets.prompt_box import PromptBox
from studio.ui.widgets.token_count import Mark, marks
from tests.app.conftest import Stage

LEFT = Qt.MouseButton.LeftButton
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
    assert marks(prompt, Tokens(0, (cut,), (12,))) == (
        *(Mark(3, 4, "syntax"), Mark(4, 5, "heavy"), Mark(5, 8, "syntax")),
        *(Mark(9, 10, "syntax"), Mark(10, 11, "light"), Mark(11, 12, "syntax")),
        *(Mark(13, 14, "open"), Mark(15, 20, "cut")),
    )
    assert marks("", Tokens(0, (), ())) == ()


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
