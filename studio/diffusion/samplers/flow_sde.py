"""The rectified flow's stochastic twin, with a choice of diffusion. No torch at run time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.run import FlowRun, Step
from studio.diffusion.schedules import Uniform

if TYPE_CHECKING:
    from torch import Tensor

#: w(t), by name; all vanish at t = 0 like the noise they renew, or faster.
DIFFUSIONS: dict[str, Callable[[float], float]] = {
    "none": lambda t: 0.0,
    "sigma": lambda t: t,
    "linear": lambda t: 2.0 * t,
    "sin2": lambda t: math.sin(math.pi * t) ** 2,
}
SAMPLER = SamplerSpec(
    name="flow-sde",
    label="Flow, stochastic",
    family="flow",
    order=1.0,
    stochastic=True,
    nfe_per_step=1,
    default_steps=60,
    summary="Follows the flow and renews some of its noise on the way; you choose how much, when.",
    source="Ma et al. 2024 (SiT), arXiv:2401.08740, eq. 5",
    parameters=(
        Parameter(
            "diffusion",
            "Noise renewed",
            "linear",
            "w(t): none (the flow itself), sigma (t), linear (2 t) or sin2 (sin^2 pi t).",
            choices=tuple(DIFFUSIONS),
        ),
        Parameter(
            "scale", "How much of it", 1.0, "w(t) times this; 0 is the flow.", low=0.0, high=4.0
        ),
    ),
)
SCHEDULE = Uniform()


class Steps(FlowRun):
    """dx = [u - (w / 2) score] dt + sqrt(w) dW backwards in t, score = -epsilon / t, by
    Euler-Maruyama: the same marginals for every w(t) >= 0, and flow-euler for w = 0.

    The step onto t = 0 adds nothing and takes x0, as sde-euler's does (SiT's last step, Tweedie's).
    """

    def step(
        self, x: Tensor, at: Point, to: Point, *, diffusion: str = "linear", scale: float = 1.0
    ) -> Step:
        here, t = self.denoiser(x, *at), at.sigma
        if to.sigma == 0.0:
            return here.x0, here
        dt, w, score = t - to.sigma, scale * DIFFUSIONS[diffusion](t), -here.epsilon / t
        x = here.origin(x) - dt * (here.velocity - 0.5 * w * score)
        return self.renewed(x, math.sqrt(w * dt)), here
