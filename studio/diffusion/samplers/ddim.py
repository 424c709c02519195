"""DDIM, deterministic or with noise. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import DiscreteDDPM
from studio.diffusion.schedules import Schedule, Trailing, variance_preserving
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

SAMPLER = SamplerSpec(
    name="ddim",
    label="DDIM",
    family="ddpm",
    order=1.0,
    stochastic=False,
    nfe_per_step=1,
    default_steps=50,
    summary="Mixes the predicted picture and noise anew at each step, so few steps will do.",
    source="Song et al. 2021, arXiv:2010.02502, eq. 12",
    parameters=(
        Parameter(
            "eta",
            "Eta",
            0.0,
            "Share of fresh noise a step: 0 draws none, 1 is DDPM with the small variance.",
            low=0.0,
            high=1.0,
        ),
    ),
)
SCHEDULE = Trailing(DiscreteDDPM.linear())


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    eta: float = 0.0,
) -> Iterator[State]:
    """x_next = alpha_next x0 + sqrt(sigma_next^2 - c^2) epsilon + c z, c as in eq. 16.

    With eta = 0 it is Euler's method for x / alpha with sigma_bar as the clock (eq. 14).
    """
    points = [variance_preserving(t) for t in schedule(steps)]
    x, nfe = noise, 0
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        (alpha, sigma), (alpha_next, sigma_next) = point, point_next
        here = denoiser(x, alpha, sigma)
        nfe += here.nfe
        c = eta * sigma_next / sigma * math.sqrt(1.0 - (alpha / alpha_next) ** 2)
        kept = math.sqrt(max(sigma_next**2 - c**2, 0.0))  # below 0 only by rounding
        x = alpha_next * here.x0 + kept * here.epsilon
        if c > 0.0:
            x = x + c * stream.like(x)
        yield State(step, steps, alpha_next, sigma_next, x, here.x0, nfe)
