"""Colours and marks of curves: a hue for each family, a shade and a mark for each sampler.

The colours stand for data, not for the theme: they can be told apart on light and dark grounds.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QColor

_HUES = {"ddpm": (26, 200, 138), "sde": (156, 150, 110), "flow": (242, 160, 160)}  # HSL
_TURNS, _SHADES = (0, 14, -14, 24, -22), (0, 34, -30)
_SYMBOLS = ("o", "s", "t", "d", "p", "h", "star", "t1", "+", "x", "t2", "t3")


def colour(family: str, number: int) -> QColor:
    """The `number`-th of a family: its neighbours differ in hue, those after them in lightness."""
    hue, saturation, lightness = _HUES.get(family, (0, 0, 128))
    turn = _TURNS[number % len(_TURNS)]
    shade = _SHADES[(number + 2 * (number // len(_TURNS))) % len(_SHADES)]
    return QColor.fromHsl((hue + turn) % 360, saturation, lightness + shade)


def symbol(number: int) -> str:
    """pyqtgraph's name of a mark."""
    return _SYMBOLS[number % len(_SYMBOLS)]


def numbered(families: Sequence[str]) -> list[int]:
    """For each curve, how many of its family come before it."""
    return [list(families[:at]).count(family) for at, family in enumerate(families)]
