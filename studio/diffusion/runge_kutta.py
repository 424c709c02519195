"""Explicit Runge-Kutta methods as their tableaux, and the control of an adaptive step.

Hairer, Norsett & Wanner 1993, Solving Ordinary Differential Equations I, chapter II.
Must not import torch at run time, nor samplers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser

#: dx/dt = field(x, t).
Field = Callable[["Tensor", float], "Tensor"]


def combined(weights: Sequence[float], slopes: Sequence[Tensor]) -> Tensor:
    """sum_i weights[i] slopes[i]; weights of 0 cost nothing."""
    terms = [w * k for w, k in zip(weights, slopes, strict=True) if w != 0.0]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


@dataclass(frozen=True)
class Tableau:
    """k_i = field(x + h sum_j matrix[i][j] k_j, t + nodes[i] h), then x + h sum_i weights[i] k_i.

    The first stage, at (x, t) itself, is left out of nodes and matrix.
    """

    nodes: tuple[float, ...]
    matrix: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]

    def step(
        self, field: Field, x: Tensor, t: float, h: float, first: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """x at t + h, and the slopes k of all stages; first = field(x, t)."""
        slopes = [first]
        for node, row in zip(self.nodes, self.matrix, strict=True):
            slopes.append(field(x + h * combined(row, slopes), t + node * h))
        return x + h * combined(self.weights, slopes), slopes


#: Heun's method of order 3: no stage lies at the end of the step.
HEUN_3 = Tableau((1 / 3, 2 / 3), ((1 / 3,), (0.0, 2 / 3)), (1 / 4, 0.0, 3 / 4))
#: The classic one, of order 4.
KUTTA_4 = Tableau(
    (1 / 2, 1 / 2, 1.0), ((1 / 2,), (0.0, 1 / 2), (0.0, 0.0, 1.0)), (1 / 6, 1 / 3, 1 / 3, 1 / 6)
)


@dataclass(frozen=True)
class Embedded(Tableau):
    """A method with a second one, of an order less, in the same stages: their difference is the
    error of a step. The slope at its end is the last stage, and the first of the next step (FSAL).
    """

    order: int
    error: tuple[float, ...]  # weights of all slopes, the last too, in the difference
    dense: tuple[float, ...]  # and in the highest term of the continuous extension
    #: What is wrong with a shorter step is the network's rounding (bfloat16 has three digits),
    #: which no step is short enough to mend.
    shortest: float

    def first_step(self, tolerance: float) -> float:
        """The step whose error is the tolerance where all derivatives are about 1."""
        return tolerance ** (1.0 / self.order)

    def resized(self, h: float, error: float) -> float:
        """The length of the step after one of h with this error, whose root it follows."""
        within = 1e-4 < error < math.inf
        factor = min(max(0.9 * error ** (-1.0 / self.order), 0.2), 5.0) if within else 5.0
        return max(abs(h) * factor, self.shortest)

    def is_accepted(self, h: float, error: float) -> bool:
        """Numbers that overflowed pass, like the shortest step: the run has to end."""
        return abs(h) < 1.01 * self.shortest or not 1.0 < error < math.inf

    def step_error(
        self, h: float, slopes: Sequence[Tensor], x: Tensor, x_next: Tensor, tolerance: float
    ) -> float:
        """The error of a step over the one allowed, tolerance (1 + |x|): the root mean square over
        a picture's numbers, of the worst picture. Waits for the device, once."""
        allowed = tolerance * (1.0 + x.abs().maximum(x_next.abs()))
        ratios = (h * combined(self.error, slopes) / allowed).flatten(1)
        return float(ratios.square().mean(1).sqrt().max())

    def interpolated(
        self, theta: float, h: float, slopes: Sequence[Tensor], x: Tensor, x_next: Tensor
    ) -> Tensor:
        """x at t + theta h, from all slopes of a finished step: on the cubic through both ends and
        their slopes, mended by the `dense` weights."""
        whole = x_next - x
        bend = h * slopes[0] - whole
        last = whole - h * slopes[-1] - bend
        if self.dense:
            last = last + (1.0 - theta) * h * combined(self.dense, slopes)
        return x + theta * (whole + (1.0 - theta) * (bend + theta * last))


#: Dormand & Prince 1980, of order 5, with a continuous extension of order 4 (Hairer et al.,
#: DOPRI5's `contd5`). The shortest step is of a time of length 1.
DORMAND_PRINCE = Embedded(
    (1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0),
    (
        (1 / 5,),
        (3 / 40, 9 / 40),
        (44 / 45, -56 / 15, 32 / 9),
        (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
        (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    ),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
    order=5,
    error=(71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40),
    dense=(
        -12715105075 / 11282082432,
        0.0,
        87487479700 / 32700410799,
        -10690763975 / 1880347072,
        701980252875 / 199316789632,
        -1453857185 / 822651844,
        69997945 / 29380423,
    ),
    shortest=2e-3,
)
#: Bogacki & Shampine 1989, of order 3. The shortest step is of an angle, up to pi / 2.
BOGACKI_SHAMPINE = Embedded(
    (1 / 2, 3 / 4),
    ((1 / 2,), (0.0, 3 / 4)),
    (2 / 9, 1 / 3, 4 / 9),
    order=3,
    error=(-5 / 72, 1 / 12, 1 / 9, -1 / 8),
    dense=(),
    shortest=1e-3,
)


class Solver:
    """An ODE solved from x at t in steps of its own, each with its error kept to the tolerance.

    x and t are the end of the last accepted step; the pictures of a batch share their steps.
    """

    def __init__(
        self, method: Embedded, field: Field, x: Tensor, t: float, tolerance: float
    ) -> None:
        self.method, self.field, self.tolerance = method, field, tolerance
        self.x, self.t, self.slope = x, t, field(x, t)
        self.h = method.first_step(tolerance)  # the length of the next step to try

    def advance(self, end: float) -> None:
        """One accepted step towards t = end, never past it. Each trial waits for the device."""
        method, x, t = self.method, self.x, self.t
        while True:
            t_next = max(t - self.h, end) if end < t else min(t + self.h, end)
            h = t_next - t
            x_next, slopes = method.step(self.field, x, t, h, self.slope)
            slopes.append(self.field(x_next, t_next))
            error = method.step_error(h, slopes, x, x_next, self.tolerance)
            self.h = method.resized(h, error)
            if method.is_accepted(h, error):
                break
        self.start, self.slopes = (x, t), slopes
        self.x, self.t, self.slope = x_next, t_next, slopes[-1]

    def until(self, end: float) -> Tensor:
        """x at t = end."""
        while self.t != end:
            self.advance(end)
        return self.x

    def at(self, t: float) -> Tensor:
        """x at a time within the last step."""
        x, t_start = self.start
        h = self.t - t_start
        return self.method.interpolated((t - t_start) / h, h, self.slopes, x, self.x)


def flow(denoiser: Denoiser) -> Field:
    """The rectified flow's field u(x, t) = epsilon - x0."""
    return lambda x, t: denoiser(x, 1.0 - t, t).velocity
