"""SA-Solver: Adams's predictor and corrector for the reverse SDEs. No torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import half_log_snr
from studio.diffusion.samplers.dpmpp_2m_sde import renewal
from studio.diffusion.samplers.unipc import moments, weights
from studio.diffusion.schedules import Schedule, UniformLambda, variance_preserving
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

    Point = tuple[float, float]  # (alpha, sigma)
    Known = tuple[float, Tensor]  # (lambda, the x0 predicted there)

SAMPLER = SamplerSpec(
    name="sa-solver",
    label="SA-Solver",
    family="sde",
    order=1.0,
    stochastic=True,
    nfe_per_step=1,
    default_steps=50,
    summary="Renews its noise and corrects each step with the evaluation that begins the next.",
    source="Xue et al. 2023, arXiv:2309.05019, algorithm 1, in data prediction",
    parameters=(
        Parameter(
            "tau",
            "Tau",
            1.0,
            "How fast the noise is renewed: 0 never (an ODE solver), 1 as the reverse-time SDE.",
            low=0.0,
            high=1.6,
        ),
        Parameter("predictor_order", "Predictor's order", 3, "Points that it goes through.", 1, 4),
        Parameter(
            "corrector_order",
            "Corrector's order",
            3,
            "Points that it goes through, the new one among them; 1 does not correct.",
            low=1,
            high=4,
        ),
    ),
)
SCHEDULE = UniformLambda()


def adams(x: Tensor, point: Point, point_next: Point, nodes: Sequence[Known], tau: float) -> Tensor:
    """The mean of x at point_next, x0(lambda) the polynomial through the nodes, the first at
    `point`: the predictor, or with the prediction at point_next among them the corrector.

    x_next = (sigma_next / sigma) e^(-tau^2 h) x + alpha_next k int_0^h e^(k (s - h)) x0(lambda + s)
    ds, k = 1 + tau^2: UniPC's integral over k h. Of two nodes the second has the weight k h / 2 of
    the authors' code, which is off by O(h^3) a step.
    """
    lam = half_log_snr(*point)
    h = half_log_snr(*point_next) - lam
    kh = (1.0 + tau**2) * h
    (_, x0), *others = nodes
    m = moments(kh, len(others)) if others else [-math.expm1(-kh)]
    places = [(other - lam) / h for other, _ in others]
    w = weights(places, m) if len(places) > 1 else [0.5 * kh / r for r in places]
    mean = m[0] * x0
    for weight, (_, other) in zip(w, others, strict=True):
        mean = mean + weight * (other - x0)
    kept, _ = renewal(h, tau**2)
    return (point_next[1] / point[1] * kept) * x + point_next[0] * mean


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    tau: float = 1.0,
    predictor_order: int = 3,
    corrector_order: int = 3,
) -> Iterator[State]:
    """Predict, evaluate, correct with the same noise: one evaluation a step, at the predicted x.

    The SDEs are dpmpp-2m-sde's with eta = tau^2; paths converge as tau h + h^order. The first steps
    have a shorter past, the last before clean data fall back order by order. Where guidance moves
    x (CFG++), its point stands in for the corrected one. Pure noise is not remembered.
    """
    points = [variance_preserving(t) for t in schedule(steps)]
    x, nfe = noise, 0
    past: tuple[Known, ...] = ()  # newest first
    before: tuple[Tensor, Point, Tensor | float] | None = (
        None  # x, point and noise of the last step
    )
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        here = denoiser(x, *point)
        nfe += here.nfe
        known = half_log_snr(*point), here.x0
        left = steps - step + 1 if points[-1][1] == 0.0 else steps
        if before is not None and corrector_order > 1:
            x_before, point_before, added = before
            nodes = (past[0], known, *past[1:])[: min(corrector_order, left + 2)]
            x = adams(x_before, point_before, point, nodes, tau) + added
        x, past = here.origin(x), (known, *past[:3])
        fresh = point_next[1] * renewal(half_log_snr(*point_next) - known[0], tau**2)[1]
        added = fresh * stream.like(x) if fresh > 0.0 else 0.0
        before = x, point, added
        x = adams(x, point, point_next, past[: min(predictor_order, left)], tau) + added
        if point[0] == 0.0:
            before, past = None, ()
        yield State(step, steps, *point_next, x, here.x0, nfe)
