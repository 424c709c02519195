"""Restart: back into the noise and down again. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import half_log_snr
from studio.diffusion.samplers.edm import heun, noised
from studio.diffusion.schedules import Karras, Schedule, variance_preserving
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

    Point = tuple[float, float]  # (alpha, sigma)

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
        i: abs(half_log_snr(*point) + math.log(sigma_bar))
        for i, point in enumerate(points)
        if 0.0 not in point
    }
    return min(away, key=away.__getitem__, default=-1)


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    restarts: int = 2,
    restart_from: float = 0.1,
    restart_to: float = 2.0,
) -> Iterator[State]:
    """Heun's method on the ODE. On reaching `restart_from`, noise takes x to `restart_to` and
    the ODE brings it down again over the same points, `restarts` times.

    The noise forgets part of the errors made before, while the ODE adds little of its own. The
    step that reaches `restart_from` takes the evaluations of all restarts; a schedule without two
    points to go between has none.
    """
    points = [variance_preserving(t) for t in schedule(steps)]
    low, high = nearest(points, restart_from), nearest(points, restart_to)
    x, nfe = noise, 0
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        x, x0, cost = heun(denoiser, x, point, point_next)
        nfe += cost
        for _ in range(restarts if step == low and high < low else 0):
            x = noised(x, points[low], points[high], stream.like(x))
            for there, there_next in pairwise(points[high : low + 1]):
                x, x0, cost = heun(denoiser, x, there, there_next)
                nfe += cost
        yield State(step, steps, *point_next, x, x0, nfe)
