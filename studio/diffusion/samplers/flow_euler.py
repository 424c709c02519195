"""Euler's method on the rectified flow. Must not import torch at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.specs import SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.run import FlowRun, Step
from studio.diffusion.schedules import Uniform

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="flow-euler",
    label="Flow, Euler",
    family="flow",
    order=1.0,
    stochastic=False,
    nfe_per_step=1,
    default_steps=50,
    summary="Follows the flow's velocity in straight steps, one evaluation each.",
    source="Liu et al. 2022, arXiv:2209.03003",
    twin="ddim",
)
SCHEDULE = Uniform()


class Steps(FlowRun):
    """dx/dt = u = epsilon - x0 along x = (1 - t) x0 + t epsilon, from t = 1 to 0.

    The step x + (t_next - t) u is x0 and epsilon mixed anew at t_next: DDIM's step (Song et al.
    2021, arXiv:2010.02502, eq. 12 with sigma_t = 0) in the flow's coordinates.
    """

    def step(self, x: Tensor, at: Point, to: Point) -> Step:
        here = self.denoiser(x, *at)
        return to.alpha * here.x0 + to.sigma * here.epsilon, here
