"""The mixture that the tests of this folder guide through, and what they ask at each point."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from studio.diffusion.denoised import Denoised, Denoiser
from studio.diffusion.guidance import all_rules

from ..cases import MIXTURE
from ..test_denoiser import pictures

UNCONDITIONAL = MIXTURE
CONDITIONAL = MIXTURE.conditional((0,))
POINTS = ((0.6, 0.4), (0.15, 0.85), (0.8, 0.6), (1.0, 12.0), (0.98, 0.02))

#: Every rule that mixes two denoisers.
RULES = [spec.name for spec in all_rules() if spec.needs != "classifier"]
each_rule = pytest.mark.parametrize("name", RULES)
each_point = pytest.mark.parametrize(("alpha", "sigma"), POINTS)


def there(alpha: float, sigma: float) -> Tensor:
    """Pictures (5, 2, 1, 1) from about where the mixture is at this point."""
    return alpha * MIXTURE.mean().double().reshape(2, 1, 1) + (alpha + sigma) * pictures()


def log_class(x: Tensor, alpha: float, sigma: float) -> Tensor:
    """log p(c | x) by Bayes' rule, (B,): the classifier that knows the mixture."""
    joint = CONDITIONAL.log_density(x, alpha, sigma) + torch.tensor(MIXTURE.weights[0]).log()
    return joint - MIXTURE.log_density(x, alpha, sigma)


def same(actual: Denoised, expected: Denoised, tolerance: float = 1e-10) -> None:
    for a, b in ((actual.x0, expected.x0), (actual.epsilon, expected.epsilon)):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


class Counting:
    """A denoiser that remembers the points it was asked at."""

    def __init__(self, denoiser: Denoiser) -> None:
        self.denoiser = denoiser
        self.points: list[tuple[float, float]] = []

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        self.points.append((alpha, sigma))
        return self.denoiser(x, alpha, sigma)
