"""UniPC in the rectified flow's own variables. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.samplers.unipc import follow
from studio.diffusion.schedules import Schedule, UniformLambda
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

SAMPLER = SamplerSpec(
    name="flow-unipc",
    label="Flow, UniPC",
    family="flow",
    order=3.0,
    stochastic=False,
    nfe_per_step=1,
    default_steps=15,
    summary="UniPC on the flow's straight line: each evaluation corrects a step, then predicts.",
    source="Zhao et al. 2023, arXiv:2302.04867, section 3, on x0; alpha = 1 - t, sigma = t",
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
)
SCHEDULE = UniformLambda()


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    order: int = 2,
) -> Iterator[State]:
    """unipc's predictor and corrector (`follow`) with the flow's alpha and sigma. As in flow-2m, a
    step goes straight from x towards a mean of the x0 predicted around it.
    """
    points = [(1.0 - t, t) for t in schedule(steps)]
    return follow(denoiser, math.hypot(*points[0]) * noise, points, order)
