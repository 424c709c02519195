"""A two-step solver in the rectified flow's own variables. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import SamplerSpec
from studio.diffusion.paths import half_log_snr
from studio.diffusion.schedules import BetaQuantiles, Schedule
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

SAMPLER = SamplerSpec(
    name="flow-2m",
    label="Flow, 2M",
    family="flow",
    order=2.0,
    stochastic=False,
    nfe_per_step=1,
    default_steps=20,
    summary="Second order for one evaluation a step: straight towards an extrapolated picture.",
    source="Lu et al. 2022, arXiv:2211.01095, algorithm 2, with alpha = 1 - t, sigma = t",
)
SCHEDULE = BetaQuantiles()


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
) -> Iterator[State]:
    """DPM-Solver++ 2M where it is simplest: sigma_next / sigma = t_next / t and
    -alpha_next (e^-h - 1) = 1 - t_next / t, so a step goes straight from x towards D, the x0
    extrapolated in lambda from the last two predictions.

    The first step has no past and the step onto clean data is infinitely long in lambda: both
    take x0 as it is, which is Euler's step. A past that starts at t = 1 is infinitely far.
    """
    times = schedule(steps)
    x, nfe = math.hypot(1.0 - times[0], times[0]) * noise, 0
    x0_before, h_before = None, math.inf
    for step, (t, t_next) in enumerate(pairwise(times), start=1):
        here = denoiser(x, 1.0 - t, t)
        nfe += here.nfe
        x0, h = here.x0, half_log_snr(1.0 - t_next, t_next) - half_log_snr(1.0 - t, t)
        if x0_before is not None and h < math.inf:
            half_r = h / (2.0 * h_before)
            x0 = (1.0 + half_r) * x0 - half_r * x0_before
        x = (t_next / t) * here.origin(x) + (1.0 - t_next / t) * x0
        x0_before, h_before = here.x0, h
        yield State(step, steps, 1.0 - t_next, t_next, x, here.x0, nfe)
