"""The probability-flow ODE with an adaptive solver. Must not import torch at run time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.runge_kutta import BOGACKI_SHAMPINE
from studio.diffusion.samplers.adaptive import AdaptiveRun
from studio.diffusion.schedules import UniformLambda

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="sde-pf-ode",
    label="Probability-flow ODE, adaptive",
    family="sde",
    order=3.0,
    stochastic=False,
    nfe_per_step=None,
    default_steps=25,
    summary="Solves the SDE's noiseless twin to a tolerance; the steps here are only shown.",
    source="Song et al. 2021, arXiv:2011.13456, section 4.3; Bogacki & Shampine 1989",
    parameters=(
        Parameter(
            "tolerance",
            "Tolerance",
            1e-3,
            "The error allowed in a step, of 1 plus the size of the number it is in.",
            low=1e-6,
            high=0.1,
        ),
    ),
)
SCHEDULE = UniformLambda()


class Steps(AdaptiveRun):
    """dx = (f x - g^2 score / 2) dt (eq. 13). A trial step takes 3 evaluations, rejected or not.

    The clock is the angle phi of the VP path: alpha = cos phi, sigma = sin phi, pi / 2 is noise and
    0 data. With it the slope is the v-prediction (Salimans & Ho 2022, arXiv:2202.00512, appendix
    D), as large as x from pure noise to clean data.
    """

    method = BOGACKI_SHAMPINE

    def time(self, at: Point) -> float:
        return math.atan2(at.sigma, at.alpha)

    def field(self, x: Tensor, time: float) -> Tensor:
        alpha, sigma = math.cos(time), math.sin(time)
        self.here = self.denoiser(x, alpha, sigma)
        return alpha * self.here.epsilon - sigma * self.here.x0
