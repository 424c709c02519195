"""DDIM, deterministic or with noise. Must not import torch at run time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import DiscreteDDPM, Point
from studio.diffusion.samplers.run import Run, Step
from studio.diffusion.schedules import Trailing

if TYPE_CHECKING:
    from torch import Tensor

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


class Steps(Run):
    """x_next = alpha_next x0 + sqrt(sigma_next^2 - c^2) epsilon + c z, c as in eq. 16.

    With eta = 0 it is Euler's method for x / alpha with sigma_bar as the clock (eq. 14).
    """

    def step(self, x: Tensor, at: Point, to: Point, *, eta: float = 0.0) -> Step:
        here = self.denoiser(x, *at)
        c = eta * to.sigma / at.sigma * math.sqrt(1.0 - (at.alpha / to.alpha) ** 2)
        kept = math.sqrt(max(to.sigma**2 - c**2, 0.0))  # below 0 only by rounding
        return self.renewed(to.alpha * here.x0 + kept * here.epsilon, c), here
