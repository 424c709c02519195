"""Dormand and Prince's adaptive solver on the rectified flow. Must not import torch at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.runge_kutta import DORMAND_PRINCE
from studio.diffusion.samplers.adaptive import AdaptiveRun
from studio.diffusion.samplers.run import FlowRun
from studio.diffusion.schedules import Uniform

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="flow-dopri5",
    label="Flow, Dormand-Prince 5(4)",
    family="flow",
    order=5.0,
    stochastic=False,
    nfe_per_step=None,
    default_steps=25,
    summary="Chooses its own steps to keep within a tolerance; the steps here are only shown.",
    source="Dormand & Prince 1980; Lipman et al. 2023, arXiv:2210.02747, section 6",
    parameters=(
        Parameter(
            "tolerance",
            "Tolerance",
            1e-3,
            "Error allowed in one step, for numbers of about 1: smaller is closer and slower.",
            low=1e-6,
            high=0.1,
        ),
    ),
)
SCHEDULE = Uniform()


class Steps(AdaptiveRun, FlowRun):
    """dx/dt = u(x, t) = epsilon - x0. A trial step takes 6 evaluations, rejected or not."""

    method = DORMAND_PRINCE

    def time(self, at: Point) -> float:
        return at.sigma

    def field(self, x: Tensor, time: float) -> Tensor:
        self.here = self.denoiser(x, 1.0 - time, time)
        return self.here.velocity
