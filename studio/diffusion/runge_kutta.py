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

    from studio.diffusion.denoised import Denoised, Denoiser

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
#: Dormand & Prince 1980, of order 5. The slope at the end of a step is a seventh stage, and the
#: first of the next step (FSAL).
DORMAND_PRINCE = Tableau(
    (1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0),
    (
        (1 / 5,),
        (3 / 40, 9 / 40),
        (44 / 45, -56 / 15, 32 / 9),
        (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
        (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    ),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
#: Its seven slopes' weights in (order 5 minus order 4) ...
ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
#: ... and in the highest term of its continuous extension (Hairer et al., DOPRI5's `contd5`).
DENSE = (
    -12715105075 / 11282082432,
    0.0,
    87487479700 / 32700410799,
    -10690763975 / 1880347072,
    701980252875 / 199316789632,
    -1453857185 / 822651844,
    69997945 / 29380423,
)

#: The shortest step, in a time of length 1. What is wrong with a shorter one is the network's
#: rounding (bfloat16 has three digits), which no step is short enough to mend.
SHORTEST = 2e-3


def step_error(
    h: float, slopes: Sequence[Tensor], x: Tensor, x_next: Tensor, tolerance: float
) -> float:
    """The error of a step of DORMAND_PRINCE over the one allowed, tolerance (1 + |x|): the root
    mean square over a picture's numbers, of the worst picture. Waits for the device, once.
    """
    allowed = tolerance * (1.0 + x.abs().maximum(x_next.abs()))
    ratios = (h * combined(ERROR, slopes) / allowed).flatten(1)
    return float(ratios.square().mean(1).sqrt().max())


def is_accepted(h: float, error: float) -> bool:
    """Numbers that overflowed pass, like the shortest step: the run has to end."""
    return abs(h) < 1.01 * SHORTEST or not 1.0 < error < math.inf


def first_step(tolerance: float) -> float:
    """The step whose error is the tolerance where all derivatives are about 1."""
    return tolerance**0.2


def resized(h: float, error: float) -> float:
    """The length of the step after one of h with this error, whose fifth root it follows."""
    within = 1e-4 < error < math.inf
    factor = min(max(0.9 * error**-0.2, 0.2), 5.0) if within else 5.0
    return max(abs(h) * factor, SHORTEST)


def interpolated(
    theta: float, h: float, slopes: Sequence[Tensor], x: Tensor, x_next: Tensor
) -> Tensor:
    """x at t + theta h, of order 4, from the seven slopes of a finished step of DORMAND_PRINCE."""
    whole = x_next - x
    bend = h * slopes[0] - whole
    twist = whole - h * slopes[-1] - bend
    last = twist + (1.0 - theta) * h * combined(DENSE, slopes)
    return x + theta * (whole + (1.0 - theta) * (bend + theta * last))


@dataclass
class Flow:
    """The rectified flow's field u(x, t) = epsilon - x0, counting the denoiser's evaluations."""

    denoiser: Denoiser
    nfe: int = 0

    def denoised(self, x: Tensor, t: float) -> Denoised:
        here = self.denoiser(x, 1.0 - t, t)
        self.nfe += here.nfe
        return here

    def __call__(self, x: Tensor, t: float) -> Tensor:
        here = self.denoised(x, t)
        return here.epsilon - here.x0
