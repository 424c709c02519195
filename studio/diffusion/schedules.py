"""Time grids: where along the way from noise to data a sampler stops to ask the denoiser.

A schedule is a function steps -> steps + 1 decreasing numbers t = sigma / (alpha + sigma), the time
of the rectified flow: 1 is pure noise, 0 clean data. t names a signal-to-noise ratio on any path
(lambda = log(alpha / sigma) = log((1 - t) / t)), so any schedule serves any sampler.
Must not import torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from studio.core.errors import UsageError
from studio.diffusion.paths import DiscreteDDPM, evenly, rf_time

Schedule = Callable[[int], tuple[float, ...]]


def variance_preserving(t: float) -> tuple[float, float]:
    """(alpha, sigma) of the ratio (1 - t) / t with alpha^2 + sigma^2 = 1."""
    norm = math.hypot(1.0 - t, t)
    return (1.0 - t) / norm, t / norm


def shift(t: float, k: float) -> float:
    """S_k(t) = k t / (1 + (k - 1) t): more time near the noise for k > 1 (Esser et al. 2024,
    arXiv:2403.03206, eq. 23, k = sqrt(m / n) for m pixels after training at n). S_a S_b = S_ab.
    """
    return k * t / (1.0 + (k - 1.0) * t)


def _checked(steps: int) -> int:
    if steps < 1:
        raise UsageError(f"sampling needs at least 1 step, not {steps}")
    return steps


@dataclass(frozen=True)
class Uniform:
    """t = 1, 1 - 1/N, ..., 0."""

    def __call__(self, steps: int) -> tuple[float, ...]:
        return evenly(1.0, 0.0, _checked(steps) + 1)


@dataclass(frozen=True)
class Shifted:
    """Another schedule, each time t moved to S_k(t)."""

    schedule: Schedule
    k: float

    def __call__(self, steps: int) -> tuple[float, ...]:
        return tuple(shift(t, self.k) for t in self.schedule(steps))


@dataclass(frozen=True)
class UniformLambda:
    """Even steps in lambda, then one to clean data (Lu et al. 2022, arXiv:2206.00927)."""

    first: float = -5.0
    last: float = 4.0

    def __call__(self, steps: int) -> tuple[float, ...]:
        return *(rf_time(lam) for lam in evenly(self.first, self.last, _checked(steps))), 0.0


@dataclass(frozen=True)
class Karras:
    """Even steps in sigma_bar^(1/rho), then one to clean data, sigma_bar = sigma / alpha (Karras et
    al. 2022, arXiv:2206.00364, eq. 5).
    """

    sigma_min: float = 0.02
    sigma_max: float = 150.0
    rho: float = 7.0

    def __call__(self, steps: int) -> tuple[float, ...]:
        high, low = self.sigma_max ** (1 / self.rho), self.sigma_min ** (1 / self.rho)
        roots = evenly(high, low, _checked(steps))
        return *(root**self.rho / (1.0 + root**self.rho) for root in roots), 0.0


@dataclass(frozen=True)
class Trailing:
    """Every (T / N)-th index of a discrete chain, counted back from the last, then clean data
    (Lin et al. 2023, arXiv:2305.08891, table 2: the spacing that starts at pure noise).
    """

    path: DiscreteDDPM

    def __call__(self, steps: int) -> tuple[float, ...]:
        count = len(self.path.alphas_bar)
        if _checked(steps) > count:
            raise UsageError(f"this chain has {count} steps: ask for {count} or fewer, not {steps}")
        indices = (round(count - count * i / steps) - 1 for i in range(steps))
        return *(rf_time(self.path.lambda_from_t(float(i))) for i in indices), 0.0
