"""ER-SDE-Solver-3: a reverse SDE with a free noise scale. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.run import Run, Step
from studio.diffusion.schedules import UniformLambda

if TYPE_CHECKING:
    from torch import Tensor

    Known = tuple[float, Tensor]  # (sigma_bar, the x0 predicted there)

#: phi(s) / s by name, s = sigma_bar. phi = s draws no noise, s^2 is Song et al.'s SDE, and the
#: paper's best lies between.
SCALES: dict[str, Callable[[float], float]] = {
    "er": lambda s: math.exp(s**0.3) + 10.0,
    "sde": lambda s: s,
    "ode": lambda s: 1.0,
}
SAMPLER = SamplerSpec(
    name="er-sde-3",
    label="ER-SDE 3",
    family="sde",
    order=1.0,
    stochastic=True,
    nfe_per_step=1,
    default_steps=25,
    summary="Renews much noise early and little late, and extrapolates over three predictions.",
    source="Cui et al. 2023, arXiv:2309.06169, and the authors' code",
    parameters=(
        Parameter(
            "scale",
            "Noise scale",
            "er",
            "phi(s): er (s (e^(s^0.3) + 10), much noise early), sde (s^2) or ode (s, no noise).",
            choices=tuple(SCALES),
        ),
        Parameter(
            "slope",
            "Slope",
            "exact",
            "Slope of x0: that of the parabola itself, or the last difference as published, which"
            " lowers the order of the smooth part from 3 to 2.",
            choices=("exact", "published"),
        ),
    ),
)
SCHEDULE = UniformLambda()
#: Beyond this sigma_bar nothing but noise is left, and phi would overflow.
PURE_NOISE = 1e6


def integrals(scale: Callable[[float], float], s: float, s_next: float) -> tuple[float, float]:
    """int 1 / phi(v) dv and int (v - s) / phi(v) dv, v from s_next to s: by Simpson's rule in
    log v, where both are smooth."""
    count = 32
    width = math.log(s / s_next) / count
    first = second = 0.0
    for i in range(count + 1):
        v = s_next * math.exp(i * width)
        weight = (1 if i in (0, count) else 2 + 2 * (i % 2)) * width / 3.0 / scale(v)
        first, second = first + weight, second + weight * (v - s)
    return first, second


def correction(
    scale: Callable[[float], float], past: Sequence[Known], s_next: float, slope: str
) -> Tensor:
    """What x0's slope and curvature in sigma_bar, from two or three predictions (newest first), add
    to x_next / alpha_next."""
    (s, x0), (s1, x01), *older = past
    phi = s_next * scale(s_next)
    first, second = integrals(scale, s, s_next)
    weight, weight_2 = s_next - s + phi * first, (s_next - s) ** 2 + 2.0 * phi * second
    d1 = (x0 - x01) / (s - s1)
    if not older:
        return weight * d1
    ((s2, x02),) = older
    d2 = (d1 - (x01 - x02) / (s1 - s2)) / (s - s2)  # half the second derivative
    if slope == "exact":
        d1 = d1 + (s - s1) * d2
    return weight * d1 + weight_2 * d2


def renewal(scale: str, s: float, s_next: float) -> tuple[float, float]:
    """What the step keeps of its noise, r s / s_next, and the fresh noise that makes up for the
    rest: kept^2 + fresh^2 = 1. From pure noise nothing but the ODE keeps any."""
    if scale == "ode":
        return 1.0, 0.0
    kept = SCALES[scale](s_next) / SCALES[scale](s) if s < PURE_NOISE else 0.0
    return kept, math.sqrt(1.0 - kept**2)


class Steps(Run):
    """With r = phi(s_next) / phi(s): x_next / alpha_next = r x / alpha + (1 - r) x0 + the terms of
    x0's slope and curvature + sqrt(s_next^2 - r^2 s^2) z, for any growing phi(s) / s.

    The noise in x0 cannot be extrapolated: a path with noise converges as h. The step onto clean
    data takes x0; pure noise lies infinitely far back and is not remembered.
    """

    known: tuple[Known, ...] = ()  # newest first

    def step(
        self, x: Tensor, at: Point, to: Point, *, scale: str = "er", slope: str = "exact"
    ) -> Step:
        here = self.denoiser(x, *at)
        if to.sigma == 0.0:
            return to.alpha * here.x0, here
        s, s_next = at.sigma / max(at.alpha, at.sigma / PURE_NOISE), to.sigma / to.alpha
        kept, fresh = renewal(scale, s, s_next)
        mean = to.alpha * here.x0
        mean = mean + (to.sigma / at.sigma * kept) * (here.origin(x) - at.alpha * here.x0)
        self.known = ((s, here.x0), *self.known[:2]) if s < PURE_NOISE else ()
        if len(self.known) > 1:
            mean = mean + to.alpha * correction(SCALES[scale], self.known, s_next, slope)
        return self.renewed(mean, to.sigma * fresh), here
