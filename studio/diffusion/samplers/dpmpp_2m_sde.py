"""SDE-DPM-Solver++ (2M): DPM-Solver++ 2M with fresh noise. Must not import torch at run time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers import dpmpp_2m
from studio.diffusion.samplers.run import Step
from studio.diffusion.schedules import UniformLambda

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="dpmpp-2m-sde",
    label="DPM-Solver++ 2M SDE",
    family="sde",
    order=1.0,
    stochastic=True,
    nfe_per_step=1,
    default_steps=30,
    summary="DPM-Solver++ 2M that renews its noise on the way; the more, the higher eta.",
    source="Lu et al. 2022, arXiv:2211.01095, section 6",
    parameters=(
        Parameter(
            "eta",
            "Eta",
            1.0,
            "How fast the noise is renewed: 0 never (2M itself), 1 as the reverse-time SDE does.",
            low=0.0,
            high=1.0,
        ),
    ),
)
SCHEDULE = UniformLambda()


def renewal(h: float, eta: float) -> tuple[float, float]:
    """What a step of h in lambda keeps of its noise, e^(-eta h), and the fresh noise that makes up
    for the rest: kept^2 + fresh^2 = 1."""
    if eta == 0.0:
        return 1.0, 0.0  # also for h = inf
    return math.exp(-eta * h), math.sqrt(-math.expm1(-2.0 * eta * h))


class Steps(dpmpp_2m.Steps):
    """All reverse SDEs with the marginals of the ODE, in lambda (eta = 1 is Song et al.'s):

    x_next = (sigma_next / sigma) e^(-eta h) x + alpha_next (1 + eta) int_0^h e^((1 + eta)(s - h))
    x0(lambda + s) ds + sigma_next sqrt(1 - e^(-2 eta h)) z,

    exact but for x0, which is extrapolated as in 2M; with eta = 0 it is 2M. The noise in x0 cannot
    be extrapolated: with eta > 0 a path converges as h, though its smooth part does as h^2.
    """

    def step(self, x: Tensor, at: Point, to: Point, *, eta: float = 1.0) -> Step:
        here = self.denoiser(x, *at)
        h, x0 = to.lam - at.lam, self.extrapolated(here.x0, at, to)
        kept, fresh = renewal(h, eta)
        x = (to.sigma / at.sigma * kept) * here.origin(x)
        x = x - to.alpha * math.expm1(-(1.0 + eta) * h) * x0
        return self.renewed(x, to.sigma * fresh), here
