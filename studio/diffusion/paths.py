"""Gaussian probability paths: x_t = alpha(t) x0 + sigma(t) epsilon, from data to noise as t grows.

A path is two functions of time. All a sampler needs to know about one is the signal-to-noise ratio
alpha / sigma: two points of equal ratio, on any two paths, differ by a factor only. Times are
floats when sampling and tensors of shape (B,) when training; both go through the same formulas.
Must not import torch at run time (the sampler registry is read without it).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from operator import mul
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

Real = TypeVar("Real", float, "Tensor")


def _elementwise(name: str) -> Callable[[Real], Real]:
    """The function of that name: `math`'s for a number, the tensor's own for a tensor."""
    of_number = getattr(math, name)
    return lambda x: of_number(x) if isinstance(x, float | int) else getattr(x, name)()


exp, expm1, sqrt = _elementwise("exp"), _elementwise("expm1"), _elementwise("sqrt")
sin = _elementwise("sin")


def half_log_snr(alpha: float, sigma: float) -> float:
    """lambda = log(alpha / sigma): +inf for clean data, -inf for pure noise."""
    if sigma == 0.0:
        return math.inf
    return -math.inf if alpha == 0.0 else math.log(alpha / sigma)


class Point(NamedTuple):
    """A point of a path: x = alpha x0 + sigma epsilon."""

    alpha: float
    sigma: float

    @property
    def lam(self) -> float:
        """lambda = log(alpha / sigma)."""
        return half_log_snr(*self)


def rf_time(lam: float) -> float:
    """t = sigma / (alpha + sigma) = 1 / (1 + e^lambda): the rectified flow's time of that ratio."""
    small = math.exp(-abs(lam))
    return (small if lam > 0.0 else 1.0) / (1.0 + small)


def evenly(first: float, last: float, count: int) -> tuple[float, ...]:
    """`count` numbers from first to last; one number is the first."""
    return tuple(first + (last - first) * i / max(count - 1, 1) for i in range(count))


def per_picture(t: Real, like: Tensor) -> Real:
    """A float as it is; times (B,) as (B, 1, ..., 1), to multiply `like` of shape (B, ...)."""
    return t if isinstance(t, float | int) else t.reshape(-1, *[1] * (like.ndim - 1))


class Path(ABC):
    """x_t = alpha(t) x0 + sigma(t) epsilon, t in the path's own unit of time.

    lambda(t) = log(alpha / sigma) falls strictly from the data end to the noise end.
    """

    @property
    def ends(self) -> tuple[float, float]:
        """The times of the data end and of the noise end."""
        return 0.0, 1.0

    @abstractmethod
    def alpha(self, t: Real) -> Real:
        """The signal's amplitude."""

    @abstractmethod
    def sigma(self, t: Real) -> Real:
        """The noise's amplitude."""

    @abstractmethod
    def d_alpha(self, t: Real) -> Real:
        """d alpha / d t."""

    @abstractmethod
    def d_sigma(self, t: Real) -> Real:
        """d sigma / d t."""

    @abstractmethod
    def _solve(self, lam: float) -> float:
        """The t with lambda(t) = lam, for lam strictly within the path's range."""

    def lambda_from_t(self, t: float) -> float:
        """lambda = log(alpha / sigma), half the log signal-to-noise ratio."""
        return half_log_snr(self.alpha(t), self.sigma(t))

    def t_from_lambda(self, lam: float) -> float:
        """The inverse of lambda_from_t; beyond either end of the path, that end."""
        data, noise = self.ends
        if lam >= self.lambda_from_t(data):
            return data
        return noise if lam <= self.lambda_from_t(noise) else self._solve(lam)

    def point(self, t: float) -> Point:
        """(alpha, sigma) at time t."""
        return Point(self.alpha(t), self.sigma(t))

    def log_snr(self, t: float) -> float:
        """log(alpha^2 / sigma^2) = 2 lambda."""
        return 2.0 * self.lambda_from_t(t)

    def drift(self, t: Real) -> Real:
        """f = alpha' / alpha of the path's SDE dx = f x dt + g dW; infinite where alpha = 0."""
        return self.d_alpha(t) / self.alpha(t)

    def diffusion_squared(self, t: Real) -> Real:
        """g^2 = 2 sigma (sigma' - sigma alpha' / alpha) (Lu et al. 2022, arXiv:2206.00927,
        section 2.1); the SDE then has the path's marginals."""
        return 2.0 * self.sigma(t) * (self.d_sigma(t) - self.sigma(t) * self.drift(t))

    def mix(self, x0: Tensor, epsilon: Tensor, t: Real) -> Tensor:
        """x_t = alpha(t) x0 + sigma(t) epsilon; t is a float or has shape (B,)."""
        t = per_picture(t, x0)
        return self.alpha(t) * x0 + self.sigma(t) * epsilon


@dataclass(frozen=True)
class RectifiedFlow(Path):
    """x_t = (1 - t) x0 + t epsilon (Liu et al. 2022, arXiv:2209.03003, eq. 1; noise at t = 1)."""

    def alpha(self, t: Real) -> Real:
        return 1.0 - t

    def sigma(self, t: Real) -> Real:
        return t

    def d_alpha(self, t: Real) -> Real:
        return 0.0 * t - 1.0  # a constant, of t's shape

    def d_sigma(self, t: Real) -> Real:
        return 0.0 * t + 1.0

    def _solve(self, lam: float) -> float:
        return rf_time(lam)


@dataclass(frozen=True)
class Trigonometric(Path):
    """alpha = cos(pi t / 2), sigma = sin(pi t / 2): a quarter circle at even speed, the GVP path of
    Ma et al. 2024 (SiT, arXiv:2401.08740).
    """

    def alpha(self, t: Real) -> Real:
        return sin(0.5 * math.pi * (1.0 - t))  # the cosine, and exactly 0 at t = 1

    def sigma(self, t: Real) -> Real:
        return sin(0.5 * math.pi * t)

    def d_alpha(self, t: Real) -> Real:
        return -0.5 * math.pi * self.sigma(t)

    def d_sigma(self, t: Real) -> Real:
        return 0.5 * math.pi * self.alpha(t)

    def _solve(self, lam: float) -> float:
        t = 2.0 / math.pi * math.atan(math.exp(-abs(lam)))
        return t if lam > 0.0 else 1.0 - t


@dataclass(frozen=True)
class LinearBeta(Path):
    """The SDEs with drift -1/2 beta(t) x, beta linear in t (Song et al. 2021, arXiv:2011.13456, eq.
    32): alpha = exp(-tau / 2), tau(t) = int_0^t beta. They start at t = 1e-5, as in their appendix
    C: the score diverges at 0.
    """

    beta_min: float = 0.1
    beta_max: float = 20.0

    @property
    def ends(self) -> tuple[float, float]:
        return 1e-5, 1.0

    def beta(self, t: Real) -> Real:
        return self.beta_min + (self.beta_max - self.beta_min) * t

    def tau(self, t: Real) -> Real:
        return self.beta_min * t + 0.5 * (self.beta_max - self.beta_min) * t**2

    def alpha(self, t: Real) -> Real:
        return exp(-0.5 * self.tau(t))

    def d_alpha(self, t: Real) -> Real:
        return -0.5 * self.beta(t) * self.alpha(t)

    def _t_from_tau(self, tau: float) -> float:
        """The positive root of tau(t) = tau, without cancellation (Lu et al. 2022,
        arXiv:2206.00927, appendix D)."""
        slope = self.beta_max - self.beta_min
        return 2.0 * tau / (self.beta_min + math.sqrt(self.beta_min**2 + 2.0 * slope * tau))


@dataclass(frozen=True)
class VariancePreserving(LinearBeta):
    """The VP SDE dx = -1/2 beta x dt + sqrt(beta) dW (Song et al. 2021, eqs. 11, 33):
    alpha^2 + sigma^2 = 1.
    """

    def sigma(self, t: Real) -> Real:
        return sqrt(-expm1(-self.tau(t)))

    def d_sigma(self, t: Real) -> Real:
        return 0.5 * self.beta(t) * self.alpha(t) ** 2 / self.sigma(t)

    def _solve(self, lam: float) -> float:
        return self._t_from_tau(math.log1p(math.exp(-2.0 * lam)))  # e^(-2 lambda) = e^tau - 1


@dataclass(frozen=True)
class SubVariancePreserving(LinearBeta):
    """The sub-VP SDE dx = -1/2 beta x dt + sqrt(beta (1 - e^(-2 tau))) dW (Song et al. 2021, eqs.
    12, 29): sigma is the VP SDE's sigma^2, so never above it.
    """

    def sigma(self, t: Real) -> Real:
        return -expm1(-self.tau(t))

    def d_sigma(self, t: Real) -> Real:
        return self.beta(t) * exp(-self.tau(t))

    def _solve(self, lam: float) -> float:
        return self._t_from_tau(2.0 * math.asinh(0.5 * math.exp(-lam)))  # 2 sinh(tau/2)


@dataclass(frozen=True)
class VarianceExploding(Path):
    """x_t = x0 + sigma(t) epsilon, sigma = sigma_min (sigma_max / sigma_min)^t (Song et al. 2021,
    eqs. 9, 31). Its sigma is the sigma_bar = sigma / alpha of every other path.
    """

    sigma_min: float = 0.002
    sigma_max: float = 80.0

    def alpha(self, t: Real) -> Real:
        return 0.0 * t + 1.0

    def sigma(self, t: Real) -> Real:
        return self.sigma_min * exp(math.log(self.sigma_max / self.sigma_min) * t)

    def d_alpha(self, t: Real) -> Real:
        return 0.0 * t

    def d_sigma(self, t: Real) -> Real:
        return math.log(self.sigma_max / self.sigma_min) * self.sigma(t)

    def _solve(self, lam: float) -> float:
        return (-lam - math.log(self.sigma_min)) / math.log(self.sigma_max / self.sigma_min)


@dataclass(frozen=True)
class DiscreteDDPM(Path):
    """The chain of Ho et al. 2020 (arXiv:2006.11239, eq. 4): alpha_k^2 = prod_(i<=k) (1 - beta_i).

    Time is the index k = 0 ... T-1 that such networks were trained on (the paper's t is k + 1).
    Between indices lambda = -log sigma_bar is interpolated linearly, so t need not be whole.
    """

    alphas_bar: tuple[float, ...]

    @classmethod
    def from_betas(cls, betas: tuple[float, ...]) -> DiscreteDDPM:
        return cls(tuple(accumulate((1.0 - beta for beta in betas), mul)))

    @classmethod
    def linear(cls, first: float = 1e-4, last: float = 0.02, count: int = 1000) -> DiscreteDDPM:
        """Ho et al.'s betas (section 4)."""
        return cls.from_betas(evenly(first, last, count))

    @classmethod
    def scaled_linear(
        cls, first: float = 0.00085, last: float = 0.012, count: int = 1000
    ) -> DiscreteDDPM:
        """Betas linear in their square roots, as in latent diffusion and Stable Diffusion."""
        roots = evenly(math.sqrt(first), math.sqrt(last), count)
        return cls.from_betas(tuple(root * root for root in roots))

    @classmethod
    def cosine(cls, offset: float = 0.008, count: int = 1000) -> DiscreteDDPM:
        """alphas_bar a squared cosine of time, betas held to 0.999 (Nichol & Dhariwal 2021,
        arXiv:2102.09672, eq. 17)."""
        angles = (0.5 * math.pi * (k / count + offset) / (1.0 + offset) for k in range(count + 1))
        bars = (math.cos(angle) ** 2 for angle in angles)
        return cls.from_betas(tuple(min(1.0 - b / a, 0.999) for a, b in pairwise(bars)))

    def with_zero_terminal_snr(self) -> DiscreteDDPM:
        """This chain with its alphas shifted and scaled so that the last is 0 and the first stays
        (Lin et al. 2023, arXiv:2305.08891, algorithm 1): it then ends in pure noise."""
        roots = [math.sqrt(bar) for bar in self.alphas_bar]
        scale = roots[0] / (roots[0] - roots[-1])
        return DiscreteDDPM(tuple(((root - roots[-1]) * scale) ** 2 for root in roots))

    @property
    def ends(self) -> tuple[float, float]:
        return 0.0, float(len(self.alphas_bar) - 1)

    @cached_property
    def lambdas(self) -> tuple[float, ...]:
        """lambda at each index; -20 for pure noise, so that the lines between stay finite."""
        return tuple(
            max(half_log_snr(math.sqrt(a), math.sqrt(1.0 - a)), -20.0) for a in self.alphas_bar
        )

    def alpha(self, t: Real) -> Real:
        return 1.0 / sqrt(1.0 + exp(-2.0 * self._line(t)[0]))

    def sigma(self, t: Real) -> Real:
        return 1.0 / sqrt(1.0 + exp(2.0 * self._line(t)[0]))

    def d_alpha(self, t: Real) -> Real:
        return self.alpha(t) * self.sigma(t) ** 2 * self._line(t)[1]

    def d_sigma(self, t: Real) -> Real:
        return -self.sigma(t) * self.alpha(t) ** 2 * self._line(t)[1]

    def _line(self, t: Real) -> tuple[Real, Real]:
        """lambda(t) and its slope, from the two indices around t."""
        table: Any = self.lambdas
        if isinstance(t, float | int):
            below: Any = min(max(int(t), 0), len(table) - 2)
        else:
            below = t.long().clamp(0, len(table) - 2)
            table = t.new_tensor(table)
        slope = table[below + 1] - table[below]
        return table[below] + (t - below) * slope, slope

    def _solve(self, lam: float) -> float:
        below = bisect_right(self.lambdas, -lam, key=lambda value: -value) - 1
        start, end = self.lambdas[below : below + 2]
        return below + (lam - start) / (end - start)
