"""Prompts that stand for many."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import UsageError
from studio.core.wildcards import MOST, chosen, combinations, escaped, has_wildcards, only


def lines(name: str) -> tuple[str, ...]:
    return {"colours": ("red", "{light|dark} blue"), "loop": ("__loop__",)}[name]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a car", ["a car"]),
        ("a {red|blue} car", ["a red car", "a blue car"]),
        ("{a|b}{c|d}", ["ac", "ad", "bc", "bd"]),
        ("{a|b {c|d}}!", ["a!", "b c!", "b d!"]),
        ("{|very }big", ["big", "very big"]),
        ("{a|a}", ["a"]),
        (r"\{a\|b\} {c|d\}}", ["{a|b} c", "{a|b} d}"]),
        ("a | b", ["a | b"]),
        ("__colours__ car", ["red car", "light blue car", "dark blue car"]),
        ("snake_case __ and ___", ["snake_case __ and ___"]),
        ("", [""]),
    ],
)
def test_every_combination_once_in_order(prompt: str, expected: list[str]) -> None:
    assert list(combinations(prompt, lines)) == expected


@pytest.mark.parametrize("prompt", ["{a|b", "a}", "{{a}", "{a}}", "__loop__"])
def test_what_does_not_close_is_said(prompt: str) -> None:
    with pytest.raises(UsageError):
        combinations(prompt, lines)


def test_too_many_are_refused_quickly() -> None:
    with pytest.raises(UsageError, match="more than"):
        combinations("{a|b|c|d}" * 40)
    assert len(combinations("{0|1|2|3|4|5|6|7|8|9}" * 4)) == MOST
    with pytest.raises(UsageError):
        combinations("{" * 500 + "}" * 500)


def test_an_unknown_list_is_said() -> None:
    with pytest.raises(UsageError, match="animals"):
        combinations("a __animals__")


def test_chance_is_even_and_repeatable() -> None:
    random = Random(1)
    found = [chosen("{a|b|c}", random) for _ in range(3000)]
    assert all(900 < found.count(letter) < 1100 for letter in "abc")
    assert chosen("{a|b|c} {d|e}", Random(7)) == chosen("{a|b|c} {d|e}", Random(7))


@given(st.text(alphabet="ab{}|\\_ c", max_size=30), st.integers())
def test_what_is_drawn_is_one_of_all(prompt: str, seed: int) -> None:
    try:
        every = combinations(prompt)
    except UsageError:
        with pytest.raises(UsageError):
            chosen(prompt, Random(seed))
        return
    assert chosen(prompt, Random(seed)) in every


@given(st.text(alphabet="ab{}|\\_ c") | st.text())
def test_an_escaped_prompt_stands_for_itself(prompt: str) -> None:
    assert combinations(escaped(prompt)) == (prompt,)


@given(st.text(max_size=50).filter(lambda text: not has_wildcards(text)))
def test_plain_prompts_stay_what_they_are(prompt: str) -> None:
    assert combinations(prompt) == (prompt,)


@given(st.text())
def test_an_escaped_prompt_stands_for_itself_only(prompt: str) -> None:
    assert only(escaped(prompt)) == prompt


@pytest.mark.parametrize("prompt", ["{red|blue} car", "a __colour__ car", "a {b", "a } b"])
def test_where_there_is_a_choice_or_a_slip_there_is_no_one_prompt(prompt: str) -> None:
    assert only(prompt) is None
