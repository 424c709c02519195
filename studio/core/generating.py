"""Pictures from a prompt: what can be asked of the engine, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from studio.core.errors import UsageError
from studio.core.messages import Event, Request
from studio.core.settings import MAX_SEED, Settings

if TYPE_CHECKING:  # the first screen shows without NumPy
    import numpy as np

MAX_COUNT = 64


@dataclass(frozen=True, eq=False)
class Inputs:
    """The pixels behind the digests in Settings: `source` (H, W, 3) uint8 and, of the same size,
    `mask` (H, W) uint8, above 127 where to repaint."""

    source: np.ndarray
    mask: np.ndarray | None = None

    def named(self, settings: Settings) -> Settings:
        """`settings` with the digests of these pictures."""
        mask = "" if self.mask is None else digest(self.mask)
        return replace(settings, source=digest(self.source), mask=mask)


def digest(pixels: np.ndarray) -> str:
    """SHA-256 of a picture's size and its uint8 pixels, as 64 hexadecimal digits."""
    shape = "x".join(str(side) for side in pixels.shape)
    return sha256(shape.encode() + b"\n" + pixels.tobytes()).hexdigest()


@dataclass(frozen=True)
class Generate(Request):
    """`count` pictures, the i-th under settings.numbered(i); previews every few steps.

    `inputs` are what settings.source and settings.mask name. `trajectories` keeps every step.
    """

    settings: Settings
    count: int = 1
    preview_every: int = 2  # steps; 0: none
    inputs: Inputs | None = None
    trajectories: bool = False

    @property
    def needs(self) -> str:
        return self.settings.model

    @property
    def texts(self) -> Iterable[str]:
        return (self.settings.prompt, self.settings.negative)

    def check(self) -> None:
        self.settings.check()
        check_inputs(self.settings, self.inputs)
        if not 1 <= self.count <= MAX_COUNT:
            raise UsageError(f"count must be 1 to {MAX_COUNT}, not {self.count}.")
        last = self.settings.numbered(self.count - 1)
        if max(last.seed, last.variation_seed) > MAX_SEED:
            raise UsageError("the last picture's seed would be too large; choose a smaller seed.")


def check_inputs(settings: Settings, inputs: Inputs | None) -> None:
    """Raises UsageError unless `inputs` are what the settings name."""
    if inputs is None:
        if settings.source:
            raise UsageError("the picture to start from is missing; choose it again.")
        return
    source, mask = inputs.source, inputs.mask
    if source.ndim != 3 or source.shape[2] != 3 or not source.size or source.dtype != "uint8":
        raise UsageError("the picture to start from is not an RGB picture.")
    if mask is not None and (mask.shape != source.shape[:2] or mask.dtype != "uint8"):
        raise UsageError("the mask and its picture differ in size.")
    if inputs.named(settings) != settings:
        raise UsageError("the picture to start from is not the one the settings name.")


@dataclass(frozen=True)
class Preview(Event):
    """The predicted clean picture so far: (h, w, 3) uint8, small."""

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
class Score:
    """How well a picture fits its prompt: a cosine in the space of the `tower`, a name that
    changes with its weights. Another tower's is no measure beside it."""

    value: float
    tower: str

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.tower})"


@dataclass(frozen=True)
class Picture(Event):
    """A finished picture: (H, W, 3) uint8 and what made it. `nfe` is denoiser evaluations;
    `trajectory` is there if the request asked for it; `score` is None where nothing can judge."""

    picture: int
    image: np.ndarray
    settings: Settings
    seconds: float
    nfe: int
    trajectory: Trajectory | None = None
    score: Score | None = None


@dataclass(frozen=True, eq=False)
class Decode(Request):
    """Turns latents (N, C, h, w) of a model into pictures."""

    model: str
    latents: np.ndarray

    @property
    def needs(self) -> str:
        return self.model

    def check(self) -> None:
        if self.latents.ndim != 4 or not len(self.latents):
            raise UsageError(f"latents have the shape (N, C, h, w), not {self.latents.shape}.")


@dataclass(frozen=True, eq=False)
class Decoded(Event):
    """The pictures of a Decode: (N, H, W, 3) uint8."""

    images: np.ndarray
