"""What a report card is made of: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Figure:
    """One measured number beside the two that give it meaning.

    `chance` is what knowing nothing reaches and `ceiling` what real pictures reach, both measured
    in the same run, on the same judge; `note` says how. `n` counts pictures.
    """

    section: str
    name: str
    value: float
    chance: float | None
    ceiling: float | None
    n: int
    unit: str  # "dB", "" (a number without unit) or "share" (of 1)
    note: str


@dataclass(frozen=True)
class CardSettings:
    """How many pictures each section takes, and in which of the catalogue's styles."""

    style: str = "fluent-3d"
    scenes: int = 96  # reconstructed: composed, and as many single ones
    retrieved: int = 200  # prompts of concepts seen in training
    unseen: int = 48  # prompts of concepts held out
    composed: int = 64  # prompts for each of ground, count and side
    paired: int = 40  # prompts for each of the pairs' relations
    worded: int = 80  # words that no caption uses, if there are as many
    styled: int = 40  # things made in two styles
    varied: int = 8  # prompts made with several seeds
    seeds: int = 8
    batch: int = 8
    seed: int = 2026
    rows: tuple[str, ...] = ()  # only these sections; all if empty

    @classmethod
    def quick(cls) -> CardSettings:
        """Some 300 pictures: three minutes on two cores. Noisy figures, the same sheets."""
        return cls(scenes=24, retrieved=24, unseen=8, composed=12, paired=12, worded=24, styled=12,
                   varied=4, seeds=3)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Card:
    """All figures of one model, and its contact sheets by name, (H, W, 3) uint8 each."""

    model: str
    judge: str
    settings: CardSettings
    figures: tuple[Figure, ...]
    pictures: int  # generated
    seconds: float
    sheets: Mapping[str, np.ndarray] = field(repr=False)

    def find(self, section: str, name: str) -> Figure:
        """The figure of that name; KeyError if the card has none."""
        for figure in self.figures:
            if (figure.section, figure.name) == (section, name):
                return figure
        raise KeyError(f"{section}: {name}")
