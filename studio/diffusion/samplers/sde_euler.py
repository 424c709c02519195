"""Euler-Maruyama on the reverse-time VP SDE. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import SamplerSpec
from studio.diffusion.paths import half_log_snr
from studio.diffusion.schedules import Schedule, UniformLambda, variance_preserving
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

SAMPLER = SamplerSpec(
    name="sde-euler",
    label="SDE, Euler-Maruyama",
    family="sde",
    order=1.0,
    stochastic=True,
    nfe_per_step=1,
    default_steps=60,
    summary="Integrates the reverse-time stochastic equation, drift and fresh noise at each step.",
    source="Song et al. 2021, arXiv:2011.13456, eq. 6",
    is_family_default=True,
)
SCHEDULE = UniformLambda()


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
) -> Iterator[State]:
    """dx = -(x / 2 + score) beta dt + sqrt(beta) dW backwards in t, with lambda as the clock.

    On the VP path d lambda = -beta dt / (2 sigma^2). A step of h in lambda therefore spends
    beta dt = 2 sigma^2 h, which keeps noise and drift in proportion down to the smallest sigma; a
    step even in t overshoots there. The step onto clean data takes x0, the one denoising step that
    Jolicoeur-Martineau et al. 2021, arXiv:2009.05475, found such runs to lack.

    The noise's amplitude does not depend on x: paths converge as h, and not as sqrt(h), which is
    all that Euler-Maruyama promises in general.
    """
    points = [variance_preserving(t) for t in schedule(steps)]
    x, nfe = noise, 0
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        here = denoiser(x, *point)
        nfe += here.nfe
        sigma, h = point[1], half_log_snr(*point_next) - half_log_snr(*point)
        if h == math.inf:
            x = here.x0
        else:
            x, beta_dt = here.origin(x), 2.0 * sigma**2 * h
            score = -here.epsilon / sigma
            x = x + beta_dt * (0.5 * x + score) + math.sqrt(beta_dt) * stream.like(x)
        yield State(step, steps, *point_next, x, here.x0, nfe)
