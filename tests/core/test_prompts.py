"""What the brackets of a prompt mean."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core import prompts
from studio.core.errors import UsageError
from studio.core.prompts import (
    JOINED,
    WEIGHTS,
    Reading,
    Turn,
    escaped,
    one_phrase,
    read,
)

anything = st.text(
    st.one_of(st.sampled_from("()[]:\\ .0123456789aAND"), st.characters()), max_size=60
)


def weights(prompt: str) -> list[tuple[str, float]]:
    (part,) = read(prompt).parts
    return [(piece.text, round(piece.weight, 3)) for piece in part.pieces]


def drawn(prompt: str, steps: int = 10) -> dict[int, str]:
    """The text from each step on."""
    reading = read(prompt)
    return {turn: reading.parts[0].at(turn, steps).text for turn in reading.turns(steps)}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat", [("a cat", 1.0)]),
        ("a (red:1.3) cat", [("a ", 1.0), ("red", 1.3), (" cat", 1.0)]),
        ("(red) cat", [("red", 1.1), (" cat", 1.0)]),
        ("((red))", [("red", 1.21)]),
        ("[red]", [("red", 0.909)]),
        ("((a:2) b:1.5)", [("a", 3.0), (" b", 1.5)]),
        ("(red: 1.3 )", [("red", 1.3)]),
        ("(a:b)", [("a:b", 1.1)]),
        (r"\(red\) \[a\] \\", [("(red", 1.0), (") ", 1.0), ("[a", 1.0), ("] ", 1.0), ("\\", 1.0)]),
        ("(red:0)", [("red", WEIGHTS[0])]),
        ("(red:1e9)", [("red:1e9", 1.1)]),
        ("(red:99999)", [("red", WEIGHTS[1])]),
        ("12:30 and a:b", [("12:30 and a:b", 1.0)]),
        ("", []),
    ],
)
def test_weights_are_read_as_people_type_them(
    prompt: str, expected: list[tuple[str, float]]
) -> None:
    assert weights(prompt) == expected
    assert read(prompt).unmatched == ()


@pytest.mark.parametrize(
    ("prompt", "at"), [("a (red", (2,)), (":) a", ()), ("a [b (c]", (5,)), ("a ) b ]", ())]
)
def test_a_bracket_without_its_other_is_text(prompt: str, at: tuple[int, ...]) -> None:
    reading = read(prompt)
    plain = "a b (c" if prompt == "a [b (c]" else prompt
    assert reading.parts[0].at().text == plain
    assert reading.unmatched == at


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a [cat:dog:0.4]", {0: "a cat", 4: "a dog"}),
        ("a [dog:0.25]", {0: "a ", 2: "a dog"}),
        ("a [cat::0.4]", {0: "a cat", 4: "a "}),
        ("[cat:dog:7]", {0: "cat", 7: "dog"}),
        ("[cat:dog:1]", {0: "cat", 1: "dog"}),
        ("[cat:dog:1.0]", {0: "cat"}),
        ("[cat:dog:12]", {0: "cat"}),
        ("[cat:dog:0]", {0: "dog"}),
        ("[[a:b:0.2]:c:0.6]", {0: "a", 2: "b", 6: "c"}),
        (r"[12\:30:noon:0.5]", {0: "12:30", 5: "noon"}),
    ],
)
def test_switches_happen_at_their_step(prompt: str, expected: dict[int, str]) -> None:
    assert drawn(prompt) == expected


def test_a_switch_may_be_weighed() -> None:
    part = read("([cat:dog:0.5]:1.5) x").parts[0]
    for step, word in ((0, "cat"), (5, "dog")):
        phrase = part.at(step, 10)
        assert (phrase.text, phrase.weight(0, 3), phrase.weight(3, 5)) == (f"{word} x", 1.5, 1.0)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat AND a red car :1.2", [("a cat ", 1.0), (" a red car ", 1.2)]),
        ("a AND b:-0.5 AND c", [("a ", 1.0), (" b", -0.5), (" c", 1.0)]),
        ("a AND b:99", [("a ", 1.0), (" b", JOINED[1])]),
        ("(a AND b)", [("a AND b", 1.0)]),
        (r"a \AND b", [("a AND b", 1.0)]),
        ("SAND and ANDY", [("SAND and ANDY", 1.0)]),
        (r"a AND b\:2", [("a ", 1.0), (" b:2", 1.0)]),
    ],
)
def test_and_joins_prompts(prompt: str, expected: list[tuple[str, float]]) -> None:
    assert [(part.at().text, part.weight) for part in read(prompt).parts] == expected
    assert len(read(prompt, joins=False).parts) == 1


def test_one_phrase_refuses_what_is_more() -> None:
    assert one_phrase("a (cat:1.2)").typed() == "a (cat:1.2)"
    for prompt in ("a AND b", "[a:b:0.5]"):
        with pytest.raises(UsageError, match="cannot be used here; weights can"):
            one_phrase(prompt)


@given(anything)
def test_reading_never_fails_and_knows_where_everything_was_typed(prompt: str) -> None:
    reading = read(prompt)
    assert reading.turns(20)[0] == 0
    for part in reading.parts:
        assert JOINED[0] <= part.weight <= JOINED[1]
        for piece in part.pieces:
            assert prompt[piece.start : piece.end] == piece.text
            assert WEIGHTS[0] <= piece.weight <= WEIGHTS[1]
    for at in reading.unmatched:
        assert prompt[at] in "(["


@given(anything, st.integers(0, 9))
def test_what_is_typed_for_a_phrase_means_that_phrase(prompt: str, step: int) -> None:
    for part in read(prompt).parts:
        phrase = part.at(step, 10)
        again = one_phrase(phrase.typed())
        assert (again.text, again.weights) == (phrase.text, phrase.weights)


@given(anything)
def test_escaped_text_means_itself(text: str) -> None:
    phrase = one_phrase(escaped(text))
    assert (phrase.text, phrase.weighed) == (text, False)
    if not prompts._SYNTAX.search(text):
        assert escaped(text) == text
        assert read(text) == Reading(read(text).parts)


@pytest.mark.parametrize(
    "prompt",
    ["word " * 10_000, "(" * 9000, "(a" * 9000 + ")" * 9000, "[a:b:" * 3000 + "0.4]" * 3000],
    ids=["words", "open", "nested", "switches"],
)
def test_no_prompt_takes_long(prompt: str) -> None:
    began = time.process_time()
    read(prompt)
    assert time.process_time() - began < 2.0


def test_a_share_and_a_number_of_steps() -> None:
    assert Turn(0.29, False).step(100) == 29
    assert Turn(7.0, True).step(5) == 5


def test_a_letter_that_is_two_in_lower_case_stays_where_it_was_typed() -> None:
    low = one_phrase("A (\u0130:1.5)B").lowered()
    assert low.text == "a i\u0307b" and low.places == (0, 1, 3, 3, 9)
    assert low.weights == (1, 1, 1.5, 1.5, 1) and prompts.plain("").lowered().text == ""
