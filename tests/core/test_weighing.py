"""Weights by a key: of a selection, of the word at the cursor, and back to none."""

from __future__ import annotations

import pytest

from studio.core.prompts import read
from studio.core.weighing import STEP, weighed


@pytest.mark.parametrize(
    ("text", "marked", "by", "then"),
    [
        ("a red apple", "red", STEP, "a (red:1.1) apple"),
        ("a red apple", " red ", STEP, "a (red:1.1) apple"),
        ("a (red:1.1) apple", "red", STEP, "a (red:1.2) apple"),
        ("a (red:1.1) apple", "(red:1.1)", -STEP, "a red apple"),
        ("a (red:0.1) apple", "red", -STEP, "a (red:0.1) apple"),
        ("a (red:5) apple", "red", STEP, "a (red:5) apple"),
        ("a (red apple:1.5)", "apple", STEP, "a (red (apple:1.1):1.5)"),
        ("a ☂ red", "☂", STEP, "a (☂:1.1) red"),
    ],
)
def test_a_selection(text: str, marked: str, by: float, then: str) -> None:
    start = text.index(marked)
    found, begin, end = weighed(text, start, start + len(marked), by)
    assert found == then
    assert found[begin:end] == marked.strip().removeprefix("(").split(":")[0]


@pytest.mark.parametrize(
    ("text", "at", "then"),
    [
        ("a red apple", 4, "a (red:1.1) apple"),
        ("a red", 5, "a (red:1.1)"),
        ("a (red apple:1.2)", 5, "a (red apple:1.3)"),
        ("", 0, ""),
        ("a , b", 3, "a , b"),
    ],
)
def test_the_word_at_the_cursor(text: str, at: int, then: str) -> None:
    assert weighed(text, at, at, STEP)[0] == then


def test_up_and_down_again_is_nothing() -> None:
    text, start, end = "a red apple", 2, 5
    for by in [STEP] * 5 + [-STEP] * 9 + [STEP] * 4:
        text, start, end = weighed(text, start, end, by)
        assert read(text).parts[0].at().text == "a red apple"
    assert text == "a red apple"
