"""Euler's method with ancestral noise. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import half_log_snr
from studio.diffusion.schedules import Karras, Schedule, variance_preserving
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

SAMPLER = SamplerSpec(
    name="euler-ancestral",
    label="Euler, ancestral",
    family="sde",
    order=1.0,
    stochastic=True,
    nfe_per_step=1,
    default_steps=40,
    summary="Steps too far down in noise, then adds fresh noise up to where it should be.",
    source="k-diffusion, sample_euler_ancestral; Song et al. 2021, arXiv:2011.13456, eq. 47",
    parameters=(
        Parameter(
            "eta",
            "Eta",
            1.0,
            "Share of fresh noise a step: 0 draws none and is Euler's method, 1 is ancestral.",
            low=0.0,
            high=1.0,
        ),
    ),
    twin="ddpm",
)
SCHEDULE = Karras()


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    eta: float = 1.0,
) -> Iterator[State]:
    """Euler's step d(x / alpha) = epsilon d sigma_bar down to `down`, then noise `up`, with
    up^2 + down^2 = sigma_next^2 and up = eta sigma_next sqrt(1 - (sigma_bar_next / sigma_bar)^2).

    Seen from the VE path it is k-diffusion's; on the VP path it is DDIM(eta), so DDPM for eta = 1.
    """
    points = [variance_preserving(t) for t in schedule(steps)]
    x, nfe = noise, 0
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        alpha_next, sigma_next = point_next
        here = denoiser(x, *point)
        nfe += here.nfe
        h = half_log_snr(*point_next) - half_log_snr(*point)
        up = eta * sigma_next * math.sqrt(-math.expm1(-2.0 * h))
        down = math.sqrt(sigma_next**2 - up**2)
        x = alpha_next * here.x0 + down * here.epsilon
        if up > 0.0:
            x = x + up * stream.like(x)
        yield State(step, steps, *point_next, x, here.x0, nfe)
