"""What the engine says while it works. Plain values and NumPy arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.core.autoencoding import (
    Paused,
    Preparing,
    Probed,
    Reconstructed,
    Trained,
    TrainSample,
    TrainStep,
)
from studio.core.settings import Settings
from studio.core.walks import Frame, Inverted, Spaced

if TYPE_CHECKING:
    import numpy as np


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
    """`picture` of `pictures`, and the `together` - 1 after it, are at `step` of `steps`;
    `seconds_left` for the whole job."""

    job: int
    picture: int
    pictures: int
    step: int
    steps: int
    seconds_left: float
    together: int = 1


@dataclass(frozen=True)
class Preview:
    """The predicted clean picture so far: (h, w, 3) uint8, small."""

    job: int
    picture: int
    image: np.ndarray


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Every step of one picture: frame k is where step k began, the last frame is the end.

    `times` (n,) are t = sigma / (alpha + sigma), 1 noise and 0 clean; `x` and `x0`, the sample (its
    alpha^2 + sigma^2 made 1) and the predicted clean latents there, (n, C, h, w) float16; `noisy`
    and `clean` small pictures of both, (n, h', w', 3) uint8; `gap` |epsilon_c - epsilon_u| at the
    step's first evaluation, the mean over channels, (n, h, w), 0 where guidance did not ask both.
    """

    times: tuple[float, ...]
    x: np.ndarray
    x0: np.ndarray
    noisy: np.ndarray
    clean: np.ndarray
    gap: np.ndarray


@dataclass(frozen=True)
class Picture:
    """A finished picture: (H, W, 3) uint8 and what made it. `nfe` is denoiser evaluations;
    `trajectory` is there if the request asked for it."""

    job: int
    picture: int
    image: np.ndarray
    settings: Settings
    seconds: float
    nfe: int
    trajectory: Trajectory | None = None


@dataclass(frozen=True, eq=False)
class Cell:
    """Cell `index` of a comparison is made: (H, W, 3) uint8. `latents` (C, h, w) float32."""

    job: int
    index: int
    image: np.ndarray
    latents: np.ndarray
    settings: Settings
    seconds: float
    nfe: int
    trajectory: Trajectory | None


@dataclass(frozen=True)
class Distance:
    """How far cell `index` is from the converged end of its own ODE, from the same noise.

    `latent` is the root mean square over latents (their standard deviation is about 1); `lpips`
    is None where LPIPS's weights are not on this machine. A stochastic sampler need not come near.
    """

    job: int
    index: int
    latent: float
    lpips: float | None


@dataclass(frozen=True, eq=False)
class Decoded:
    """The pictures of a Decode: (N, H, W, 3) uint8."""

    job: int
    images: np.ndarray


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
class LabRun:
    """Particles under one sampler, frame by frame, in the rectified flow's coordinates
    z = x / (alpha + sigma): standard normal noise at t = 1, data at t = 0.

    `times` (n,) as in Trajectory; `points` (n, P, 2) the particles, `x0` (n, P, 2) the data they
    are predicted to become. `truth` (P, 2) are samples of the distribution, `exact_end` (P, 2) is
    where the exact ODE takes the same noise. `distance` is the energy distance of the last points
    to `truth`, `floor` that of other true samples to it. `log_likelihood` is what the denoiser
    gives true samples, nats each on average, `exact_log_likelihood` what the distribution gives
    them; None if not asked for.
    """

    job: int
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
    """A model is loaded; `device` and `precision` in words. It makes pictures of `size` pixels a
    side. `classes` are those its noise-aware
    classifier knows; `needs` what guidance rules may need of it: "weak", "classifier"."""

    job: int
    model: str
    device: str
    precision: str
    seconds: float
    size: int
    classes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


Event = (
    Queued
    | Loading
    | Started
    | Progress
    | Preview
    | Picture
    | Cell
    | Distance
    | Decoded
    | LabRun
    | Reconstructed
    | Probed
    | Preparing
    | TrainStep
    | TrainSample
    | Paused
    | Trained
    | Inverted
    | Frame
    | Spaced
    | Finished
    | CancelledAt
    | Failed
    | Ready
)
