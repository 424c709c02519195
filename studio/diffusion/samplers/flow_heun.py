"""Heun's method on the rectified flow. Must not import torch at run time."""

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
    name="flow-heun",
    label="Flow, Heun",
    family="flow",
    order=2.0,
    stochastic=False,
    nfe_per_step=2,
    default_steps=16,
    summary="Follows the mean of the flow's velocity at both ends of each step.",
    source="Karras et al. 2022, arXiv:2206.00364, algorithm 1",
    is_family_default=True,
)
SCHEDULE = Uniform()


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
) -> Iterator[State]:
    """dx/dt = u(x, t) = epsilon - x0: an Euler step, then the trapezoid over both velocities.

    The step onto t = 0 stays Euler's (algorithm 1, line 6), so N steps take 2 N - 1 evaluations.
    """
    times = schedule(steps)
    x, nfe = math.hypot(1.0 - times[0], times[0]) * noise, 0
    for step, (t, t_next) in enumerate(pairwise(times), start=1):
        here = denoiser(x, 1.0 - t, t)
        nfe += here.nfe
        x, u = here.origin(x), here.epsilon - here.x0
        x_euler = x + (t_next - t) * u
        if t_next == 0.0:
            x = x_euler
        else:
            there = denoiser(x_euler, 1.0 - t_next, t_next)
            nfe += there.nfe
            x = x + (t_next - t) * 0.5 * (u + there.epsilon - there.x0)
        yield State(step, steps, 1.0 - t_next, t_next, x, here.x0, nfe)
