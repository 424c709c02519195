"""Kutta's classic method of order 4 on the rectified flow. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import SamplerSpec
from studio.diffusion.runge_kutta import HEUN_3, KUTTA_4, Flow
from studio.diffusion.schedules import Schedule, Uniform
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

SAMPLER = SamplerSpec(
    name="flow-rk4",
    label="Flow, Runge-Kutta 4",
    family="flow",
    order=4.0,
    stochastic=False,
    nfe_per_step=4,
    default_steps=10,
    summary="Four looks at the velocity a step: the most exact per step, for many steps' worth.",
    source="Kutta 1901; Hairer et al. 1993, section II.1",
)
SCHEDULE = Uniform()


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
) -> Iterator[State]:
    """dx/dt = u(x, t) = epsilon - x0.

    The step onto t = 0, where the velocity must not be asked, is Heun's of order 3: its stages stay
    inside, and one step of order 3 leaves the run's order 4. N steps take 4 N - 1 evaluations.
    """
    times = schedule(steps)
    flow, x = Flow(denoiser), math.hypot(1.0 - times[0], times[0]) * noise
    for step, (t, t_next) in enumerate(pairwise(times), start=1):
        here = flow.denoised(x, t)
        x, u = here.origin(x), here.epsilon - here.x0
        method = KUTTA_4 if t_next > 0.0 else HEUN_3
        x, _ = method.step(flow, x, t, t_next - t, u)
        yield State(step, steps, 1.0 - t_next, t_next, x, here.x0, flow.nfe)
