"""Lists of values as people type them: "5, 10, 25", ranges "1-4"."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from studio.core.comparing import MAX_CELLS
from studio.core.errors import UsageError

_DASH = re.compile(r"\s*[-–—]\s*")
_RANGE = re.compile(r"(\d+)-(\d+)")


def whole_numbers(text: str) -> tuple[int, ...]:
    """ "5, 10, 1-3" as (5, 10, 1, 2, 3). Raises UsageError for anything else."""
    return _numbers(text, _whole, "a whole number; write them like 5, 10, 25 or 1-4")


def real_numbers(text: str) -> tuple[float, ...]:
    """ "1.5, 4, 6-8" as (1.5, 4.0, 6.0, 7.0, 8.0). Raises UsageError for anything else."""
    return _numbers(text, float, "a number; write them like 1, 2.5, 4")


def _numbers(text: str, kind: Callable[[str], Any], wanted: str) -> tuple[Any, ...]:
    numbers: list[Any] = []
    for part in filter(None, re.split(r"[,;\s]+", _DASH.sub("-", text.strip()))):
        if found := _RANGE.fullmatch(part):
            numbers += [kind(str(each)) for each in _between(part, int(found[1]), int(found[2]))]
            continue
        try:
            numbers.append(kind(part))
        except ValueError:
            raise UsageError(f"“{part}” is not {wanted}.") from None
    return tuple(numbers)


def _whole(text: str) -> int:
    """Digits only: int() also takes "1_0"."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError
    return int(text)


def lines(text: str) -> tuple[str, ...]:
    """The lines that hold something, without the blanks around them."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def spelled(numbers: tuple[float, ...]) -> str:
    """Numbers as they would be typed."""
    return ", ".join(f"{number:g}" if number < 1e6 else str(number) for number in numbers)


def _between(part: str, first: int, last: int) -> range:
    """Refused before a list is made of it: 1-1000000000 would fill the memory."""
    if first > last:
        raise UsageError(f"“{part}” counts backwards; write {last}-{first}.")
    if last - first >= MAX_CELLS:
        raise UsageError(
            f"“{part}” would make {last - first + 1:,} pictures;"
            f" a comparison has at most {MAX_CELLS}."
        )
    return range(first, last + 1)
