"""The order of blind tests: pairs come equally often, coins stay fair, what was seen is kept."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from studio.gallery.blind import (
    ABX,
    FIRST,
    NEITHER,
    PREFERENCE,
    Answer,
    design,
    pairs_of,
    write_answers,
)
from studio.gallery.blind_test import crop, design_rivals

NAMES = ("a", "b", "c", "d")


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
    trials = design(kind, NAMES[:names], range(pictures), 80, seed)[:ends]
    came = Counter(each.pair for each in trials)
    counts = [came[tuple(sorted(pair))] for pair in pairs_of(kind, NAMES[:names])]
    assert max(counts) - min(counts) <= 1


@given(st.integers(2, 4), st.integers(1, 4), st.integers(0, 60), st.integers(0, 2**63))
def test_rivals_are_autoencoders_and_x_one_of_them(
    names: int, pictures: int, count: int, seed: int
) -> None:
    trials = design_rivals(NAMES[:names], range(pictures), count, seed)
    assert trials == design_rivals(NAMES[:names], range(pictures), count, seed)
    assert len(trials) == count
    for each in trials:
        assert each.kind == ABX and each.x in each.pair
        assert set(each.pair) <= set(NAMES[:names]) and each.first != each.second
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
