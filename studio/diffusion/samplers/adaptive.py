"""The loop of the samplers that choose their own steps. Must not import torch at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.diffusion.paths import Point
from studio.diffusion.runge_kutta import Embedded, Solver
from studio.diffusion.samplers.run import Run, Step

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoised

#: The clock at which a run onto clean data leaves the solver, whose stages reach the end of a step.
#: From here x0 and epsilon stay as they are: what that neglects is of the order of its square.
LAST = 1e-3


class AdaptiveRun(Run):
    """An ODE in a clock that falls to 0 at clean data, by a Solver; the schedule's points are read
    off its continuous extension, so that they change neither the solution nor its cost.

    The pictures of a batch share their steps, which the hardest of them sets: each stays within its
    tolerance, but is the one made alone only to that tolerance.
    """

    method: Embedded
    solver: Solver
    here: Denoised  # the answer at the end of the last accepted step
    before: Denoised  # and at its start

    def time(self, at: Point) -> float:
        """The clock at a point."""
        raise NotImplementedError

    def field(self, x: Tensor, time: float) -> Tensor:
        """dx / d time; the answer it comes from is `here`."""
        raise NotImplementedError

    def step(self, x: Tensor, at: Point, to: Point, *, tolerance: float = 1e-3) -> Step:
        if self.number == 1:
            self.solver = Solver(self.method, self.field, x, self.time(at), tolerance)
        solver, time, last = self.solver, self.time(to), self.time(self.points[-1])
        end = last if last > 0.0 else min(LAST, self.time(self.points[-2]))
        while solver.t > max(time, end):
            self.before, solver.x = self.here, self.here.origin(solver.x)
            solver.advance(end)
        if time < solver.t:
            return to.alpha * self.here.x0 + to.sigma * self.here.epsilon, self.here
        return solver.at(time), self.before
