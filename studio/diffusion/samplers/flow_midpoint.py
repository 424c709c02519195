"""The midpoint method on the rectified flow. Must not import torch at run time."""

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
    name="flow-midpoint",
    label="Flow, midpoint",
    family="flow",
    order=2.0,
    stochastic=False,
    nfe_per_step=2,
    default_steps=25,
    summary="Follows the flow's velocity half-way through each step; second order.",
    source="Lipman et al. 2023, arXiv:2210.02747, section 6",
)
SCHEDULE = Uniform()


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
) -> Iterator[State]:
    """dx/dt = u(x, t) = epsilon - x0: half an Euler step, then the whole step with u found there.

    It never asks at the end of a step, so the last one, onto t = 0, is like the others.
    """
    times = schedule(steps)
    x, nfe = math.hypot(1.0 - times[0], times[0]) * noise, 0
    for step, (t, t_next) in enumerate(pairwise(times), start=1):
        here = denoiser(x, 1.0 - t, t)
        x, t_mid = here.origin(x), 0.5 * (t + t_next)
        x_mid = x + (t_mid - t) * (here.epsilon - here.x0)
        there = denoiser(x_mid, 1.0 - t_mid, t_mid)
        x = x + (t_next - t) * (there.epsilon - there.x0)
        nfe += here.nfe + there.nfe
        yield State(step, steps, 1.0 - t_next, t_next, x, here.x0, nfe)
