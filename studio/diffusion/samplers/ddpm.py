"""DDPM's ancestral sampling. Must not import torch at run time."""

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
    name="ddpm",
    label="DDPM, ancestral",
    family="ddpm",
    order=1.0,
    stochastic=True,
    nfe_per_step=1,
    default_steps=50,
    summary="Walks the noising chain backwards, drawing every step from its exact posterior.",
    source="Ho et al. 2020, arXiv:2006.11239, algorithm 2",
    is_family_default=True,
    parameters=(
        Parameter(
            "variance",
            "Variance",
            "small",
            "Fresh noise a step: small is right for data at one point, large for normal data.",
            choices=("small", "large"),
        ),
    ),
)
SCHEDULE = Trailing(DiscreteDDPM.linear())


def posterior(
    alpha: float, sigma: float, alpha_next: float, sigma_next: float
) -> tuple[float, float, float]:
    """q(x_next | x, x0) = N(a x0 + b x, c^2), as (a, b, c), between two points of a VP chain.

    Ho et al., eqs. 6 and 7; beta is the variance that the chain adds between the two points.
    """
    ratio = alpha / alpha_next
    beta = 1.0 - ratio**2
    a = alpha_next * beta / sigma**2
    b = ratio * sigma_next**2 / sigma**2
    return a, b, math.sqrt(beta) * sigma_next / sigma


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    variance: str = "small",
) -> Iterator[State]:
    """x_next ~ q(x_next | x, x0) with the predicted x0; its variance is the posterior's
    (beta-tilde, small) or the chain's own beta (large), the two bounds of section 3.2.

    The last step returns the mean, x0 itself, as algorithm 2 does.
    """
    points = [variance_preserving(t) for t in schedule(steps)]
    x, nfe = noise, 0
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        here = denoiser(x, *point)
        nfe += here.nfe
        a, b, c = posterior(*point, *point_next)
        x = a * here.x0 + b * here.origin(x)
        if c > 0.0:
            if variance == "large":
                c *= point[1] / point_next[1]  # sqrt(beta)
            x = x + c * stream.like(x)
        yield State(step, steps, *point_next, x, here.x0, nfe)
