"""Weights of words as they are typed: `(word:1.3)`, made heavier or lighter by a key."""

from __future__ import annotations

import re

from studio.core.prompts import WEIGHTS

STEP = 0.1
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_WEIGHED = re.compile(r"\(([^()\[\]]*):([0-9]*\.?[0-9]+)\)")


def weighed(text: str, start: int, end: int, by: float) -> tuple[str, int, int]:
    """`text` with the weight of characters `start` to `end` changed by `by`, and where these are
    now. Without any, those of the brackets or else the word at `start`. A weight of 1 needs no
    brackets; what cannot be weighed stays as it is.
    """
    for pair in _WEIGHED.finditer(text):
        inside = pair.start() <= start and end <= pair.end()
        if inside and (start == end or text[start:end] in (pair[0], pair[1])):
            return _replaced(text, pair.span(), pair[1], float(pair[2]) + by)
    if start == end:
        words = (word.span() for word in _WORD.finditer(text))
        start, end = next((span for span in words if span[0] <= start <= span[1]), (start, end))
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return (
        _replaced(text, (start, end), text[start:end], 1 + by)
        if start < end
        else (text, start, end)
    )


def _replaced(text: str, span: tuple[int, int], words: str, weight: float) -> tuple[str, int, int]:
    start, end = span
    weight = round(min(max(weight, STEP), WEIGHTS[1]), 2)
    plain = weight == 1
    into = words if plain else f"({words}:{weight:g})"
    begin = start + (not plain)
    return text[:start] + into + text[end:], begin, begin + len(words)
