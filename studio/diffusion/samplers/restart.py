"""Restart: back into the noise and down again. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.edm import heun, noised
from studio.diffusion.samplers.run import Run, Step
from studio.diffusion.schedules import Karras

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="restart",
    label="Restart",
    family="sde",
    order=2.0,
    stochastic=True,
    nfe_per_step=None,
    default_steps=18,
    summary="Follows the ODE, then returns to higher noise and comes down again to mend errors.",
    source="Xu et al. 2023, arXiv:2306.14878",
    parameters=(
        Parameter("restarts", "Restarts", 2, "How often to go back; 0 never.", low=0, high=20),
        Parameter(
            "restart_from",
            "Restart from",
            0.1,
            "sigma / alpha at which to go back (the nearest point of the schedule).",
            low=0.001,
            high=1000.0,
        ),
        Parameter(
            "restart_to",
            "Restart to",
            2.0,
            "sigma / alpha to go back to (the nearest point of the schedule).",
            low=0.001,
            high=1000.0,
        ),
    ),
)
SCHEDULE = Karras()


def nearest(points: Sequence[Point], sigma_bar: float) -> int:
    """Index of the point nearest in lambda, neither pure noise nor clean data among them; -1 where
    there are only these."""
    away = {
        i: abs(point.lam + math.log(sigma_bar))
        for i, point in enumerate(points)
        if 0.0 not in point
    }
    return min(away, key=away.__getitem__, default=-1)


class Steps(Run):
    """Heun's method on the ODE. On reaching `restart_from`, noise takes x to `restart_to` and
    the ODE brings it down again over the same points, `restarts` times.

    The noise forgets part of the errors made before, while the ODE adds little of its own. The
    step that reaches `restart_from` takes the evaluations of all restarts; a schedule without two
    points to go between has none.
    """

    interval: tuple[int, int]

    def step(
        self,
        x: Tensor,
        at: Point,
        to: Point,
        *,
        restarts: int = 2,
        restart_from: float = 0.1,
        restart_to: float = 2.0,
    ) -> Step:
        if self.number == 1:
            self.interval = nearest(self.points, restart_from), nearest(self.points, restart_to)
        low, high = self.interval
        x, here = heun(self.denoiser, x, at, to)
        for _ in range(restarts if self.number == low and high < low else 0):
            x = noised(x, self.points[low], self.points[high], self.stream.like(x))
            for there, there_next in pairwise(self.points[high : low + 1]):
                x, here = heun(self.denoiser, x, there, there_next)
        return x, here
