"""Euler's method with ancestral noise. Must not import torch at run time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.run import Run, Step
from studio.diffusion.schedules import Karras

if TYPE_CHECKING:
    from torch import Tensor

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


class Steps(Run):
    """Euler's step d(x / alpha) = epsilon d sigma_bar down to `down`, then noise `up`, with
    up^2 + down^2 = sigma_next^2 and up = eta sigma_next sqrt(1 - (sigma_bar_next / sigma_bar)^2).

    Seen from the VE path it is k-diffusion's; on the VP path it is DDIM(eta), so DDPM for eta = 1.
    """

    def step(self, x: Tensor, at: Point, to: Point, *, eta: float = 1.0) -> Step:
        here = self.denoiser(x, *at)
        up = eta * to.sigma * math.sqrt(-math.expm1(-2.0 * (to.lam - at.lam)))
        down = math.sqrt(to.sigma**2 - up**2)
        return self.renewed(to.alpha * here.x0 + down * here.epsilon, up), here
