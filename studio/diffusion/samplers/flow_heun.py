"""Heun's method on the rectified flow. Must not import torch at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.specs import SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.run import FlowRun, Step
from studio.diffusion.schedules import Uniform

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="flow-heun",
    label="Flow, Heun",
    family="flow",
    order=2.0,
    stochastic=False,
    nfe_per_step=2,
    default_steps=16,
    summary="Follows the mean of the flow's velocity at both ends of each step.",
    source="Karras et al. 2022, arXiv:2206.00364, algorithm 1",
    is_family_default=True,
)
SCHEDULE = Uniform()


class Steps(FlowRun):
    """dx/dt = u(x, t) = epsilon - x0: an Euler step, then the trapezoid over both velocities.

    The step onto t = 0 stays Euler's (algorithm 1, line 6), so N steps take 2 N - 1 evaluations.
    """

    def step(self, x: Tensor, at: Point, to: Point) -> Step:
        here, h = self.denoiser(x, *at), to.sigma - at.sigma
        x = here.origin(x)
        x_euler = x + h * here.velocity
        if to.sigma == 0.0:
            return x_euler, here
        there = self.denoiser(x_euler, *to)
        return x + h * 0.5 * (here.velocity + there.epsilon - there.x0), here
