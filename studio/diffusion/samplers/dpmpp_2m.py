"""DPM-Solver++ (2M): a two-step solver for the ODE in lambda. Must not import torch at run time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studio.core.specs import SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.run import Run, Step
from studio.diffusion.schedules import BetaQuantiles, Shifted

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="dpmpp-2m",
    label="DPM-Solver++ 2M",
    family="ddpm",
    order=2.0,
    stochastic=False,
    nfe_per_step=1,
    default_steps=16,
    summary="Second order for one evaluation a step, by remembering the step before.",
    source="Lu et al. 2022, arXiv:2211.01095, algorithm 2",
    aliases=("flow-2m",),
)
SCHEDULE = Shifted(BetaQuantiles(), 2.0)  # docs/samplers: a third fewer steps than unshifted


class Steps(Run):
    """Exact in the linear part of the ODE; x0 is extrapolated from the last two predictions.

    The first step has no past and the step onto clean data is infinitely long in lambda: both
    take x0 as it is, which is DDIM's step.

    There is no other two-step solver for flows: the ODE in lambda knows no path. In the flow's
    variables, alpha = 1 - t and sigma = t, sigma_next / sigma is t_next / t and
    -alpha_next (e^-h - 1) is 1 - t_next / t: a straight step from x towards x0.
    """

    def step(self, x: Tensor, at: Point, to: Point) -> Step:
        here = self.denoiser(x, *at)
        h, x0 = to.lam - at.lam, self.extrapolated(here.x0, at, to)
        return (to.sigma / at.sigma) * here.origin(x) - to.alpha * math.expm1(-h) * x0, here

    def extrapolated(self, x0: Tensor, at: Point, to: Point) -> Tensor:
        """x0 half-way through the step, on the line in lambda through the last two."""
        _, *before = self.remembered(at, x0)
        h = to.lam - at.lam
        if not before or h == math.inf:
            return x0
        lam_before, x0_before = before[0]
        half_r = h / (2.0 * (at.lam - lam_before))
        return (1.0 + half_r) * x0 - half_r * x0_before
