"""DDPM's ancestral sampling. Must not import torch at run time."""

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


class Steps(Run):
    """x_next ~ q(x_next | x, x0) with the predicted x0; its variance is the posterior's
    (beta-tilde, small) or the chain's own beta (large), the two bounds of section 3.2.

    The last step returns the mean, x0 itself, as algorithm 2 does.
    """

    def step(self, x: Tensor, at: Point, to: Point, *, variance: str = "small") -> Step:
        here = self.denoiser(x, *at)
        a, b, c = posterior(*at, *to)
        if variance == "large" and c > 0.0:
            c *= at.sigma / to.sigma  # sqrt(beta)
        return self.renewed(a * here.x0 + b * here.origin(x), c), here
