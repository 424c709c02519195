"""Prompts that stand for many: `{red|blue} car`, and `__colours__` for the lines of a file.

Braces nest and alternatives may be empty. A backslash before {, |, }, _ or itself keeps them plain.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice, product
from random import Random

from studio.core.errors import UsageError

MOST = 10_000  # prompts from one
DEEPEST = 20  # braces within braces, files that name files
FILE = re.compile(r"__([A-Za-z0-9][A-Za-z0-9 \-]*(?:_[A-Za-z0-9 \-]+)*)__")

PLAIN = ("{", "|", "}", "_", "\\")  # after a backslash

#: The lines of a file of that name. Raises DataError.
Lines = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True)
class _Choice:
    """One of several sequences."""

    options: tuple[_Sequence, ...]


@dataclass(frozen=True)
class _Sequence:
    """Texts and choices one after the other."""

    parts: tuple[str | _Choice, ...]


def no_files(name: str) -> tuple[str, ...]:
    raise UsageError(f"there is no list of words called {name!r}.")


def has_wildcards(prompt: str) -> bool:
    """Whether it stands for more than itself."""
    return any(letter in prompt for letter in "{}\\") or FILE.search(prompt) is not None


def escaped(prompt: str) -> str:
    """The prompt that stands for `prompt` and nothing else."""
    if not has_wildcards(prompt):
        return prompt
    return re.sub(r"[{|}_\\]", lambda found: "\\" + found[0], prompt)


def only(prompt: str) -> str | None:
    """The one prompt that it stands for; None if it leaves a choice or is misspelt."""
    try:
        parts = _parsed(prompt, no_files).parts
    except UsageError:
        return None
    return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else None


def combinations(prompt: str, lines: Lines = no_files) -> tuple[str, ...]:
    """Every prompt it stands for, the last choice changing fastest, each once.

    Raises UsageError: a brace without its other, or more than MOST prompts.
    """
    found = tuple(dict.fromkeys(islice(_all(_parsed(prompt, lines)), MOST + 1)))
    if len(found) > MOST:
        raise UsageError(f"this prompt stands for more than {MOST:,} prompts; use fewer choices.")
    return found


def chosen(prompt: str, random: Random, lines: Lines = no_files) -> str:
    """One of them, each choice by itself at random. Raises UsageError."""
    return _picked(_parsed(prompt, lines), random)


def _all(sequence: _Sequence) -> list[str] | islice[str]:
    ways: list[list[str]] = []
    total = 1
    for part in sequence.parts:
        if isinstance(part, str):
            ways.append([part])
        else:
            found = [text for option in part.options for text in _all(option)]
            ways.append(found[: MOST + 1])
        total *= len(ways[-1])
    return list(islice(("".join(each) for each in product(*ways)), MOST + 1))


def _picked(sequence: _Sequence, random: Random) -> str:
    return "".join(
        part if isinstance(part, str) else _picked(random.choice(part.options), random)
        for part in sequence.parts
    )


def _parsed(prompt: str, lines: Lines, depth: int = 0) -> _Sequence:
    if depth > DEEPEST:
        raise UsageError("lists of words name each other without end; mend their files.")
    parts, position = _sequence(prompt, 0, lines, depth)
    if position < len(prompt):
        raise UsageError(
            f"a }} at letter {position + 1} has no {{ before it; write \\}} to keep it."
        )
    return parts


def _sequence(
    text: str, at: int, lines: Lines, depth: int, nested: bool = False
) -> tuple[_Sequence, int]:
    """From `at` to the end of an alternative: the parts, and where they end."""
    parts: list[str | _Choice] = []
    plain = ""
    while at < len(text):
        letter, file = text[at], FILE.match(text, at)
        if letter == "}" or (letter == "|" and nested):
            break
        if letter == "\\" and text[at + 1 : at + 2] in PLAIN:
            plain, at = plain + text[at + 1], at + 2
        elif letter == "{":
            choice, at = _choice(text, at, lines, depth + 1)
            parts, plain = [*parts, plain, choice], ""
        elif file is not None:
            words = tuple(_parsed(line, lines, depth + 1) for line in lines(file[1]))
            parts, plain, at = [*parts, plain, _Choice(words)], "", file.end()
        else:
            plain, at = plain + letter, at + 1
    return _Sequence((*parts, plain)), at


def _choice(text: str, at: int, lines: Lines, depth: int) -> tuple[_Choice, int]:
    """`at` is at a {; what is chosen from, and where it ends."""
    if depth > DEEPEST:
        raise UsageError(f"braces lie more than {DEEPEST} deep in each other.")
    options, begin = [], at
    while True:
        option, at = _sequence(text, at + 1, lines, depth, nested=True)
        options.append(option)
        if at >= len(text):
            raise UsageError(
                f"the {{ at letter {begin + 1} has no }} after it; write \\{{ to keep it."
            )
        if text[at] == "}":
            return _Choice(tuple(options)), at + 1
