"""Euler's method on the rectified flow. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import SamplerSpec
from studio.diffusion.schedules import Schedule, Uniform
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

SAMPLER = SamplerSpec(
    name="flow-euler",
    label="Flow, Euler",
    family="flow",
    order=1.0,
    stochastic=False,
    nfe_per_step=1,
    default_steps=50,
    summary="Follows the flow's velocity in straight steps, one evaluation each.",
    source="Liu et al. 2022, arXiv:2209.03003",
    twin="ddim",
)
SCHEDULE = Uniform()


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
) -> Iterator[State]:
    """dx/dt = u = epsilon - x0 along x = (1 - t) x0 + t epsilon, from t = 1 to 0.

    The step x + (t_next - t) u is x0 and epsilon mixed anew at t_next: DDIM's step (Song et al.
    2021, arXiv:2010.02502, eq. 12 with sigma_t = 0) in the flow's coordinates.
    """
    times = schedule(steps)
    x, nfe = math.hypot(1.0 - times[0], times[0]) * noise, 0
    for step, (t, t_next) in enumerate(pairwise(times), start=1):
        here = denoiser(x, 1.0 - t, t)
        x = (1.0 - t_next) * here.x0 + t_next * here.epsilon
        nfe += here.nfe
        yield State(step, steps, 1.0 - t_next, t_next, x, here.x0, nfe)
