"""Blind tests: fair coins, exact probabilities, nothing lost in the CSV."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from studio.core.errors import OutputError
from studio.gallery.blind import (
    ABX,
    FIRST,
    NEITHER,
    ORIGINAL,
    PREFERENCE,
    SECOND,
    Answer,
    Trial,
    at_least,
    crop,
    design,
    design_rivals,
    pairs_of,
    tallies,
    wilson,
    write_answers,
    write_tallies,
)

NAMES = st.lists(st.text(min_size=1, max_size=9), min_size=2, max_size=5, unique=True).filter(
    lambda names: ORIGINAL not in names
)
LETTERS = ("a", "b", "c", "d")


@given(st.integers(0, 60), st.integers(0, 60))
def test_chances_are_the_binomials(hits: int, more: int) -> None:
    count = hits + more
    assert at_least(hits, count) == pytest.approx(binom.sf(hits - 1, count, 0.5), rel=1e-9)
    if count:
        interval = binomtest(hits, count).proportion_ci(0.95, "wilson")
        assert wilson(hits, count) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_no_answers_say_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0) and at_least(0, 0) == 1.0 and tallies(()) == ()


@given(st.sampled_from((ABX, PREFERENCE)), NAMES, st.integers(1, 4), st.integers(0, 90))
def test_everything_comes_before_anything_comes_again(
    kind: str, names: list[str], pictures: int, count: int
) -> None:
    trials = design(kind, names, range(pictures), count, 7)
    assert len(trials) == count and trials == design(kind, names, range(pictures), count, 7)
    seen = Counter((each.picture, frozenset(each.pair)) for each in trials)
    combined = pictures * len(pairs_of(kind, names))
    assert len(seen) == min(count, combined)
    assert not seen or max(seen.values()) - min(seen.values()) <= (len(seen) == combined)
    for trial in trials:
        assert trial.x in (trial.pair if kind == ABX else (ORIGINAL,))


def test_the_coins_are_fair_and_know_nothing_of_each_other() -> None:
    trials = design(ABX, ["a"], [0], 4000, 1)
    places = Counter((each.first == ORIGINAL, each.x == each.first) for each in trials)
    assert all(abs(places[x, y] - 1000) < 4.5 * math.sqrt(750) for x in (0, 1) for y in (0, 1))


def test_without_pictures_or_pairs_there_is_no_test() -> None:
    assert design(PREFERENCE, ["a"], [0], 9, 0) == design(ABX, ["a"], [], 9, 0) == ()


def abx(right: bool) -> Answer:
    trial = Trial(ABX, 0, "vae", ORIGINAL, ORIGINAL)
    return Answer(trial, SECOND if right else FIRST, 1.25)


def test_told_apart() -> None:
    (found,) = tallies([abx(True)] * 14 + [abx(False)] * 2)
    assert (found.hits, found.count, found.pair) == (14, 16, (ORIGINAL, "vae"))
    assert found.p == pytest.approx(137 / 65536)
    assert "14 of 16" in found.sentence and "once in 478 tests" in found.sentence
    (found,) = tallies([abx(True)] * 9 + [abx(False)] * 7)
    assert "in 40% of tests" in found.sentence


def test_preferred() -> None:
    one = Trial(PREFERENCE, 0, "a", "b", ORIGINAL)
    other = Trial(PREFERENCE, 1, "b", "a", ORIGINAL)
    answers = [Answer(one, SECOND, 1.0)] * 5 + [Answer(other, FIRST, 1.0)] * 3
    answers += [Answer(one, FIRST, 1.0), Answer(other, NEITHER, 1.0)]
    (found,) = tallies(answers)
    assert (found.winner, found.hits, found.count, found.ties) == ("b", 8, 9, 1)
    assert found.p == pytest.approx(binomtest(8, 9).pvalue)
    assert found.sentence.startswith("b preferred to a in 8 of 9, 1 undecided; ")
    (even,) = tallies([Answer(one, FIRST, 1.0), Answer(one, SECOND, 1.0)])
    assert even.p == 1.0 and "each preferred 1 times" in even.sentence
    (none,) = tallies([Answer(one, NEITHER, 1.0)] * 4)
    assert none.p == 1.0 and "no preference in 4 of 4" in none.sentence


@given(names=NAMES, choices=st.lists(st.sampled_from((FIRST, SECOND)), max_size=20))
def test_the_csv_says_all(
    names: list[str], choices: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("blind")
    trials = design(ABX, names, [0, 1], len(choices), 3)
    answers = [Answer(t, c, 0.5) for t, c in zip(trials, choices, strict=True)]
    write_answers(folder / "answers.csv", answers, ("one, two", 'a "photo"'))
    write_tallies(folder / "pairs.csv", tallies(answers))
    with (folder / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["left"], r["right"], r["x"]) for r in rows] == [
        (t.first, t.second, t.x) for t in trials
    ]
    assert [r["right_answer"] == "True" for r in rows] == [a.chosen == a.trial.x for a in answers]
    with (folder / "pairs.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert sum(int(row["of"]) for row in found) == len(answers)


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_answers(tmp_path / "file" / "answers.csv", [abx(True)], ("a",))


@given(
    st.sampled_from((ABX, PREFERENCE)),
    st.integers(2, 4),
    st.integers(1, 5),
    st.integers(0, 80),
    st.integers(0, 2**63),
)
def test_wherever_it_ends_all_pairs_came_equally_often(
    kind: str, names: int, pictures: int, ends: int, seed: int
) -> None:
    trials = design(kind, LETTERS[:names], range(pictures), 80, seed)[:ends]
    came = Counter(each.pair for each in trials)
    counts = [came[tuple(sorted(pair))] for pair in pairs_of(kind, LETTERS[:names])]
    assert max(counts) - min(counts) <= 1


@given(st.integers(2, 4), st.integers(1, 4), st.integers(0, 60), st.integers(0, 2**63))
def test_rivals_are_autoencoders_and_x_one_of_them(
    names: int, pictures: int, count: int, seed: int
) -> None:
    trials = design_rivals(LETTERS[:names], range(pictures), count, seed)
    assert trials == design_rivals(LETTERS[:names], range(pictures), count, seed)
    assert len(trials) == count
    for each in trials:
        assert each.kind == ABX and each.x in each.pair
        assert set(each.pair) <= set(LETTERS[:names]) and each.first != each.second
    came = Counter(each.pair for each in trials)
    assert not came or max(came.values()) - min(came.values()) <= 1


def test_where_x_is_says_nothing_of_what_it_is() -> None:
    """Four cells of one pair: which is left, and whether X is the left one, are two fair coins."""
    trials = design_rivals(("a", "b"), [0], 4000, 5)
    cells = Counter((each.first, each.x == each.first) for each in trials)
    spread = 4.5 * math.sqrt(4000 * 0.25 * 0.75)
    assert all(abs(cells[name, x] - 1000) < spread for name in "ab" for x in (False, True))


def test_what_was_looked_at_is_written(tmp_path: Path) -> None:
    (trial,) = design(PREFERENCE, ("a", "b"), [0], 1, 0)
    answers = [Answer(trial, FIRST, 1.0, crop(None, 0.5, 0.5))]
    answers += [Answer(trial, NEITHER, 2.5, crop(2.0, 0.25, 1 / 3))]
    write_answers(tmp_path / "answers.csv", answers, ("photo",))
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["crop"] for row in rows] == ["fitted", "2.00x at 0.250 0.333"]
    assert [row["seconds"] for row in rows] == ["1.00", "2.50"]
