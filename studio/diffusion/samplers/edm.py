"""EDM: Heun's method in sigma_bar with churn. Must not import torch at run time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.denoised import Denoiser
from studio.diffusion.paths import Point
from studio.diffusion.samplers.run import Run, Step
from studio.diffusion.schedules import Karras, variance_preserving

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="edm-heun",
    label="EDM, Heun with churn",
    family="sde",
    order=2.0,
    stochastic=True,
    nfe_per_step=2,
    default_steps=20,
    summary="Adds a little noise before each step, then follows the ODE down by Heun's method.",
    source="Karras et al. 2022, arXiv:2206.00364, algorithm 2",
    parameters=(
        Parameter(
            "s_churn",
            "Churn",
            4.0,
            "Noise added over the whole run; 0 adds none and is the plain ODE.",
            low=0.0,
            high=100.0,
        ),
        Parameter(
            "s_min", "Churn from", 0.05, "Least sigma / alpha at which to add noise.", 0.0, 1e6
        ),
        Parameter(
            "s_max", "Churn up to", 50.0, "Largest sigma / alpha at which to add noise.", 0.0, 1e6
        ),
        Parameter(
            "s_noise",
            "Noise scale",
            1.0,
            "Factor on the added noise; 1.003 to 1.007 make up for what a network smooths away.",
            low=0.9,
            high=1.1,
        ),
    ),
)
SCHEDULE = Karras()


def noised(x: Tensor, point: Point, noisier: Point, z: Tensor) -> Tensor:
    """x at `point` taken forward along the noising process to `noisier` by the noise z."""
    ratio = noisier[0] / point[0]
    added = max(noisier[1] ** 2 - (ratio * point[1]) ** 2, 0.0)  # below it only by rounding
    return ratio * x + math.sqrt(added) * z


def heun(denoiser: Denoiser, x: Tensor, at: Point, to: Point) -> Step:
    """Heun's step of d(x / alpha) = epsilon d sigma_bar (lines 7 to 11).

    Euler's step alone onto clean data, and from pure noise, where sigma_bar is infinite.
    """
    here = denoiser(x, *at)
    x = to.alpha * here.x0 + to.sigma * here.epsilon  # Euler's, that is DDIM's
    if at.alpha == 0.0 or to.sigma == 0.0:
        return x, here
    there = denoiser(x, *to)
    half_step = 0.5 * (to.sigma - to.alpha * at.sigma / at.alpha)
    return x + half_step * (there.epsilon - here.epsilon), here


class Steps(Run):
    """Each step first raises sigma_bar by the factor 1 + gamma, gamma = min(s_churn / N, sqrt(2) -
    1), with fresh noise (lines 4 to 6), then goes down to the next point.

    Both halves keep the marginals, so these converge as h^2. The paper's x is x / alpha here.
    """

    def step(
        self,
        x: Tensor,
        at: Point,
        to: Point,
        *,
        s_churn: float = 4.0,
        s_min: float = 0.05,
        s_max: float = 50.0,
        s_noise: float = 1.0,
    ) -> Step:
        if s_churn > 0.0 and s_min * at.alpha <= at.sigma <= s_max * at.alpha:
            gamma = min(s_churn / self.steps, math.sqrt(2.0) - 1.0)
            sigma_bar = (1.0 + gamma) * at.sigma / at.alpha
            noisier = variance_preserving(sigma_bar / (1.0 + sigma_bar))
            x, at = noised(x, at, noisier, s_noise * self.stream.like(x)), noisier
        return heun(self.denoiser, x, at, to)
