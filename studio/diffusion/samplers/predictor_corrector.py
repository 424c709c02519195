"""The predictor-corrector sampler of score-based models. Must not import torch at run time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.run import Run, Step
from studio.diffusion.schedules import UniformLambda

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="sde-pc",
    label="SDE, predictor-corrector",
    family="sde",
    order=1.0,
    stochastic=True,
    nfe_per_step=2,
    default_steps=50,
    summary="After each step of the SDE, Langevin dynamics mend the sample at its noise level.",
    source="Song et al. 2021, arXiv:2011.13456, algorithms 3 and 5",
    parameters=(
        Parameter(
            "snr",
            "Corrector's size",
            0.16,
            "Signal-to-noise ratio r of a Langevin step: larger moves further, and spreads more.",
            low=0.0,
            high=0.6,
        ),
        Parameter(
            "corrector_steps",
            "Corrector steps",
            1,
            "Langevin steps after each step; 0 leaves the predictor alone.",
            low=0,
            high=10,
        ),
    ),
)
SCHEDULE = UniformLambda()


def predicted(x: Tensor, epsilon: Tensor, at: Point, to: Point, z: Tensor) -> Tensor:
    """The reverse diffusion step (algorithm 3): x_next = (2 - sqrt(1 - beta)) x + beta score +
    sqrt(beta) z, beta the variance that the VP chain adds between the points."""
    ratio = at.alpha / to.alpha  # sqrt(1 - beta)
    beta = 1.0 - ratio**2
    return (2.0 - ratio) * x - (beta / at.sigma) * epsilon + math.sqrt(beta) * z


class Steps(Run):
    """Predictor, then x + e score + sqrt(2 e) z with e = 2 (snr |z| / |score|)^2 (algorithm 5).

    The paper takes the norms' means over a minibatch. Both have known sizes, sqrt(D) and sqrt(D) /
    sigma, so that e = 2 (snr sigma)^2: a picture's step then depends on no other picture.
    However many the steps, Langevin steps of that length leave an excess of at most snr^2 in the
    variance. The step onto clean data takes x0 and is not corrected.
    """

    def step(
        self, x: Tensor, at: Point, to: Point, *, snr: float = 0.16, corrector_steps: int = 1
    ) -> Step:
        here = self.denoiser(x, *at)
        if to.sigma == 0.0:
            return here.x0, here
        x = predicted(here.origin(x), here.epsilon, at, to, self.stream.like(x))
        for _ in range(corrector_steps):
            there, e = self.denoiser(x, *to), 2.0 * (snr * to.sigma) ** 2
            score = -there.epsilon / to.sigma
            x = there.origin(x) + e * score + math.sqrt(2.0 * e) * self.stream.like(x)
        return x, here
