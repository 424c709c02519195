"""Samplers on a distribution of the plane: what can be asked of the engine, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio.core.errors import UsageError
from studio.core.messages import Event, Request
from studio.core.settings import Settings

MOST_PARTICLES = 4000


@dataclass(frozen=True)
class Lab(Request):
    """One sampler's particles on a 2-D distribution whose score is known exactly.

    `settings` decide as for a picture: sampler, steps, options, schedule, shift, seed, guidance and
    its rule; prompt and model are not used. `source` answers for the denoiser: "exact", or the
    prediction of a trained toy network ("epsilon", "score", "velocity"), or on three clouds
    "unlabelled-10" (a network that was not told the class of 10 % of its points; 0, 20, 50 too) and
    "noisy-classifier", "clean-classifier" (the exact score, guided by a classifier's gradient).
    `label` is the class that guidance pulls to, -1 none; the first three know no classes. The field
    is drawn on `side` x `side` points.
    `likelihood` asks for the log-likelihood of true samples, by the change of variables.
    """

    distribution: str
    settings: Settings
    source: str = "exact"
    label: int = -1
    particles: int = 800
    side: int = 24
    likelihood: bool = False

    def check(self) -> None:
        self.settings.check()
        if not 1 <= self.particles <= MOST_PARTICLES:
            raise UsageError(f"particles must be 1 to {MOST_PARTICLES}, not {self.particles}.")
        if not 2 <= self.side <= 100:
            raise UsageError(f"the field's side must be 2 to 100 points, not {self.side}.")


@dataclass(frozen=True, eq=False)
class Backdrop:
    """What the laboratory draws behind the particles, at `times` (m,) of the rectified flow.

    On side x side points from -extent to extent, row by row from below: the sampler's `velocity`
    epsilon - x0 and `score`, each (m, side, side, 2), and the data's exact `density`
    (m, side, side).
    """

    times: tuple[float, ...]
    velocity: np.ndarray
    score: np.ndarray
    density: np.ndarray
    extent: float


@dataclass(frozen=True, eq=False)
class LabRun(Event):
    """Particles under one sampler, frame by frame, in the rectified flow's coordinates
    z = x / (alpha + sigma): standard normal noise at t = 1, data at t = 0.

    `times` (n,) as in Trajectory; `points` (n, P, 2) the particles, `x0` (n, P, 2) the data they
    are predicted to become. `truth` (P, 2) are samples of the distribution, `exact_end` (P, 2) is
    where the exact ODE takes the same noise. `distance` is the energy distance of the last points
    to `truth`, `floor` that of other true samples to it. `log_likelihood` is what the denoiser
    gives true samples, nats each on average, `exact_log_likelihood` what the distribution gives
    them; None if not asked for.
    """

    settings: Settings
    times: tuple[float, ...]
    points: np.ndarray
    x0: np.ndarray
    backdrop: Backdrop
    truth: np.ndarray
    exact_end: np.ndarray
    distance: float
    floor: float
    nfe: int
    seconds: float
    log_likelihood: float | None = None
    exact_log_likelihood: float | None = None
