"""Euler-Maruyama on the reverse-time VP SDE. Must not import torch at run time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studio.core.specs import SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.run import Run, Step
from studio.diffusion.schedules import UniformLambda

if TYPE_CHECKING:
    from torch import Tensor

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


class Steps(Run):
    """dx = -(x / 2 + score) beta dt + sqrt(beta) dW backwards in t, with lambda as the clock.

    On the VP path d lambda = -beta dt / (2 sigma^2). A step of h in lambda therefore spends
    beta dt = 2 sigma^2 h, which keeps noise and drift in proportion down to the smallest sigma; a
    step even in t overshoots there. The step onto clean data takes x0, the one denoising step that
    Jolicoeur-Martineau et al. 2021, arXiv:2009.05475, found such runs to lack.

    The noise's amplitude does not depend on x: paths converge as h, and not as sqrt(h), which is
    all that Euler-Maruyama promises in general.
    """

    def step(self, x: Tensor, at: Point, to: Point) -> Step:
        here, h = self.denoiser(x, *at), to.lam - at.lam
        if h == math.inf:
            return here.x0, here
        x, beta_dt, score = here.origin(x), 2.0 * at.sigma**2 * h, -here.epsilon / at.sigma
        return self.renewed(x + beta_dt * (0.5 * x + score), math.sqrt(beta_dt)), here
