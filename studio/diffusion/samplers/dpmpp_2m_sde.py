"""SDE-DPM-Solver++ (2M): DPM-Solver++ 2M with fresh noise. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import half_log_snr
from studio.diffusion.schedules import Schedule, UniformLambda, variance_preserving
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

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


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    eta: float = 1.0,
) -> Iterator[State]:
    """All reverse SDEs with the marginals of the ODE, in lambda (eta = 1 is Song et al.'s):

    x_next = (sigma_next / sigma) e^(-eta h) x + alpha_next (1 + eta) int_0^h e^((1 + eta)(s - h))
    x0(lambda + s) ds + sigma_next sqrt(1 - e^(-2 eta h)) z,

    exact but for x0, which is extrapolated as in 2M; with eta = 0 it is 2M. The noise in x0 cannot
    be extrapolated: with eta > 0 a path converges as h, though its smooth part does as h^2.
    """
    points = [variance_preserving(t) for t in schedule(steps)]
    x, nfe = noise, 0
    x0_before, h_before = None, math.inf
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        (_, sigma), (alpha_next, sigma_next) = point, point_next
        here = denoiser(x, *point)
        nfe += here.nfe
        x0, h = here.x0, half_log_snr(*point_next) - half_log_snr(*point)
        if x0_before is not None and h < math.inf:
            half_r = h / (2.0 * h_before)
            x0 = (1.0 + half_r) * x0 - half_r * x0_before
        kept, fresh = renewal(h, eta)
        x = (sigma_next / sigma * kept) * here.origin(x)
        x = x - alpha_next * math.expm1(-(1.0 + eta) * h) * x0
        if sigma_next * fresh > 0.0:
            x = x + sigma_next * fresh * stream.like(x)
        x0_before, h_before = here.x0, h
        yield State(step, steps, *point_next, x, here.x0, nfe)
