"""What the engine says while it works. Plain values and NumPy arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio.core.requests import Settings


@dataclass(frozen=True)
class Queued:
    """A job waits; `ahead` jobs come before it."""

    job: int
    ahead: int


@dataclass(frozen=True)
class Loading:
    """A job waits for a model to load."""

    job: int
    model: str


@dataclass(frozen=True)
class Started:
    job: int


@dataclass(frozen=True)
class Progress:
    """`picture` of `pictures` is at `step` of `steps`; `seconds_left` for the whole job."""

    job: int
    picture: int
    pictures: int
    step: int
    steps: int
    seconds_left: float


@dataclass(frozen=True)
class Preview:
    """The predicted clean picture so far: (h, w, 3) uint8, small."""

    job: int
    picture: int
    image: np.ndarray


@dataclass(frozen=True)
class Picture:
    """A finished picture: (H, W, 3) uint8 and what made it. `nfe` is denoiser evaluations."""

    job: int
    picture: int
    image: np.ndarray
    settings: Settings
    seconds: float
    nfe: int


@dataclass(frozen=True)
class Finished:
    job: int
    seconds: float


@dataclass(frozen=True)
class CancelledAt:
    """Stopped as asked, after `step` steps of the picture it was on."""

    job: int
    step: int


@dataclass(frozen=True)
class Failed:
    """`message` is one sentence for the user."""

    job: int
    message: str


@dataclass(frozen=True)
class Ready:
    """A model is loaded; `device` and `precision` in words."""

    job: int
    model: str
    device: str
    precision: str
    seconds: float


Event = (
    Queued
    | Loading
    | Started
    | Progress
    | Preview
    | Picture
    | Finished
    | CancelledAt
    | Failed
    | Ready
)
