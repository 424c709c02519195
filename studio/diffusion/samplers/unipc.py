"""UniPC: one polynomial predicts the next point and then corrects it. Must not import torch at run
time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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

    Point = tuple[float, float]  # (alpha, sigma)
    Known = tuple[float, Tensor]  # (lambda, the x0 predicted there)

SAMPLER = SamplerSpec(
    name="unipc",
    label="UniPC",
    family="ddpm",
    order=3.0,
    stochastic=False,
    nfe_per_step=1,
    default_steps=30,
    summary="Each evaluation serves twice: it corrects the last step and predicts the next.",
    source="Zhao et al. 2023, arXiv:2302.04867, section 3, on x0, B(h) = e^h - 1",
    parameters=(
        Parameter(
            "order",
            "Order",
            2,
            "Points that the predictor takes; the corrector adds one, so 2 converges as h^3.",
            low=2,
            high=3,
        ),
    ),
    aliases=("flow-unipc",),
)
SCHEDULE = UniformLambda()


def moments(h: float, count: int) -> list[float]:
    """M_n = int_0^h e^(s - h) (s / h)^n ds, n = 0 ... count, by parts."""
    values = [-math.expm1(-h)]
    for n in range(1, count + 1):
        values.append(1.0 - n / h * values[-1])
    return values


def weights(nodes: Sequence[float], moments: Sequence[float]) -> list[float]:
    """The w with sum_k w_k r_k^n = M_n for n = 1 ... p: theorem 3.1's linear system, by Lagrange.

    w_k is the integral of the polynomial that is 1 at r_k and 0 at 0 and the other nodes.
    """
    solved = []
    for k, r in enumerate(nodes):
        others = [*nodes[:k], *nodes[k + 1 :]]
        powers = [1.0]  # coefficients of prod (s - q), lowest first
        for q in others:
            powers = [a - q * b for a, b in zip([0.0, *powers], [*powers, 0.0], strict=True)]
        integral = sum(c * m for c, m in zip(powers, moments[1:], strict=True))
        solved.append(integral / (r * math.prod(r - q for q in others)))
    return solved


def unified(
    x: Tensor, x0: Tensor, point: Point, point_next: Point, others: Sequence[Known]
) -> Tensor:
    """From x at `point` to `point_next`, x0(lambda) the polynomial through x0 and the `others`.

    Others from the past make it the predictor UniP; with the prediction at point_next among them it
    is the corrector UniC; with none it is DDIM. B(h) cancels but where there is one other, whose
    weight the paper sets to 1/2.
    """
    lam = half_log_snr(*point)
    h = half_log_snr(*point_next) - lam
    m = moments(h, len(others)) if others else [-math.expm1(-h)]
    nodes = [(other - lam) / h for other, _ in others]
    w = weights(nodes, m) if len(nodes) > 1 else [0.5 * m[0] / r for r in nodes]
    mean = m[0] * x0
    for weight, (_, other) in zip(w, others, strict=True):
        mean = mean + weight * (other - x0)
    return (point_next[1] / point[1]) * x + point_next[0] * mean


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    order: int = 2,
) -> Iterator[State]:
    """UniP and UniC on the variance-preserving path; see `follow`."""
    points = [variance_preserving(t) for t in schedule(steps)]
    return follow(denoiser, noise, points, order)


def follow(denoiser: Denoiser, x: Tensor, points: Sequence[Point], order: int) -> Iterator[State]:
    """From x through the points (alpha, sigma) of any path, predicting and correcting. On the
    flow's points (1 - t, t) it gives the same pictures as on the VP path's: lambda is the same.

    The first steps have a shorter past, and the last ones before clean data fall back order by
    order. The last point is not corrected: that would cost one more evaluation. Where guidance
    moves x (CFG++), its point stands in for the corrected one.

    Pure noise lies infinitely far back in lambda: it is neither corrected from nor remembered.
    """
    steps, nfe = len(points) - 1, 0
    ends_clean = points[-1][1] == 0.0
    past: tuple[Known, ...] = ()  # newest first
    before: tuple[Tensor, Point, tuple[Known, ...]] | None = None  # x, point, past of the last step
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        here = denoiser(x, *point)
        nfe += here.nfe
        known = half_log_snr(*point), here.x0
        if before is not None:
            x_before, point_before, ((_, x0_before), *others) = before
            x = unified(x_before, x0_before, point_before, point, (known, *others))
        x = here.origin(x)
        length = min(order, steps - step + 1) if ends_clean else order
        taken = (known, *past)[:length]
        x_next = unified(x, here.x0, point, point_next, taken[1:])
        if point[0] > 0.0:
            before, past = (x, point, taken), (known, *past)[: order - 1]
        x = x_next
        yield State(step, steps, *point_next, x, here.x0, nfe)
