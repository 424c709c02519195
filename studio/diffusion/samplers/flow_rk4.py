"""Kutta's classic method of order 4 on the rectified flow. Must not import torch at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.specs import SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.runge_kutta import HEUN_3, KUTTA_4, flow
from studio.diffusion.samplers.run import FlowRun, Step
from studio.diffusion.schedules import Uniform

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="flow-rk4",
    label="Flow, Runge-Kutta 4",
    family="flow",
    order=4.0,
    stochastic=False,
    nfe_per_step=4,
    default_steps=10,
    summary="Four looks at the velocity a step: the most exact per step, for many steps' worth.",
    source="Kutta 1901; Hairer et al. 1993, section II.1",
)
SCHEDULE = Uniform()


class Steps(FlowRun):
    """dx/dt = u(x, t) = epsilon - x0.

    The step onto t = 0, where the velocity must not be asked, is Heun's of order 3: its stages stay
    inside, and one step of order 3 leaves the run's order 4. N steps take 4 N - 1 evaluations.
    """

    def step(self, x: Tensor, at: Point, to: Point) -> Step:
        here, h = self.denoiser(x, *at), to.sigma - at.sigma
        method = KUTTA_4 if to.sigma > 0.0 else HEUN_3
        x, _ = method.step(flow(self.denoiser), here.origin(x), at.sigma, h, here.velocity)
        return x, here
