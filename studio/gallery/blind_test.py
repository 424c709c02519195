"""Blind tests, beyond those against the original: ABX between each two autoencoders.

Must not import Qt or torch.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from studio.gallery.blind import ABX, PREFERENCE, Trial, design


def design_rivals(
    autoencoders: Sequence[str], pictures: Sequence[int], count: int, seed: int
) -> tuple[Trial, ...]:
    """`count` trials of ABX in which A and B are two reconstructions, pairs and pictures in turns
    as in `design`; what X is, is a coin's that knows nothing of the places."""
    dice = random.Random(seed)
    trials = design(PREFERENCE, autoencoders, pictures, count, dice.getrandbits(63))
    return tuple(replace(each, kind=ABX, x=dice.choice(each.pair)) for each in trials)


def crop(zoom: float | None, x: float, y: float) -> str:
    """What part of a picture was looked at, in words: screen pixels a picture's pixel (None: the
    whole picture, fitted) and the middle of the view in parts of its width and height."""
    return "fitted" if zoom is None else f"{zoom:.2f}x at {x:.3f} {y:.3f}"
