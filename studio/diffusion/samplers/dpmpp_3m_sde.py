"""DPM-Solver++ (3M) with fresh noise. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import half_log_snr
from studio.diffusion.samplers.dpmpp_2m_sde import renewal
from studio.diffusion.samplers.dpmpp_3m import weighted_x0
from studio.diffusion.schedules import Schedule, UniformLambda, variance_preserving
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

SAMPLER = SamplerSpec(
    name="dpmpp-3m-sde",
    label="DPM-Solver++ 3M SDE",
    family="sde",
    order=1.0,
    stochastic=True,
    nfe_per_step=1,
    default_steps=30,
    summary="DPM-Solver++ 3M that renews its noise on the way; the more, the higher eta.",
    source="k-diffusion, sample_dpmpp_3m_sde; Lu et al. 2022, arXiv:2211.01095",
    parameters=(
        Parameter(
            "eta",
            "Eta",
            1.0,
            "How fast the noise is renewed: 0 never (3M itself), 1 as the reverse-time SDE does.",
            low=0.0,
            high=1.0,
        ),
        Parameter(
            "curvature",
            "Curvature",
            "exact",
            "Weight of the second derivative: exact, or half of it as in the published code.",
            choices=("exact", "published"),
        ),
    ),
)
SCHEDULE = UniformLambda()


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    eta: float = 1.0,
    curvature: str = "exact",
) -> Iterator[State]:
    """The SDEs of dpmpp-2m-sde, x0 the parabola through the last three predictions. With the clock
    (1 + eta) lambda their integral over x0 is the ODE's, so the mean is dpmpp-3m's; with eta = 0
    all of it is. As there, the last step takes x0, and the one before two points in short runs.
    """
    points = [variance_preserving(t) for t in schedule(steps)]
    ends_clean = points[-1][1] == 0.0
    x, nfe = noise, 0
    past: tuple[tuple[float, Tensor], ...] = ()
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        (_, sigma), (alpha_next, sigma_next) = point, point_next
        here = denoiser(x, *point)
        nfe += here.nfe
        lam = half_log_snr(*point)
        h = half_log_snr(*point_next) - lam
        order = 3
        if ends_clean and step == steps:
            order = 1
        elif ends_clean and step == steps - 1 and steps < 15:
            order = 2
        past = (((1.0 + eta) * lam, here.x0), *past[:2])
        kept, fresh = renewal(h, eta)
        x = (sigma_next / sigma * kept) * here.origin(x)
        x = x + alpha_next * weighted_x0((1.0 + eta) * h, past[:order], curvature)
        if sigma_next * fresh > 0.0:
            x = x + sigma_next * fresh * stream.like(x)
        if lam == -math.inf:
            past = ()  # pure noise lies infinitely far back: nothing to extrapolate from
        yield State(step, steps, *point_next, x, here.x0, nfe)
