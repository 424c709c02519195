"""UniPC in the rectified flow's own variables. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import half_log_snr
from studio.diffusion.samplers.unipc import unified
from studio.diffusion.schedules import Schedule, UniformLambda
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream
    from studio.diffusion.samplers.unipc import Known, Point

SAMPLER = SamplerSpec(
    name="flow-unipc",
    label="Flow, UniPC",
    family="flow",
    order=3.0,
    stochastic=False,
    nfe_per_step=1,
    default_steps=15,
    summary="UniPC on the flow's straight line: each evaluation corrects a step, then predicts.",
    source="Zhao et al. 2023, arXiv:2302.04867, algorithms 7 and 8, with alpha = 1 - t, sigma = t",
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
    """unipc's predictor and corrector (`unified`) with the flow's alpha and sigma. As in flow-2m, a
    step goes straight from x towards a mean of the x0 predicted around it.

    Pure noise lies infinitely far back in lambda: it is neither corrected from nor remembered.
    """
    points = [(1.0 - t, t) for t in schedule(steps)]
    ends_clean = points[-1][1] == 0.0
    x, nfe = math.hypot(*points[0]) * noise, 0
    past: tuple[Known, ...] = ()  # newest first
    before: tuple[Tensor, Point, tuple[Known, ...]] | None = None  # x, point, past of the last step
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        here = denoiser(x, *point)
        nfe += here.nfe
        known = half_log_snr(*point), here.x0
        if before is not None:
            x_before, point_before, ((_, x0_before), *others) = before
            x = unified(x_before, x0_before, point_before, point, (known, *others))
        x = here.origin(x)
        length = min(order, steps - step + 1) if ends_clean else order
        taken = (known, *past)[:length]
        x_next = unified(x, here.x0, point, point_next, taken[1:])
        if point[0] > 0.0:
            before, past = (x, point, taken), (known, *past)[: order - 1]
        x = x_next
        yield State(step, steps, *point_next, x, here.x0, nfe)
