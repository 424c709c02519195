"""Blind tests of pictures: what is shown in which place, what the answers amount to, and their CSV.

ABX: X is A or B, an original and its reconstruction or two reconstructions; say which. Preference:
which of two is nearer to the original. Every place and every X is a fair coin's, so that guessing
is right half the time whatever the guesser's habits, and the exact binomial test holds.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from studio.core.files import save_table

ABX, PREFERENCE = "abx", "preference"
ORIGINAL = "original"
FIRST, SECOND, NEITHER = "first", "second", "neither"
NORMAL_95 = 1.959963984540054  # the standard normal's 97.5 % quantile


@dataclass(frozen=True)
class Trial:
    """One question. `first` and `second` name what is shown on the left (A) and the right (B); in
    ABX `x` names what X is, in a preference test it is the original."""

    kind: str
    picture: int
    first: str
    second: str
    x: str

    @property
    def pair(self) -> tuple[str, str]:
        """The two names, whatever their places."""
        return (self.first, self.second) if self.first < self.second else (self.second, self.first)


@dataclass(frozen=True)
class Answer:
    """`choice` is FIRST, SECOND or, in a preference test, NEITHER; `seconds` is its time."""

    trial: Trial
    choice: str
    seconds: float
    crop: str = ""  # what part of the picture was looked at

    @property
    def chosen(self) -> str:
        """The name that was chosen, or nothing."""
        return {FIRST: self.trial.first, SECOND: self.trial.second}.get(self.choice, "")


@dataclass(frozen=True)
class Tally:
    """What the answers on one pair amount to.

    ABX: `hits` right answers of `count`. Preference: `hits` times `winner` was preferred, of
    `count`, `ties` aside. `low` and `high` bound the share of hits (95 %, Wilson 1927).
    `p`: the probability that guessing does at least as well (ABX), or that a coin falls at least as
    unevenly (preference); 1 without answers.
    """

    kind: str
    pair: tuple[str, str]
    hits: int
    count: int
    ties: int
    winner: str
    p: float
    low: float
    high: float

    @property
    def sentence(self) -> str:
        """For people: what it means, and what chance alone would do."""
        one, other = self.pair
        if not self.count:
            return f"{one} and {other}: no preference in {self.ties} of {self.ties}."
        if self.kind == ABX:
            told = f"{one} and {other}: told apart in {self.hits} of {self.count}"
            return f"{told}; guessing does as well {_how_often(self.p)}."
        loser = other if self.winner == one else one
        if 2 * self.hits == self.count:
            told = f"{one} and {other}: each preferred {self.hits} times"
        else:
            told = f"{self.winner} preferred to {loser} in {self.hits} of {self.count}"
        ties = f", {self.ties} undecided" if self.ties else ""
        return f"{told}{ties}; a coin falls so unevenly {_how_often(self.p)}."


def pairs_of(kind: str, autoencoders: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What is held against what: ABX each autoencoder against the original, preference each two."""
    if kind == ABX:
        return tuple((ORIGINAL, name) for name in autoencoders)
    return tuple(combinations(autoencoders, 2))


def design(
    kind: str, autoencoders: Sequence[str], pictures: Sequence[int], count: int, seed: int
) -> tuple[Trial, ...]:
    """`count` trials: every picture with every pair once before any comes again, at random."""
    dice = random.Random(seed)
    combined = [(number, pair) for number in pictures for pair in pairs_of(kind, autoencoders)]
    trials: list[Trial] = []
    while combined and len(trials) < count:
        dice.shuffle(combined)
        turns = {pair: itertools.count() for _, pair in combined}
        combined.sort(key=lambda each: next(turns[each[1]]))  # pairs come equally often
        for number, pair in combined[: count - len(trials)]:
            first, second = dice.sample(pair, 2)
            x = dice.choice(pair) if kind == ABX else ORIGINAL
            trials.append(Trial(kind, number, first, second, x))
    return tuple(trials)


def design_rivals(
    autoencoders: Sequence[str], pictures: Sequence[int], count: int, seed: int
) -> tuple[Trial, ...]:
    """`count` trials of ABX in which A and B are two reconstructions, pairs and pictures in turns
    as in `design`; what X is, is a coin's that knows nothing of the places."""
    dice = random.Random(seed)
    trials = design(PREFERENCE, autoencoders, pictures, count, dice.getrandbits(63))
    return tuple(replace(each, kind=ABX, x=dice.choice(each.pair)) for each in trials)


def tallies(answers: Sequence[Answer]) -> tuple[Tally, ...]:
    """One for each pair, in the order they first came."""
    groups: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        groups.setdefault(answer.trial.pair, []).append(answer)
    return tuple(_tally(group) for group in groups.values())


def _tally(answers: Sequence[Answer]) -> Tally:
    kind, pair = answers[0].trial.kind, answers[0].trial.pair
    if kind == ABX:
        hits, count = sum(each.chosen == each.trial.x for each in answers), len(answers)
        return Tally(kind, pair, hits, count, 0, "", at_least(hits, count), *wilson(hits, count))
    wins = {name: sum(each.chosen == name for each in answers) for name in pair}
    winner = max(pair, key=lambda name: wins[name])
    hits, count = wins[winner], sum(wins.values())
    p = min(1.0, 2 * at_least(hits, count))
    return Tally(kind, pair, hits, count, len(answers) - count, winner, p, *wilson(hits, count))


def at_least(hits: int, count: int) -> float:
    """P(K >= hits) for K ~ Binomial(count, 1/2), exactly."""
    return sum(math.comb(count, k) for k in range(hits, count + 1)) / 2**count


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Score interval of a share at 95 % (Wilson 1927); (0, 1) for none."""
    if not count:
        return 0.0, 1.0
    z2, share = NORMAL_95**2, hits / count
    centre = share + z2 / (2 * count)
    half = NORMAL_95 * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    low, high = (centre - half) / (1 + z2 / count), (centre + half) / (1 + z2 / count)
    return max(0.0, low), min(1.0, high)


def _how_often(p: float) -> str:
    """A probability as people say it."""
    return f"in {p:.0%} of tests" if p > 0.1 else f"once in {1 / p:,.0f} tests"


def crop(zoom: float | None, x: float, y: float) -> str:
    """What part of a picture was looked at, in words: screen pixels a picture's pixel (None: the
    whole picture, fitted) and the middle of the view in parts of its width and height."""
    return "fitted" if zoom is None else f"{zoom:.2f}x at {x:.3f} {y:.3f}"


def write_answers(path: Path, answers: Sequence[Answer], pictures: Sequence[str]) -> None:
    """A line a trial as CSV; `pictures` are the names by number. Raises OutputError."""
    heads = ("test", "picture", "left", "right", "x", "choice", "chosen", "right_answer", "seconds")
    lines: list[tuple[str, ...]] = [(*heads, "crop")]
    for answer in answers:
        trial = answer.trial
        x, right = (trial.x, str(answer.chosen == trial.x)) if trial.kind == ABX else ("", "")
        place = (trial.kind, pictures[trial.picture], trial.first, trial.second, x)
        how = (f"{answer.seconds:.2f}", answer.crop)
        lines.append((*place, answer.choice, answer.chosen, right, *how))
    save_table(path, lines)


def write_tallies(path: Path, found: Sequence[Tally]) -> None:
    """A line a pair as CSV. Raises OutputError."""
    lines = [("test", "one", "other", "hits", "of", "ties", "preferred", "p", "low", "high")]
    for each in found:
        figures = (f"{each.p:.6g}", f"{each.low:.4f}", f"{each.high:.4f}")
        counts = (str(each.hits), str(each.count), str(each.ties))
        lines.append((each.kind, *each.pair, *counts, each.winner, *figures))
    save_table(path, lines)
