"""Adaptive projected guidance. Must not import torch at run time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studio.core.specs import GuidanceSpec, Parameter
from studio.diffusion.denoised import Denoised
from studio.diffusion.guidance.guided import Guided
from studio.diffusion.paths import half_log_snr

if TYPE_CHECKING:
    from torch import Tensor

GUIDANCE = GuidanceSpec(
    name="apg",
    label="Adaptive projected",
    summary="Drops the part of the guidance that only saturates, caps its length and damps it over"
    " the steps.",
    source="Sadat et al. 2024, arXiv:2410.02416",
    parameters=(
        Parameter(
            "eta", "Parallel part", 0.0, "How much of the saturating part stays; 1: all.", 0.0, 1.0
        ),
        Parameter(
            "threshold",
            "Longest update",
            5.0,
            "Cap on the length of x0_c - x0_u over a whole picture; 0: none.",
            0.0,
            1000.0,
        ),
        Parameter(
            "momentum",
            "Momentum",
            -0.5,
            "Weight of the steps before; below 0 damps what they agree on, 0: none.",
            -0.95,
            0.95,
        ),
    ),
)


class Momentum:
    """The running sum d + beta (d' + beta (d'' + ...)) of one run's differences, newest first.

    A call as noisy as the first one begins a new run: a sampler starts where it is noisiest, so
    the same denoiser may be sampled with again.
    """

    def __init__(self) -> None:
        self._sum: Tensor | float = 0.0
        self._start = math.inf

    def add(self, difference: Tensor, beta: float, lam: float) -> Tensor:
        """The sum with this difference (B, C, H, W), seen at lambda = log(alpha / sigma)."""
        if lam <= self._start:
            self._sum, self._start = 0.0, lam
        self._sum = difference + beta * self._sum
        return self._sum


@dataclass(frozen=True)
class Projected(Guided):
    """x0 = x0_c + (w - 1) (d_orthogonal + eta d_parallel), d = x0_c - x0_u, per picture.

    First d takes up `momentum` of the evaluations before it in this run (every guided one counts:
    two a step under Heun's method), then is cut to the length `threshold`, then split along x0_c.
    All of it happens in x0 space, as in the paper, whose threshold of 5 is for 4,096 numbers a
    picture (it grows like their square root). eta = 1, threshold = 0 and momentum = 0 make it
    classifier-free guidance; w = 1 is the conditional.
    """

    eta: float = 0.0
    threshold: float = 5.0
    momentum: float = -0.5
    _past: Momentum = field(default_factory=Momentum, init=False, repr=False, compare=False)

    def mixed(
        self, conditional: Denoised, unconditional: Denoised, alpha: float, sigma: float
    ) -> Denoised:
        d = conditional.x0 - unconditional.x0
        if self.momentum != 0.0:
            d = self._past.add(d, self.momentum, half_log_snr(alpha, sigma))
        if self.threshold > 0.0:
            d = d * (self.threshold / _dot(d, d).sqrt()).clamp(max=1.0)
        d = d - (1.0 - self.eta) * _parallel(d, conditional.x0)
        return conditional.shifted((self.scale - 1.0) * d, alpha, sigma)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """(B, C, H, W) twice -> (B, 1, 1, 1)."""
    return (a * b).sum(dim=tuple(range(1, a.ndim)), keepdim=True)


def _parallel(d: Tensor, direction: Tensor) -> Tensor:
    """The part of d along `direction`, each (B, C, H, W); 0 where that is 0."""
    square = _dot(direction, direction)
    return (_dot(d, direction) / square).where(square > 0.0, 0.0) * direction


guide = Projected
