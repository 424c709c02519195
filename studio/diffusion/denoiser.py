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

__all__ = ["Condition", "Denoised", "Denoiser", "Network", "NetworkDenoiser", "Together"]

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
class Together:
    """Denoisers at one x, in one network call where only their conditions differ."""

    denoisers: tuple[Denoiser, ...]

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> tuple[Denoised, ...]:
        if self._joined is None:
            return tuple(denoiser(x, alpha, sigma) for denoiser in self.denoisers)
        count = len(self.denoisers)
        all_of = self._joined(x.repeat(count, *[1] * (x.ndim - 1)), alpha, sigma)
        answers = zip(all_of.x0.chunk(count), all_of.epsilon.chunk(count), strict=True)
        return tuple(Denoised(x0, epsilon, all_of.nfe) for x0, epsilon in answers)

    @cached_property
    def _joined(self) -> NetworkDenoiser | None:
        first, *others = self.denoisers
        if not isinstance(first, NetworkDenoiser):
            return None
        condition = first.condition
        for other in others:
            if not (isinstance(other, NetworkDenoiser) and isinstance(condition, Condition)):
                return None
            if not isinstance(other.condition, Condition):
                return None
            alike = (other.network, other.path, other.prediction)
            if alike != (first.network, first.path, first.prediction):
                return None
            condition = condition.joined(other.condition)
        return replace(first, condition=condition)
