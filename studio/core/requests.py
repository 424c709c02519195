"""What can be asked of the engine. A request holds everything that affects the pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from studio.core.autoencoding import Probe, Reconstruct, Train
from studio.core.errors import UsageError
from studio.core.events import Cell
from studio.core.settings import MAX_SEED as MAX_SEED
from studio.core.settings import Settings as Settings
from studio.core.walks import Walk

if TYPE_CHECKING:
    import numpy as np

MAX_COUNT = 64
MAX_CELLS = 256


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
class Generate:
    """`count` pictures, the i-th under settings.numbered(i); previews every few steps.

    `inputs` are what settings.source and settings.mask name. `trajectories` keeps every step.
    """

    settings: Settings
    count: int = 1
    preview_every: int = 2  # steps; 0: none
    inputs: Inputs | None = None
    trajectories: bool = False

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
        raise UsageError("the mask is not as large as the picture it belongs to.")
    if inputs.named(settings) != settings:
        raise UsageError("the picture to start from is another one than the settings name.")


@dataclass(frozen=True)
class LoadModel:
    """Loads (or warms) a model ahead of the first picture."""

    model: str


@dataclass(frozen=True)
class Compare:
    """A grid of pictures, cell by cell; cells of equal seed begin from the same noise.

    `trajectories` keeps every step of every cell. `distances` measures, once all cells are there,
    how far each is from the converged end of its own probability-flow ODE. Several processes share
    a comparison by `only`, the numbers of the cells to make and measure; cells `made` before are
    measured only.
    """

    cells: tuple[Settings, ...]
    trajectories: bool = True
    distances: bool = True
    only: frozenset[int] | None = None
    made: tuple[Cell, ...] = ()

    def check(self) -> None:
        if not 1 <= len(self.cells) <= MAX_CELLS:
            raise UsageError(f"a comparison has 1 to {MAX_CELLS} pictures, not {len(self.cells)}.")
        for cell in self.cells:
            cell.check()
        if len({(cell.model, cell.size) for cell in self.cells}) > 1:
            raise UsageError("all pictures of a comparison are made by one model, in one size.")


@dataclass(frozen=True, eq=False)
class Decode:
    """Turns latents (N, C, h, w) of a model into pictures."""

    model: str
    latents: np.ndarray

    def check(self) -> None:
        if self.latents.ndim != 4 or not len(self.latents):
            raise UsageError(f"latents have the shape (N, C, h, w), not {self.latents.shape}.")


MOST_PARTICLES = 4000


@dataclass(frozen=True)
class Lab:
    """One sampler's particles on a 2-D distribution whose score is known exactly.

    `settings` decide as for a picture: sampler, steps, options, schedule, shift, seed, guidance and
    its rule; prompt and model are not used. `source` answers for the denoiser: "exact", or the
    prediction of a trained toy network ("epsilon", "score", "velocity"). `label` is the class that
    guidance pulls to, -1 none (exact source only). The field is drawn on `side` x `side` points.
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


Request = Generate | LoadModel | Compare | Decode | Lab | Reconstruct | Probe | Train | Walk
