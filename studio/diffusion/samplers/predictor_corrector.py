"""The predictor-corrector sampler of score-based models. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.schedules import Schedule, UniformLambda, variance_preserving
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

    Point = tuple[float, float]  # (alpha, sigma)

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


def predicted(x: Tensor, epsilon: Tensor, point: Point, point_next: Point, z: Tensor) -> Tensor:
    """The reverse diffusion step (algorithm 3): x_next = (2 - sqrt(1 - beta)) x + beta score +
    sqrt(beta) z, beta the variance that the VP chain adds between the points."""
    ratio = point[0] / point_next[0]  # sqrt(1 - beta)
    beta = 1.0 - ratio**2
    return (2.0 - ratio) * x - (beta / point[1]) * epsilon + math.sqrt(beta) * z


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    snr: float = 0.16,
    corrector_steps: int = 1,
) -> Iterator[State]:
    """Predictor, then x + e score + sqrt(2 e) z with e = 2 (snr |z| / |score|)^2 (algorithm 5).

    The paper takes the norms' means over a minibatch. Both have known sizes, sqrt(D) and sqrt(D) /
    sigma, so that e = 2 (snr sigma)^2: a picture's step then depends on no other picture.
    However many the steps, Langevin steps of that length leave an excess of at most snr^2 in the
    variance. The step onto clean data takes x0 and is not corrected.
    """
    points = [variance_preserving(t) for t in schedule(steps)]
    x, nfe = noise, 0
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        here = denoiser(x, *point)
        nfe += here.nfe
        sigma = point_next[1]
        if sigma == 0.0:
            x = here.x0
        else:
            x = predicted(here.origin(x), here.epsilon, point, point_next, stream.like(x))
            for _ in range(corrector_steps):
                there = denoiser(x, *point_next)
                nfe += there.nfe
                e = 2.0 * (snr * sigma) ** 2
                score = -there.epsilon / sigma
                x = there.origin(x) + e * score + math.sqrt(2.0 * e) * stream.like(x)
        yield State(step, steps, *point_next, x, here.x0, nfe)
