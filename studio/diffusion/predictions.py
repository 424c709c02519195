"""Predictions: what a network's output means, and the exact way from it to (x0, epsilon).

Every parameterisation in use is one linear mixture, output = a x0 + b epsilon, beside the path's
own x = alpha x0 + sigma epsilon. Two equations, two unknowns: one formula converts them all.
Must not import torch at run time, networks, or samplers.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from studio.diffusion.paths import Path, Real, per_picture

if TYPE_CHECKING:
    from torch import Tensor

# |lambda| beyond which a prediction that says nothing about x0 (or epsilon) at that end is not
# asked: there the solution divides by exp(-|lambda|), 1e-3 here, which float32 still carries.
WELL_POSED = math.log(1e3)


@dataclass(frozen=True)
class Prediction(ABC):
    """output = a x0 + b epsilon, with (a, b) = weights(path, t)."""

    name: ClassVar[str]
    #: The lambda in which (x, output) determine (x0, epsilon).
    lambda_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    @abstractmethod
    def weights(self, path: Path, t: Real) -> tuple[Real, Real]:
        """(a, b) at time t of the path."""

    def target(self, x0: Tensor, epsilon: Tensor, path: Path, t: Real) -> Tensor:
        """What a perfect network would have to output for this pair; t is a float or (B,)."""
        a, b = self.weights(path, per_picture(t, x0))
        return a * x0 + b * epsilon

    def recover(self, output: Tensor, x: Tensor, path: Path, t: Real) -> tuple[Tensor, Tensor]:
        """(x0, epsilon) from x = alpha x0 + sigma epsilon and the output, by Cramer's rule."""
        t = per_picture(t, x)
        alpha, sigma = path.alpha(t), path.sigma(t)
        a, b = self.weights(path, t)
        determinant = alpha * b - sigma * a
        x0 = (b / determinant) * x - (sigma / determinant) * output
        epsilon = (alpha / determinant) * output - (a / determinant) * x
        return x0, epsilon


class Epsilon(Prediction):
    """The noise itself (Ho et al. 2020, arXiv:2006.11239, eq. 14)."""

    name = "epsilon"
    lambda_range = (-WELL_POSED, math.inf)

    def weights(self, path: Path, t: Real) -> tuple[Real, Real]:
        return 0.0 * t, 0.0 * t + 1.0


class X0(Prediction):
    """The data itself: a denoiser D(x; sigma) (Karras et al. 2022, arXiv:2206.00364, eq. 2)."""

    name = "x0"
    lambda_range = (-math.inf, WELL_POSED)

    def weights(self, path: Path, t: Real) -> tuple[Real, Real]:
        return 0.0 * t + 1.0, 0.0 * t


class Score(Prediction):
    """grad_x log p_t(x | x0) = -epsilon / sigma (Song et al. 2021, arXiv:2011.13456, eq. 7)."""

    name = "score"
    lambda_range = (-WELL_POSED, WELL_POSED)

    def weights(self, path: Path, t: Real) -> tuple[Real, Real]:
        return 0.0 * t, -1.0 / path.sigma(t)


class Velocity(Prediction):
    """The path's own velocity dx_t/dt = alpha' x0 + sigma' epsilon (Lipman et al. 2023,
    arXiv:2210.02747, eq. 13); epsilon - x0 on a rectified flow.
    """

    name = "velocity"

    def weights(self, path: Path, t: Real) -> tuple[Real, Real]:
        return path.d_alpha(t), path.d_sigma(t)


class V(Prediction):
    """v = alpha epsilon - sigma x0 (Salimans & Ho 2022, arXiv:2202.00512, appendix D)."""

    name = "v"

    def weights(self, path: Path, t: Real) -> tuple[Real, Real]:
        return -path.sigma(t), path.alpha(t)


PREDICTIONS: dict[str, Prediction] = {
    kind.name: kind() for kind in (Epsilon, X0, Score, Velocity, V)
}
