"""EDM: Heun's method in sigma_bar with churn. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.schedules import Karras, Schedule, variance_preserving
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

    Point = tuple[float, float]  # (alpha, sigma)

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


def heun(
    denoiser: Denoiser, x: Tensor, point: Point, point_next: Point
) -> tuple[Tensor, Tensor, int]:
    """Heun's step of d(x / alpha) = epsilon d sigma_bar: x at point_next, the x0 predicted at
    `point`, evaluations.

    Euler's step alone onto clean data, and from pure noise, where sigma_bar is infinite.
    """
    (alpha, sigma), (alpha_next, sigma_next) = point, point_next
    here = denoiser(x, alpha, sigma)
    x = alpha_next * here.x0 + sigma_next * here.epsilon  # Euler's, that is DDIM's
    if alpha == 0.0 or sigma_next == 0.0:
        return x, here.x0, here.nfe
    there = denoiser(x, alpha_next, sigma_next)
    half_step = 0.5 * (sigma_next - alpha_next * sigma / alpha)
    return x + half_step * (there.epsilon - here.epsilon), here.x0, here.nfe + there.nfe


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    s_churn: float = 4.0,
    s_min: float = 0.05,
    s_max: float = 50.0,
    s_noise: float = 1.0,
) -> Iterator[State]:
    """Each step first raises sigma_bar by the factor 1 + gamma, gamma = min(s_churn / N, sqrt(2) -
    1), with fresh noise (lines 4 to 6), then goes down to the next point.

    Both halves keep the marginals, so these converge as h^2. The paper's x is x / alpha here.
    """
    points = [variance_preserving(t) for t in schedule(steps)]
    x, nfe = noise, 0
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        alpha, sigma = point
        if s_churn > 0.0 and s_min * alpha <= sigma <= s_max * alpha:
            sigma_bar = (1.0 + min(s_churn / steps, math.sqrt(2.0) - 1.0)) * sigma / alpha
            noisier = variance_preserving(sigma_bar / (1.0 + sigma_bar))
            x = noised(x, point, noisier, s_noise * stream.like(x))
            point = noisier
        x, x0, cost = heun(denoiser, x, point, point_next)
        nfe += cost
        yield State(step, steps, *point_next, x, x0, nfe)
