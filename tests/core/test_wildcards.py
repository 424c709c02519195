"""Prompts that stand for many."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import UsageError
from studio.core.wildcards import (
    MOST,
    Lines,
    chosen,
    escaped,
    every,
    has_wildcards,
    no_files,
    only,
)


@contextmanager
def measured(seconds: float, megabytes: float) -> Iterator[None]:
    """It may take so much and no more (tracing makes it several times slower)."""
    tracemalloc.start()
    began = time.process_time()
    try:
        yield
        spent, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spent < seconds
    assert peak < megabytes * 2**20


def combinations(prompt: str, lines: Lines = no_files) -> tuple[str, ...]:
    return every((prompt,), lines)


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


def test_what_is_said_more_than_once_is_one_combination() -> None:
    """Chance counts each of them; combinations do not, so that none of the 128 is cut off."""
    found = combinations("{red|red|red|blue}" * 7)
    assert len(found) == 128 and "blue" * 7 in found
    with pytest.raises(UsageError, match="more than 10,000 combinations"):
        combinations(
            "{a|aa}" * 14
        )  # before those that read alike are joined: a cut is never silent


def explosive(line: str, files: int = 12) -> Lines:
    """Files of ten lines, each of which names the next."""
    last = f"list{files - 1}"
    return lambda name: tuple(
        str(n) if name == last else f"{n} {line.format(f'__list{int(name[4:]) + 1}__')}"
        for n in range(10)
    )


@pytest.mark.parametrize("line", ["{0}", "{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}"])
def test_lists_that_name_each_other_stop_at_the_limit(line: str) -> None:
    lists = explosive(line)
    with measured(seconds=1, megabytes=200), pytest.raises(UsageError, match="more than"):
        combinations("__list0__", lists)
    with measured(seconds=1, megabytes=200):
        if line == "{0}":
            assert len(chosen("__list0__", Random(1), lists)) == 23
        else:
            with pytest.raises(UsageError, match="without end"):
                chosen("__list0__", Random(1), lists)


def test_lists_whose_lines_are_one_text_are_read_once() -> None:
    asked: list[str] = []

    def same(name: str) -> tuple[str, ...]:
        asked.append(name)
        return ("end",) if name == "k" else (f"__{chr(ord(name) + 1)}__",) * 10

    assert combinations("__a__", same) == ("end",)
    assert asked == list("abcdefghijk")


def test_long_texts_stop_at_the_limit() -> None:
    long = "x" * 100_000
    with measured(seconds=1, megabytes=200), pytest.raises(UsageError, match="too long"):
        combinations("__a__" * 4, lambda _: tuple(f"{n}{long}" for n in range(10)))
    with measured(seconds=1, megabytes=200), pytest.raises(UsageError, match="without end"):
        chosen("__a__" * 5000, Random(1), lambda _: (long,))


def test_a_list_of_prompts_stops_at_the_limit() -> None:
    with measured(seconds=1, megabytes=200), pytest.raises(UsageError, match="10,000 prompts"):
        every(["{0|1|2|3|4|5|6|7|8|9}" * 4] * 2000)
    assert every(["{a|b}", "{a|c}"]) == ("a", "b", "a", "c")


def test_a_line_that_is_misspelt_is_said_where_it_is_drawn() -> None:
    with pytest.raises(UsageError, match=r"in the list “colours”, “\{red”: unmatched \{ at"):
        chosen("a __colours__ car", Random(1), lambda _: ("{red",))
    with pytest.raises(UsageError, match="in the list “colours”"):
        combinations("a __colours__ car", lambda _: ("red", "{red"))


def test_of_a_long_list_only_the_line_that_is_drawn_is_parsed() -> None:
    long = tuple(f"{{light|dark}} colour {n}" for n in range(100_000))
    with measured(seconds=0.1, megabytes=1):
        chosen("a __colours__ car", Random(1), lambda _: long)
