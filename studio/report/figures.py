"""What a report card is made of: plain values."""

from __future__ import annotations

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
    varied: int = 8  # prompts made with several seeds
    seeds: int = 8
    batch: int = 8
    seed: int = 2026

    @classmethod
    def quick(cls) -> CardSettings:
        """About a hundred pictures: a minute or two on two cores. Noisy figures, same sheet."""
        return cls(scenes=24, retrieved=24, unseen=8, composed=12, varied=4, seeds=3)


@dataclass(frozen=True, eq=False)
class Card:
    """All figures of one model, and its contact sheet (H, W, 3) uint8."""

    model: str
    judge: str
    settings: CardSettings
    figures: tuple[Figure, ...]
    pictures: int  # generated
    seconds: float
    sheet: np.ndarray = field(repr=False)

    def find(self, section: str, name: str) -> Figure:
        """The figure of that name; KeyError if the card has none."""
        for figure in self.figures:
            if (figure.section, figure.name) == (section, name):
                return figure
        raise KeyError(f"{section}: {name}")
