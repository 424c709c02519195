"""The one loop of all samplers: it walks the schedule's points and counts the evaluations.

Must not import torch at run time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from studio.diffusion.denoised import Counted, Denoised, Denoiser
from studio.diffusion.paths import Point, RectifiedFlow
from studio.diffusion.schedules import variance_preserving
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.noise import NoiseStream

#: What a step gives: x at its end, and the answer whose x0 is shown with it.
Step = tuple["Tensor", Denoised]
#: lambda = log(alpha / sigma), and what the denoiser said there: x0 or epsilon.
Known = tuple[float, "Tensor"]


class Run:
    """One run of a sampler: a subclass says what a step is.

    What a step leaves for the next it keeps on `self`, for each run has its own. Coefficients are
    Python floats: no step waits for the device.
    """

    #: The sampler's own path: the point at a schedule's time t = sigma / (alpha + sigma).
    point: Callable[[float], Point] = staticmethod(variance_preserving)
    #: step(x, at, to, **options) from x at the point `at` to the point `to`. It asks
    #: self.denoiser; its keywords are the spec's parameters, with the same defaults.
    step: Callable[..., Step]
    number = 0  # of the step, from 1
    past: tuple[Known, ...] = ()

    def __init__(
        self, denoiser: Denoiser, stream: NoiseStream, points: Sequence[Point], **options: Any
    ) -> None:
        self.denoiser, self.stream = Counted(denoiser), stream
        self.points, self.options = points, options

    @property
    def steps(self) -> int:
        return len(self.points) - 1

    @property
    def left(self) -> int:
        """Steps left to clean data, this one too: a limit on the order of the last few. Where the
        run does not end there it is more than all of them, and no limit."""
        return self.steps - self.number + 1 if self.points[-1].sigma == 0.0 else self.steps + 1

    def states(self, noise: Tensor) -> Iterator[State]:
        """From standard normal noise, scaled to the first point, a State a step."""
        x = math.hypot(*self.points[0]) * noise
        for number, (at, to) in enumerate(pairwise(self.points), start=1):
            self.number = number
            x, here = self.step(x, at, to, **self.options)
            yield State(number, self.steps, *to, x, here.x0, self.denoiser.nfe)

    def renewed(self, x: Tensor, amount: float) -> Tensor:
        """x + amount z, with fresh noise z; none is drawn where the amount is 0."""
        return x + amount * self.stream.like(x) if amount > 0.0 else x

    def remembered(self, at: Point, value: Tensor) -> tuple[Known, ...]:
        """(lambda, value) of this step and of up to three before, newest first.

        Pure noise lies infinitely far back in lambda: the next step is not told of it.
        """
        nodes = ((at.lam, value), *self.past)
        self.past = nodes[:3] if at.alpha > 0.0 else ()
        return nodes


class FlowRun(Run):
    """A run on the rectified flow's path: at the point (1 - t, t), dx/dt = u = epsilon - x0."""

    point = RectifiedFlow().point
