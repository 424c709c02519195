"""Dormand and Prince's adaptive solver on the rectified flow. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.runge_kutta import (
    DORMAND_PRINCE,
    Flow,
    first_step,
    interpolated,
    is_accepted,
    resized,
    step_error,
)
from studio.diffusion.schedules import Schedule, Uniform
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoised, Denoiser
    from studio.diffusion.noise import NoiseStream

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
#: Where a run onto t = 0 leaves the solver, whose stages reach the end of a step: Euler's step from
#: here, x0 as predicted, is off by the square of it.
LAST = 1e-3


@dataclass
class _Solver:
    """The run so far: x and the answer there at t, the end of the last accepted step."""

    flow: Flow
    x: Tensor
    t: float
    tolerance: float
    here: Denoised = field(init=False)
    h: float = field(init=False)  # the next step to try
    start: tuple[Tensor, float, Denoised] = field(init=False)  # of the last accepted step
    slopes: list[Tensor] = field(init=False)  # its seven

    def __post_init__(self) -> None:
        self.here, self.h = self.flow.denoised(self.x, self.t), first_step(self.tolerance)

    def advance(self, end: float) -> None:
        """One accepted step towards t = end, never past it. Each trial waits for the device."""
        here, x = self.here, self.here.origin(self.x)
        while True:
            t_next = max(self.t - self.h, end)
            h = t_next - self.t
            x_next, slopes = DORMAND_PRINCE.step(self.flow, x, self.t, h, here.epsilon - here.x0)
            there = self.flow.denoised(x_next, t_next)
            slopes.append(there.epsilon - there.x0)
            error = step_error(h, slopes, x, x_next, self.tolerance)
            self.h = resized(h, error)
            if is_accepted(h, error):
                break
        self.start, self.slopes = (x, self.t, here), slopes
        self.x, self.t, self.here = x_next, t_next, there

    def at(self, t: float) -> tuple[Tensor, Denoised]:
        """x at t, in the last step or (Euler's) beyond it, and the answer it was reached from."""
        if t < self.t:
            u = self.here.epsilon - self.here.x0
            return self.here.origin(self.x) + (t - self.t) * u, self.here
        x, t_start, here = self.start
        h = self.t - t_start
        return interpolated((t - t_start) / h, h, self.slopes, x, self.x), here


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    tolerance: float = 1e-3,
) -> Iterator[State]:
    """dx/dt = u(x, t) = epsilon - x0, in steps of the solver's own; the schedule's points are read
    off its continuous extension. A trial step takes 6 evaluations, rejected or not.

    The pictures of a batch share their steps, which the hardest of them sets: each stays within
    its tolerance, but is the one made alone only to that tolerance.
    """
    times = schedule(steps)
    end = times[-1] if times[-1] > 0.0 else min(LAST, times[-2])
    flow, x = Flow(denoiser), math.hypot(1.0 - times[0], times[0]) * noise
    solver = _Solver(flow, x, times[0], tolerance)
    for step, t in enumerate(times[1:], start=1):
        while solver.t > max(t, end):
            solver.advance(end)
        x, here = solver.at(t)
        yield State(step, steps, 1.0 - t, t, x, here.x0, flow.nfe)
