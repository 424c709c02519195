"""UniPC: one polynomial predicts the next point and then corrects it. Must not import torch at run
time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.run import Known, Run, Step
from studio.diffusion.schedules import UniformLambda

if TYPE_CHECKING:
    from torch import Tensor

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


def mean_x0(h: float, x0: Tensor, others: Sequence[Known], of_one: float) -> Tensor:
    """int_0^h e^(s - h) p(s) ds, p the polynomial through x0 at s = 0 and each other at h times its
    node. One other alone has the weight `of_one`, over its node."""
    nodes, m = [node for node, _ in others], moments(h, len(others))
    w = weights(nodes, m) if len(nodes) > 1 else [of_one / r for r in nodes]
    mean = m[0] * x0
    for weight, (_, other) in zip(w, others, strict=True):
        mean = mean + weight * (other - x0)
    return mean


def unified(x: Tensor, x0: Tensor, at: Point, to: Point, others: Sequence[Known]) -> Tensor:
    """From x at `at` to `to`, x0(lambda) the polynomial through x0 and the `others`.

    Others from the past make it the predictor UniP; with the prediction at `to` among them it
    is the corrector UniC; with none it is DDIM. B(h) cancels but where there is one other, whose
    weight the paper sets to 1/2.
    """
    h = to.lam - at.lam
    nodes = [((lam - at.lam) / h, other) for lam, other in others]
    mean = mean_x0(h, x0, nodes, -0.5 * math.expm1(-h))
    return (to.sigma / at.sigma) * x + to.alpha * mean


class Steps(Run):
    """Predicting and correcting, on any path: on the flow's points (1 - t, t) it gives the same
    pictures as on the VP path's, for lambda is the same.

    The first steps have a shorter past, and the last ones before clean data fall back order by
    order. The last point is not corrected: that would cost one more evaluation. Where guidance
    moves x (CFG++), its point stands in for the corrected one.

    Pure noise lies infinitely far back in lambda: it is neither corrected from nor remembered.
    """

    before: tuple[Tensor, Point, Sequence[Known]] | None = None  # x, point, past of the last step

    def step(self, x: Tensor, at: Point, to: Point, *, order: int = 2) -> Step:
        here = self.denoiser(x, *at)
        if self.before is not None:
            x_before, at_before, ((_, x0_before), *others) = self.before
            x = unified(x_before, x0_before, at_before, at, ((at.lam, here.x0), *others))
        x, taken = here.origin(x), self.remembered(at, here.x0)[: min(order, self.left)]
        self.before = (x, at, taken) if at.alpha > 0.0 else None
        return unified(x, here.x0, at, to, taken[1:]), here
