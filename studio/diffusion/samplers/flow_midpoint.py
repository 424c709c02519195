"""The midpoint method on the rectified flow. Must not import torch at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.specs import SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.run import FlowRun, Step
from studio.diffusion.schedules import Uniform

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="flow-midpoint",
    label="Flow, midpoint",
    family="flow",
    order=2.0,
    stochastic=False,
    nfe_per_step=2,
    default_steps=25,
    summary="Follows the flow's velocity half-way through each step; second order.",
    source="Lipman et al. 2023, arXiv:2210.02747, section 6",
)
SCHEDULE = Uniform()


class Steps(FlowRun):
    """dx/dt = u(x, t) = epsilon - x0: half an Euler step, then the whole step with u found there.

    It never asks at the end of a step, so the last one, onto t = 0, is like the others.
    """

    def step(self, x: Tensor, at: Point, to: Point) -> Step:
        here, middle = self.denoiser(x, *at), self.point(0.5 * (at.sigma + to.sigma))
        x = here.origin(x)
        there = self.denoiser(x + (middle.sigma - at.sigma) * here.velocity, *middle)
        return x + (to.sigma - at.sigma) * there.velocity, here
