"""Prompts that stand for many: `{red|blue} car`, and `__colours__` for the lines of a file.

Braces nest and alternatives may be empty. A backslash before {, |, }, _ or itself keeps them plain.
Lists may name lists, so that few words can stand for more than fits into memory: what they come to
is counted on the way, and never made beyond the limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from math import prod
from random import Random

from studio.core.errors import UsageError

MOST = 10_000  # prompts from one
MOST_LETTERS = 2**24  # of them together, and of what they are made of
DEEPEST = 20  # braces within braces, files that name files
FILE = re.compile(r"__([A-Za-z0-9][A-Za-z0-9 \-]*(?:_[A-Za-z0-9 \-]+)*)__")
TOKEN = re.compile(rf"{FILE.pattern}|\\[{{|}}_\\]|[^{{|}}_\\]+|.", re.DOTALL)

_OWN = re.compile(r"[{}]|\\[{|}_\\]")

#: The lines of a file of that name. Raises DataError.
Lines = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True)
class _List:
    """One of the lines of the file of that name."""

    name: str


@dataclass(frozen=True)
class _Choice:
    """One of several sequences."""

    options: tuple[_Sequence, ...]


@dataclass(frozen=True)
class _Sequence:
    """Texts and choices one after the other."""

    parts: tuple[str | _Choice | _List, ...]


@dataclass
class _Open:
    """Braces that are being read, or the prompt around them."""

    begin: int
    options: list[_Sequence] = field(default_factory=list)
    parts: list[str | _Choice | _List] = field(default_factory=list)

    def end_option(self) -> _Sequence:
        self.options.append(_Sequence(tuple(self.parts)))
        self.parts = []
        return self.options[-1]


def no_files(name: str) -> tuple[str, ...]:
    raise UsageError(f"there is no word list called {name!r}.")


def has_wildcards(prompt: str) -> bool:
    """Whether it stands for more than itself."""
    return _OWN.search(prompt) is not None or has_lists(prompt)


def has_lists(prompt: str) -> bool:
    """Whether it may name a list of words."""
    return FILE.search(prompt) is not None


def escaped(prompt: str) -> str:
    """The prompt that stands for `prompt` and nothing else."""
    if not has_wildcards(prompt):
        return prompt
    return re.sub(r"[{|}_]|\\(?=[{|}_\\])", lambda found: "\\" + found[0], prompt)


def only(prompt: str) -> str | None:
    """The one prompt that it stands for; None if it leaves a choice or is misspelt."""
    try:
        parts = _parsed(prompt).parts
    except UsageError:
        return None
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if len(texts) == len(parts) else None


def every(prompts: Iterable[str], lines: Lines = no_files, most: int = MOST) -> tuple[str, ...]:
    """Every prompt that each stands for, the last choice changing fastest, each once.

    Raises UsageError: a brace without its other, more than MOST prompts of one, `most` of all.
    """
    found, all_of = list[str](), _All(lines)
    for prompt in prompts:
        found += all_of.distinct([_parsed(prompt)], 0)
        if len(found) > most:
            raise UsageError(f"this list expands to more than {most:,} prompts; make it shorter.")
    return tuple(found)


def chosen(prompt: str, random: Random, lines: Lines = no_files) -> str:
    """One of them, each choice by itself at random. Raises UsageError."""
    found, letters = list[str](), 0
    for text in _picked(_parsed(prompt), random, lines, 0):
        found.append(text)
        letters += len(text)
        if len(found) > MOST or letters > MOST_LETTERS:
            raise UsageError(
                "this prompt grows without end; its word lists refer to each other too often."
            )
    return "".join(found)


class _All:
    """Every text that sequences stand for. What a list stands for is found out once."""

    def __init__(self, lines: Lines) -> None:
        self._lines, self._left = lines, MOST_LETTERS
        self._lists: dict[str, tuple[str, ...]] = {}

    def distinct(self, options: Iterable[_Sequence], depth: int) -> tuple[str, ...]:
        """What any of the options stands for, each once. Raises UsageError."""
        _check_depth(depth)
        found: dict[str, None] = {}
        for option in options:
            ways = [self._part(part, depth + 1) for part in option.parts]
            total = prod(map(len, ways))
            self._left -= total + sum(total // len(way) * sum(map(len, way)) for way in ways)
            if total <= MOST and self._left >= 0:
                found |= dict.fromkeys(map("".join, product(*ways)))
            if total > MOST or len(found) > MOST:
                raise UsageError(
                    f"this prompt expands to more than {MOST:,} combinations; use fewer choices."
                )
            if self._left < 0:
                raise UsageError("this prompt's combinations are too long; use fewer choices.")
        return tuple(found)

    def _part(self, part: str | _Choice | _List, depth: int) -> tuple[str, ...]:
        if isinstance(part, str):
            return (part,)
        if isinstance(part, _Choice):
            return self.distinct(part.options, depth)
        if part.name not in self._lists:
            lines = dict.fromkeys(self._lines(part.name))
            options = (_line(part.name, line) for line in lines)
            self._lists[part.name] = self.distinct(options, depth)
        return self._lists[part.name]


def _picked(sequence: _Sequence, random: Random, lines: Lines, depth: int) -> Iterator[str]:
    _check_depth(depth)
    yield ""  # counts, even if nothing follows
    for part in sequence.parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, _Choice):
            yield from _picked(random.choice(part.options), random, lines, depth + 1)
        else:
            line = _line(part.name, random.choice(lines(part.name)))
            yield from _picked(line, random, lines, depth + 1)


def _check_depth(depth: int) -> None:
    if depth > DEEPEST:
        raise UsageError(
            f"word lists are nested more than {DEEPEST} deep; check whether they refer to each"
            " other."
        )


def _line(name: str, line: str) -> _Sequence:
    """One of a list. Raises UsageError."""
    try:
        return _parsed(line)
    except UsageError as error:
        raise UsageError(f"in the list “{name}”, “{line[:40]}”: {error}") from None


def _parsed(prompt: str) -> _Sequence:
    """Raises UsageError."""
    stack = [_Open(0)]
    for found in TOKEN.finditer(prompt):
        token, at = found[0], found.start() + 1
        if token == "{":
            if len(stack) > DEEPEST:
                raise UsageError(f"braces are nested more than {DEEPEST} deep.")
            stack.append(_Open(at))
        elif token == "}":
            if len(stack) == 1:
                raise UsageError(
                    f"unmatched }} at character {at}; write \\}} for the character itself."
                )
            stack[-1].end_option()
            options = tuple(stack.pop().options)
            stack[-1].parts.append(_Choice(options))
        elif token == "|" and len(stack) > 1:
            stack[-1].end_option()
        elif found[1]:
            stack[-1].parts.append(_List(found[1]))
        else:
            stack[-1].parts.append(token[1:] if token[0] == "\\" and len(token) > 1 else token)
    if len(stack) > 1:
        begin = stack[-1].begin
        raise UsageError(f"unmatched {{ at character {begin}; write \\{{ for the character itself.")
    return stack[0].end_option()
