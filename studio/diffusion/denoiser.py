"""Denoisers: what every sampler sees of a model, and the exact change from one path to another.

A sampler asks for (x0, epsilon) at a point of ITS path; a network answers on the path it was
trained on. NetworkDenoiser stands between them, so every sampler runs on every model.
Must not import torch at run time (the guidance registry is read without it), networks, samplers or
files. Gradients are the caller's to switch off.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from studio.diffusion.denoised import Denoised, Denoiser
from studio.diffusion.paths import Path, half_log_snr
from studio.diffusion.predictions import Prediction

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Condition", "Denoised", "Denoiser", "Network", "NetworkDenoiser", "Pair"]

#: network(x (B, C, H, W), t (B,) in its path's unit, condition) -> its prediction, (B, C, H, W).
Network = Callable[["Tensor", "Tensor", Any], "Tensor"]


@runtime_checkable
class Condition(Protocol):
    """A condition for B pictures that can join another's, so that one call serves both."""

    def joined(self, other: Self) -> Self:
        """The condition for 2B pictures: these B, then the other's B."""


@dataclass(frozen=True)
class NetworkDenoiser:
    """A network with its path, its prediction and its condition (any object; None for none)."""

    network: Network
    path: Path
    prediction: Prediction
    condition: Any = None

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        """Equal signal-to-noise ratios differ by a factor: rescale x, ask the network, convert.

        The factor alpha_net / alpha = sigma_net / sigma, s(t) in Karras et al. 2022
        (arXiv:2206.00364, section 2), is taken as the ratio of the norms of (alpha, sigma), which
        is finite at both ends.
        """
        import torch

        lam = half_log_snr(alpha, sigma)
        t = self.nearest_time(lam)
        factor = math.hypot(*self.path.point(t)) / math.hypot(alpha, sigma)
        x_net = factor * x
        times = torch.full(
            (len(x),), t, dtype=torch.promote_types(x.dtype, torch.float32), device=x.device
        )
        output = self.network(x_net, times, self.condition)
        x0, epsilon = self.prediction.recover(output, x_net, self.path, t)
        # Beyond the network's range the ratios differ: make the pair add up to x all the same.
        if sigma > alpha:
            epsilon = (x - alpha * x0) / sigma
        else:
            x0 = (x - sigma * epsilon) / alpha
        return Denoised(x0, epsilon, nfe=1)

    def nearest_time(self, lam: float) -> float:
        """The path's time of equal lambda, or the nearest at which the network can be asked."""
        lowest, highest = self.prediction.lambda_range
        return self.path.t_from_lambda(min(max(lam, lowest), highest))


@dataclass(frozen=True)
class Pair:
    """Two denoisers at one x, in one network call where only their conditions differ."""

    first: Denoiser
    second: Denoiser

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> tuple[Denoised, Denoised]:
        if self._joined is None:
            return self.first(x, alpha, sigma), self.second(x, alpha, sigma)
        both = self._joined(x.repeat(2, *[1] * (x.ndim - 1)), alpha, sigma)
        (x0, x0_second), (epsilon, epsilon_second) = both.x0.chunk(2), both.epsilon.chunk(2)
        return (
            Denoised(x0, epsilon, both.nfe),
            Denoised(x0_second, epsilon_second, both.nfe),
        )

    @cached_property
    def _joined(self) -> NetworkDenoiser | None:
        a, b = self.first, self.second
        if not (isinstance(a, NetworkDenoiser) and isinstance(b, NetworkDenoiser)):
            return None
        if not (isinstance(a.condition, Condition) and isinstance(b.condition, Condition)):
            return None
        if (a.network, a.path, a.prediction) != (b.network, b.path, b.prediction):
            return None
        return replace(a, condition=a.condition.joined(b.condition))
