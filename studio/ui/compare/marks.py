"""Colours and marks of curves: a hue for each family, a mark and a lightness for each sampler.

The colours stand for data, not for the theme: they can be told apart on light and dark grounds.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QColor

_HUES = {"ddpm": (28, 205), "sde": (158, 165), "flow": (238, 150)}  # hue, saturation
_SYMBOLS = ("o", "s", "t", "d", "p", "h", "star", "+", "t1", "x")
_LIGHT, _STEP, _LEAST, _TURN = 148, 20, 84, 11


def colour(family: str, number: int) -> QColor:
    """The `number`-th of a family; later ones are darker and lighter by turns, and shifted."""
    hue, saturation = _HUES.get(family, (0, 0))
    turn = (number + 1) // 2 * (1 if number % 2 else -1)
    hue = (hue + _TURN * turn) % 360
    lightness = max(_LEAST, min(_LIGHT + turn * _STEP, 200))
    return QColor.fromHsl(hue, saturation, lightness - (25 if family == "sde" else 0))


def symbol(number: int) -> str:
    """pyqtgraph's name of a mark."""
    return _SYMBOLS[number % len(_SYMBOLS)]


def numbered(families: Sequence[str]) -> list[int]:
    """For each curve, how many of its family come before it."""
    seen: dict[str, int] = {}
    numbers = []
    for family in families:
        numbers.append(seen.get(family, 0))
        seen[family] = numbers[-1] + 1
    return numbers
