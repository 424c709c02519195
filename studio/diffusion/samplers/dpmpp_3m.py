"""DPM-Solver++ (3M): a three-step solver of the ODE in lambda. Must not import torch at run
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
    name="dpmpp-3m",
    label="DPM-Solver++ 3M",
    family="ddpm",
    order=3.0,
    stochastic=False,
    nfe_per_step=1,
    default_steps=25,
    summary="Third order for one evaluation a step, by remembering the two steps before.",
    source="Lu et al. 2022, arXiv:2211.01095, and the authors' code",
    parameters=(
        Parameter(
            "curvature",
            "Curvature",
            "exact",
            "Weight of the second derivative: exact, or half of it as in the published code, which"
            " makes the solver second order.",
            choices=("exact", "published"),
        ),
    ),
)
SCHEDULE = UniformLambda()


def weighted_x0(h: float, past: Sequence[Known], curvature: str) -> Tensor:
    """int_0^h e^(s - h) x0(lambda + s) ds, x0 the parabola, line or constant through `past`: pairs
    (lambda, x0) of up to three steps, newest first.

    D1 and D2 are h x0' and h^2 x0'' / 2, both divided differences. Their exact weights are phi_2
    and 2 phi_3; the published code has phi_3. On a line, phi_2 is rounded to phi_1 / 2, as in 2M.
    """
    phi_1 = -math.expm1(-h)
    (lam, x0), *older = past
    if not older:
        return phi_1 * x0
    r0 = (lam - older[0][0]) / h
    d1 = (x0 - older[0][1]) / r0
    if len(older) == 1:
        return phi_1 * (x0 + 0.5 * d1)
    r1 = (older[0][0] - older[1][0]) / h
    d2 = (d1 - (older[0][1] - older[1][1]) / r1) / (r0 + r1)
    phi_2 = 1.0 - phi_1 / h
    phi_3 = 0.5 - phi_2 / h
    return phi_1 * x0 + phi_2 * (d1 + r0 * d2) + phi_3 * (2.0 if curvature == "exact" else 1.0) * d2


class Steps(Run):
    """Exact in the linear part of the ODE; x0 is extrapolated from the last three predictions.

    The step onto clean data is infinitely long in lambda and takes x0 as it is; in runs of fewer
    than 15 steps the one before it is second order, for stability (the authors' lower_order_final).
    """

    def step(self, x: Tensor, at: Point, to: Point, *, curvature: str = "exact") -> Step:
        here = self.denoiser(x, *at)
        mean = weighted_x0(to.lam - at.lam, self.nodes(here.x0, at), curvature)
        return (to.sigma / at.sigma) * here.origin(x) + to.alpha * mean, here

    def nodes(self, x0: Tensor, at: Point) -> Sequence[Known]:
        """What the step extrapolates from: three predictions, two or one."""
        order = self.left if self.left == 1 or self.steps < 15 else 3
        return self.remembered(at, x0)[: min(order, 3)]
