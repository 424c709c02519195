"""Pictures side by side from the same noise: what can be asked of the engine, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from studio.core.errors import UsageError
from studio.core.generating import Score, Trajectory
from studio.core.messages import Event, Request
from studio.core.settings import Settings

MAX_CELLS = 256


@dataclass(frozen=True)
class Compare(Request):
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

    @property
    def needs(self) -> str:
        return self.cells[0].model

    @property
    def texts(self) -> Iterable[str]:
        return (text for cell in self.cells for text in (cell.prompt, cell.negative))

    def check(self) -> None:
        if not 1 <= len(self.cells) <= MAX_CELLS:
            raise UsageError(f"a comparison has 1 to {MAX_CELLS} pictures, not {len(self.cells)}.")
        for cell in self.cells:
            cell.check()
        if len({(cell.model, cell.size) for cell in self.cells}) > 1:
            raise UsageError("all pictures of a comparison are made by one model, in one size.")


@dataclass(frozen=True, eq=False)
class Cell(Event):
    """Cell `index` of a comparison is made: (H, W, 3) uint8. `latents` (C, h, w) float32;
    `score` is None where nothing can judge."""

    index: int
    image: np.ndarray
    latents: np.ndarray
    settings: Settings
    seconds: float
    nfe: int
    trajectory: Trajectory | None
    score: Score | None = None


@dataclass(frozen=True)
class Distance(Event):
    """How far cell `index` is from the converged end of its own ODE, from the same noise.

    `latent` is the root mean square over latents (their standard deviation is about 1); `lpips`
    is None where LPIPS's weights are not on this machine. A stochastic sampler need not come near.
    """

    index: int
    latent: float
    lpips: float | None
