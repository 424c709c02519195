"""What the brackets of a prompt mean, as people type them for A1111 and ComfyUI.

`(word:1.3)` weighs words, `(word)` by 1.1, `[word]` by 1 / 1.1; nested weights multiply. Switches
are `[a:b:0.4]`, `[b:0.4]` (nothing before) and `[a::0.4]` (nothing after): at a share of the steps,
or after so many if the number has no point. `AND` outside brackets joins prompts, each with an
optional weight behind it: `a cat AND a red car :1.2`. A backslash before ( ) [ ] : \\ or AND keeps
it plain. So is a bracket without its other: smileys stay smileys, and nothing beyond it changes
(A1111 would weigh all the rest); where it was opened, `unmatched` says so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from studio.core.errors import UsageError

UP = 1.1  # a pair of brackets without a number
WEIGHTS = (0.05, 5.0)  # beyond which none counts more
JOINED = (-10.0, 10.0)  # the weights of AND's prompts; below 0: away from them
SEVERAL = 1000  # steps by which every state of a prompt shows

_TOKEN = re.compile(
    r"\\(?:[()\[\]:\\]|AND\b)|[()\[\]:]|\bAND\b|(?:(?!\bAND\b)[^()\[\]:\\])+|.", re.DOTALL
)
_SYNTAX = re.compile(r"[()\[\]\\]|\bAND\b")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*")


@dataclass(frozen=True)
class Turn:
    """When a switch switches: at a share of the steps, or after so many."""

    at: float
    counted: bool

    def step(self, steps: int) -> int:
        """How many of so many steps lie before it."""
        return int(min(self.at if self.counted else self.at * steps + 1e-9, steps))


@dataclass(frozen=True)
class Piece:
    """Characters `start` to `end` of what was typed, their weight, and when they are there: after
    (True) or before (False) each of these turns."""

    start: int
    end: int
    text: str
    weight: float = 1.0
    only: tuple[tuple[Turn, bool], ...] = ()

    def there(self, step: int, steps: int) -> bool:
        return all((step >= turn.step(steps)) == after for turn, after in self.only)


@dataclass(frozen=True)
class Phrase:
    """Words that are read together: `text` without syntax; for each of its characters the weight,
    and the place in what was typed."""

    text: str
    weights: tuple[float, ...]
    places: tuple[int, ...]

    @property
    def weighed(self) -> bool:
        return any(weight != 1.0 for weight in self.weights)

    def weight(self, start: int, end: int) -> float:
        """The mean of these characters' weights."""
        some = self.weights[start:end]
        return sum(some) / len(some) if some and set(some) != {1.0} else 1.0

    def lowered(self) -> Phrase:
        """In lower-case letters, of which one typed may be several."""
        letters = [
            (low, *of)
            for letter, *of in zip(self.text, self.weights, self.places, strict=True)
            for low in letter.lower()
        ]
        text, weights, places = zip(*letters, strict=True) if letters else ("", (), ())
        return Phrase("".join(text), weights, places)

    def typed(self) -> str:
        """The prompt that means it."""
        parts, at = list[str](), 0
        for weight, run in groupby(self.weights):
            words = escaped(self.text[at : (at := at + len(list(run)))])
            parts.append(words if weight == 1.0 else f"({words}:{weight!r})")
        return "".join(parts)


@dataclass(frozen=True)
class Part:
    """One of the prompts that AND joins, and its weight."""

    pieces: tuple[Piece, ...]
    weight: float = 1.0

    def at(self, step: int = 0, steps: int = 1) -> Phrase:
        """What is drawn of it at a step, counted from 0."""
        there = [piece for piece in self.pieces if piece.there(step, steps)]
        text = "".join(piece.text for piece in there)
        weights = tuple(piece.weight for piece in there for _ in piece.text)
        places = tuple(at for piece in there for at in range(piece.start, piece.end))
        return Phrase(text, weights, places)


@dataclass(frozen=True)
class Reading:
    """A prompt as it is understood; `unmatched` are the places of brackets that nothing closes."""

    parts: tuple[Part, ...]
    unmatched: tuple[int, ...] = ()

    def turns(self, steps: int) -> tuple[int, ...]:
        """The steps, 0 first, from which on another text is drawn."""
        only = (turn for part in self.parts for piece in part.pieces for turn, _ in piece.only)
        return tuple(sorted({0, *(t for turn in only if (t := turn.step(steps)) < steps)}))

    def phrases(self) -> Iterator[Phrase]:
        """All that is ever read of it."""
        return (part.at(step, SEVERAL) for part in self.parts for step in self.turns(SEVERAL))


def plain(text: str) -> Phrase:
    """A text without syntax."""
    return Phrase(text, (1.0,) * len(text), tuple(range(len(text))))


def escaped(text: str) -> str:
    """The prompt that means `text` and nothing else."""
    return _SYNTAX.sub(r"\\\g<0>", text)


def read(prompt: str, joins: bool = True) -> Reading:
    """Never raises. Without `joins`, as in a negative prompt, AND is a word like any other."""
    return _Reader(prompt, joins).reading()


def one_phrase(prompt: str) -> Phrase:
    """A prompt of words and weights. Raises UsageError if it switches or joins."""
    reading = read(prompt)
    if len(reading.parts) > 1 or len(reading.turns(SEVERAL)) > 1:
        raise UsageError(
            "a prompt that switches or is joined with AND cannot be used here; weights can."
        )
    return reading.parts[0].at()


@dataclass
class _Bracket:
    """One that is open at token `at`, and the colons directly within it."""

    at: int
    kind: str
    colons: list[int]


@dataclass(frozen=True)
class _Pair:
    """A bracket and its other: a factor on what is inside, or a switch whose second text begins
    after the colon `middle` (its own bracket, if it has no first). Tokens from `end` on are its
    number and no text."""

    end: int
    factor: float = 1.0
    turn: Turn | None = None
    middle: int = -1


class _Reader:
    """Two walks over the tokens, so that the time is linear and no depth too deep: the first finds
    each bracket's other, the second gathers the pieces."""

    def __init__(self, prompt: str, joins: bool) -> None:
        found = list(_TOKEN.finditer(prompt))
        self._tokens = [token[0] for token in found]
        self._places = [token.start() for token in found]
        self._starts, self._joins = set(self._places), joins
        self._pairs: dict[int, _Pair] = {}  # by their first token
        self._closers: set[int] = set()
        self._open = list[_Bracket]()

    def reading(self) -> Reading:
        self._match()
        unmatched = tuple(self._places[bracket.at] for bracket in self._open)
        raw = list(self._gathered())
        return Reading(tuple(self._part(part, len(raw) > 1) for part in raw), unmatched)

    def _match(self) -> None:
        counts, dropped = {"(": 0, "[": 0}, list[_Bracket]()
        for i, token in enumerate(self._tokens):
            if token in counts:
                counts[token] += 1
                self._open.append(_Bracket(i, token, []))
            elif token == ":" and self._open:
                self._open[-1].colons.append(i)
            elif token in (")", "]") and counts[kind := "(" if token == ")" else "["]:
                while (bracket := self._open.pop()).kind != kind:
                    counts[bracket.kind] -= 1
                    dropped.append(bracket)
                    self._open[-1].colons += bracket.colons
                counts[kind] -= 1
                self._pairs[bracket.at] = self._pair(bracket, i)
                self._closers.add(i)
        self._open = sorted([*self._open, *dropped], key=lambda bracket: bracket.at)

    def _pair(self, bracket: _Bracket, close: int) -> _Pair:
        colons, number = bracket.colons, self._number(close)
        if bracket.kind == "(":
            return _Pair(close, UP) if number is None else _Pair(close - 2, number)
        if number is None or number < 0 or not colons:
            return _Pair(close, 1 / UP)
        turn = Turn(number, "." not in self._tokens[close - 1])
        return _Pair(close - 2, 1.0, turn, colons[-2] if len(colons) > 1 else bracket.at)

    def _number(self, end: int) -> float | None:
        """Of a colon and a number right before token `end`."""
        if end < 2 or self._tokens[end - 2] != ":":
            return None
        text = self._tokens[end - 1]
        return min(float(text), 1e9) if _NUMBER.fullmatch(text) else None

    def _gathered(self) -> Iterator[list[Piece]]:
        """The pieces of each part, a piece a token."""
        inside, part = list[_Pair](), list[Piece]()
        factors, onlys = [1.0], [()]  # type: list[float], list[tuple[tuple[Turn, bool], ...]]
        for i, token in enumerate(self._tokens):
            if i in self._pairs:
                pair = self._pairs[i]
                inside.append(pair)
                factors.append(factors[-1] * pair.factor)
                onlys.append(
                    (*onlys[-1], (pair.turn, pair.middle == i)) if pair.turn else onlys[-1]
                )
            elif i in self._closers:
                inside.pop(), factors.pop(), onlys.pop()
            elif inside and i >= inside[-1].end:
                continue
            elif inside and inside[-1].turn and i == inside[-1].middle:
                onlys[-1] = (*onlys[-2], (inside[-1].turn, True))
            elif token == "AND" and not inside and self._joins:
                yield part
                part = []
            else:
                mark = len(token) > 1 and token[0] == "\\"
                at = self._places[i] + mark
                weight = _within(factors[-1], WEIGHTS)
                part.append(Piece(at, at + len(token) - mark, token[mark:], weight, onlys[-1]))
        yield part

    def _part(self, pieces: list[Piece], joined: bool) -> Part:
        weight = 1.0
        if joined and len(pieces) > 1 and _NUMBER.fullmatch(pieces[-1].text):
            colon, number = pieces[-2:]
            if colon.text == ":" and colon.start in self._starts:  # not escaped
                weight = _within(float(number.text), JOINED)
                pieces = pieces[:-2]
        return Part(tuple(_merged(pieces)), weight)


def _merged(pieces: list[Piece]) -> Iterator[Piece]:
    """Neighbours of one kind as one."""
    last: Piece | None = None
    for piece in pieces:
        alike = last and (last.end, last.weight, last.only) == (
            piece.start,
            piece.weight,
            piece.only,
        )
        if last and alike:
            last = Piece(last.start, piece.end, last.text + piece.text, last.weight, last.only)
            continue
        if last:
            yield last
        last = piece
    if last:
        yield last


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1]) if math.isfinite(value) else limits[1]
