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

from studio.core.errors import UsageError, pick
from studio.core.specs import ScheduleSpec
from studio.diffusion.paths import DiscreteDDPM, Point, evenly, rf_time

Schedule = Callable[[int], tuple[float, ...]]


def variance_preserving(t: float) -> Point:
    """(alpha, sigma) of the ratio (1 - t) / t with alpha^2 + sigma^2 = 1."""
    norm = math.hypot(1.0 - t, t)
    return Point((1.0 - t) / norm, t / norm)


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
class Exponential:
    """Even steps in log sigma_bar, then one to clean data: UniformLambda under the name that
    k-diffusion gave it, between the ends of Karras.
    """

    sigma_min: float = 0.02
    sigma_max: float = 150.0

    def __call__(self, steps: int) -> tuple[float, ...]:
        return UniformLambda(-math.log(self.sigma_max), -math.log(self.sigma_min))(steps)


@dataclass(frozen=True)
class BetaQuantiles:
    """The times below which a Beta(a, b) variable falls with probability 1, 1 - 1/N, ..., 0: dense
    at both ends when a, b < 1 (Lee et al. 2024, arXiv:2407.12173).
    """

    a: float = 0.6
    b: float = 0.6

    def __call__(self, steps: int) -> tuple[float, ...]:
        return tuple(beta_quantile(q, self.a, self.b) for q in Uniform()(steps))


def beta_cdf(t: float, a: float, b: float) -> float:
    """P(T <= t) for T ~ Beta(a, b): int_0^t u^(a-1) (1-u)^(b-1) du / B(a, b).

    Up to t = 1/2 by the binomial series of (1-u)^(b-1), beyond by symmetry. Not scipy's betainc and
    betaincinv: importing scipy.special takes 0.4 s, and this is on the way to every first picture.
    """
    if t > 0.5:
        return 1.0 - beta_cdf(1.0 - t, b, a)
    total, term, n = 0.0, 1.0, 0  # term = (1-b)(2-b)...(n-b) / n! t^n
    while abs(term) > 1e-17:
        total += term / (a + n)
        n += 1
        term *= (n - b) / n * t
    return t**a * total * math.gamma(a + b) / (math.gamma(a) * math.gamma(b))


def beta_quantile(q: float, a: float, b: float) -> float:
    """The t with beta_cdf(t, a, b) = q, by bisection until no float lies between the bounds."""
    if q in (0.0, 1.0):
        return q
    low, high = 0.0, 1.0
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if beta_cdf(middle, a, b) < q else (low, middle)
    return high


@dataclass(frozen=True)
class Trailing:
    """Every (T / N)-th index of a discrete chain, counted back from the last, then clean data
    (Lin et al. 2023, arXiv:2305.08891, table 2: the spacing that starts at pure noise).
    """

    path: DiscreteDDPM

    def __call__(self, steps: int) -> tuple[float, ...]:
        count = _indices(self.path, steps)
        return _on_chain(self.path, [round(count - count * i / steps) - 1 for i in range(steps)])


@dataclass(frozen=True)
class Leading:
    """Every (T // N)-th index of a discrete chain, counted up from `offset`, then clean data (Lin
    et al. 2023, table 2). The first evaluation is short of pure noise by up to T // N indices: the
    fault that Trailing mends. Song et al. 2021 and Stable Diffusion (offset 1) sample so.
    """

    path: DiscreteDDPM
    offset: int = 0

    def __call__(self, steps: int) -> tuple[float, ...]:
        stride = _indices(self.path, steps) // steps
        return _on_chain(self.path, [stride * i + self.offset for i in reversed(range(steps))])


def _indices(path: DiscreteDDPM, steps: int) -> int:
    count = len(path.alphas_bar)
    if _checked(steps) > count:
        raise UsageError(f"this chain has {count} steps: ask for {count} or fewer, not {steps}")
    return count


def _on_chain(path: DiscreteDDPM, indices: list[int]) -> tuple[float, ...]:
    return *(rf_time(path.lambda_from_t(float(index))) for index in indices), 0.0


# Time shifts: a factor k in sigma_bar, for any of the grids above.


def shift(t: float, k: float) -> float:
    """S_k(t) = k t / (1 + (k - 1) t): more time near the noise for k > 1 (Esser et al. 2024,
    arXiv:2403.03206, eq. 23). S_a S_b = S_ab, and sigma_bar is multiplied by k.
    """
    return k * t / ((1.0 - t) + k * t)  # in this order no rounding takes it beyond 1


@dataclass(frozen=True)
class Shifted:
    """Another schedule, each time t moved to S_k(t), k > 0. Raises UsageError for other k."""

    schedule: Schedule
    k: float

    def __post_init__(self) -> None:
        if not 0.0 < self.k < math.inf:
            raise UsageError(f"the time shift must be a number above 0, not {self.k:g}.")

    def __call__(self, steps: int) -> tuple[float, ...]:
        return tuple(shift(t, self.k) for t in self.schedule(steps))


def shifted(schedule: Schedule, k: float) -> Schedule:
    """`schedule` moved by S_k; itself for k = 1."""
    return schedule if k == 1.0 else Shifted(schedule, k)


LEAST_START = 1e-6  # far less noise than is seen; the squares of far smaller times are 0


@dataclass(frozen=True)
class StartingAt:
    """Another schedule, from time `start` on: all its times scaled to end at 0 as before. For a
    sample that is not all noise (SDEdit, Meng et al. 2022, arXiv:2108.01073)."""

    schedule: Schedule
    start: float

    def __call__(self, steps: int) -> tuple[float, ...]:
        times = self.schedule(steps)
        start = max(self.start, LEAST_START)
        return tuple(start * (t / times[0]) for t in times)


@dataclass(frozen=True)
class Within:
    """Another schedule, of which no time is above `most`: where its first is, all are scaled as if
    it began there. A network knows no more noise than it was trained with."""

    schedule: Schedule
    most: float

    def __call__(self, steps: int) -> tuple[float, ...]:
        times = self.schedule(steps)
        return times if times[0] <= self.most else StartingAt(self.schedule, self.most)(steps)


def shift_for_pixels(pixels: int, trained_pixels: int) -> float:
    """k = sqrt(m / n): with m pixels a picture drowns in the noise later than with the n pixels of
    training, by this factor in sigma_bar (Esser et al. 2024, section 5.3.2; Stable Diffusion 3).
    """
    return math.sqrt(pixels / trained_pixels)


def shift_for_tokens(tokens: int) -> float:
    """FLUX.1's k = e^mu, mu linear in the number of image tokens: 0.5 at 256, 1.15 at 4096."""
    return math.exp(0.5 + (1.15 - 0.5) * (tokens - 256) / (4096 - 256))


# The registry.


_NAMED = (
    (
        ScheduleSpec(
            "uniform",
            "Uniform in t",
            "Even steps along the flow's straight line.",
            "Liu et al. 2022, arXiv:2209.03003",
        ),
        Uniform(),
    ),
    (
        ScheduleSpec(
            "trailing",
            "Trailing",
            "Even steps in the DDPM chain's own time, from pure noise.",
            "Lin et al. 2023, arXiv:2305.08891, table 2",
        ),
        Trailing(DiscreteDDPM.linear()),
    ),
    (
        ScheduleSpec(
            "leading",
            "Leading",
            "Even steps in the DDPM chain's own time that start short of pure noise.",
            "Song et al. 2021, arXiv:2010.02502, appendix D",
        ),
        Leading(DiscreteDDPM.linear()),
    ),
    (
        ScheduleSpec(
            "uniform-lambda",
            "Uniform in log-SNR",
            "Even steps in the log signal-to-noise ratio.",
            "Lu et al. 2022, arXiv:2206.00927",
        ),
        UniformLambda(),
    ),
    (
        ScheduleSpec(
            "karras",
            "Karras",
            "Shorter and shorter steps in noise as it gets less.",
            "Karras et al. 2022, arXiv:2206.00364, eq. 5",
        ),
        Karras(),
    ),
    (
        ScheduleSpec(
            "exponential",
            "Exponential",
            "The noise falls by the same factor at every step.",
            "k-diffusion, get_sigmas_exponential",
        ),
        Exponential(),
    ),
    (
        ScheduleSpec(
            "beta",
            "Beta",
            "Quantiles of Beta(0.6, 0.6): short steps at both ends.",
            "Lee et al. 2024, arXiv:2407.12173",
        ),
        BetaQuantiles(),
    ),
)
SCHEDULES: dict[str, Schedule] = {spec.name: schedule for spec, schedule in _NAMED}


def all_schedules() -> tuple[ScheduleSpec, ...]:
    """Every named schedule's spec."""
    return tuple(spec for spec, _ in _NAMED)


def find_schedule(name: str) -> Schedule:
    """The schedule of that name. Raises UsageError."""
    return pick("schedule", name, SCHEDULES)
