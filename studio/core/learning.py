"""Training an autoencoder: what can be asked of the engine, and what it says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.core.errors import UsageError
from studio.core.messages import Event, Request

if TYPE_CHECKING:  # the first screen shows without NumPy
    import numpy as np

MOST_WEIGHT = 1000.0
SIZES = (32, 256)  # of the pictures that the window trains on


@dataclass(frozen=True)
class Train(Request):
    """Trains an autoencoder from a recipe with the four weights of its loss; keeps it as `name`.

    `data`: a folder of pictures, "" for the bundled ones. `size`: side of the training crops in
    pixels. `variational` False: a plain autoencoder. `resume` goes on with the run of this name.
    """

    recipe: str
    name: str
    reconstruction: float
    kl: float
    perceptual: float
    adversarial: float
    norm: str = "l1"
    variational: bool = True
    data: str = ""
    size: int = 64
    minutes: float = 5.0
    seed: int = 0
    resume: bool = False

    def check(self) -> None:
        for name in ("reconstruction", "kl", "perceptual", "adversarial"):
            weight = getattr(self, name)
            if not (math.isfinite(weight) and 0 <= weight <= MOST_WEIGHT):
                raise UsageError(f"lambda {name} must be 0 to {MOST_WEIGHT:g}, not {weight}.")
        if self.norm not in ("l1", "l2"):
            raise UsageError(f"the reconstruction's norm is l1 or l2, not {self.norm!r}.")
        if not SIZES[0] <= self.size <= SIZES[1] or self.size % 32:
            raise UsageError(f"crops are {SIZES[0]} to {SIZES[1]} pixels, a multiple of 32.")
        if not 0.05 <= self.minutes <= 60 * 24 * 7:
            raise UsageError(f"train for 0.05 minutes to a week, not {self.minutes:g} minutes.")
        plain = self.name.strip()
        if not plain or plain != self.name or plain.startswith(".") or len(plain) > 64:
            raise UsageError("give the result a name of 1 to 64 characters.")
        if any(c in '/\\:*?"<>|' or ord(c) < 32 for c in plain):
            raise UsageError(f'{plain!r} cannot be a folder name; leave out / \\ : * ? " < > |.')


@dataclass(frozen=True)
class Preparing(Event):
    """What a job does first: `done` of `total` of what `what` says ("encoding scenes").
    `seconds_left` of this part, None while nobody can know."""

    what: str
    done: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True)
class TrainStep(Event):
    """A training is at `step`; `share` (0 to 1) of it is done. `terms` are the loss's, unweighted,
    each with its name, "loss" their weighted sum."""

    step: int
    samples: int
    share: float
    seconds_left: float
    terms: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class TrainSample(Event):
    """The same held-out pictures, now and then: `originals` and `decoded` (N, S, S, 3) uint8, and
    figures on them (psnr in dB, lpips, kl), each with its name."""

    step: int
    originals: np.ndarray
    decoded: np.ndarray
    figures: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Paused(Event):
    """A training waits, or (`paused` False) goes on."""

    paused: bool


@dataclass(frozen=True)
class Trained(Event):
    """A training is over and kept: `name` can be opened from now on, in `path`."""

    name: str
    path: str
    steps: int
    seconds: float
    figures: tuple[tuple[str, float], ...]
