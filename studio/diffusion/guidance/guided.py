"""What the rules of guidance share: two denoisers, a scale, an interval. Must not import torch at
run time, networks, samplers or files.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from studio.diffusion.denoiser import Denoised, Denoiser, Together
from studio.diffusion.guidance.composed import Composed

if TYPE_CHECKING:
    from torch import Tensor

#: Given epsilon_c - epsilon_u, (B, C, H, W), at every evaluation that asks both denoisers.
Watch = Callable[["Tensor"], None]


def within(interval: tuple[float, float], alpha: float, sigma: float) -> bool:
    """Whether t = sigma / (alpha + sigma), 0 clean and 1 noise, lies in the closed interval."""
    low, high = interval
    return low <= sigma / (alpha + sigma) <= high


def extrapolate(start: Denoised, end: Denoised, w: float) -> Denoised:
    """start + w (end - start): w = 0 is start, w = 1 is end, w > 1 goes beyond."""
    return Denoised(
        x0=start.x0 + w * (end.x0 - start.x0),
        epsilon=start.epsilon + w * (end.epsilon - start.epsilon),
        nfe=start.nfe + end.nfe,
    )


@dataclass(frozen=True)
class Guided(ABC):
    """A denoiser made of a conditional and an unconditional one; each rule mixes them its way.

    Only times t = sigma / (alpha + sigma) within `interval` are guided; outside it the conditional
    answers alone (Kynkäänniemi et al. 2024, arXiv:2404.07724): NFE = evaluations + guided ones.
    """

    conditional: Denoiser
    unconditional: Denoiser
    scale: float
    interval: tuple[float, float] = (0.0, 1.0)
    watch: Watch | None = None

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        inside = within(self.interval, alpha, sigma)
        alone = self.alone if inside else self.conditional
        if alone is not None:
            return alone(x, alpha, sigma)
        conditional, unconditional = self._pair(x, alpha, sigma)
        if self.watch is not None:
            self.watch(conditional.epsilon - unconditional.epsilon)
        guided = self.mixed(conditional, unconditional, alpha, sigma)
        return replace(guided, nfe=conditional.nfe + unconditional.nfe)

    @property
    def alone(self) -> Denoiser | None:
        """The one denoiser that is all this scale asks for; None where it takes both."""
        return self.conditional if self.scale == 1.0 else None

    @abstractmethod
    def mixed(
        self, conditional: Denoised, unconditional: Denoised, alpha: float, sigma: float
    ) -> Denoised:
        """The rule, on two answers at the same x."""

    @cached_property
    def _pair(self) -> Callable[[Tensor, float, float], tuple[Denoised, ...]]:
        """Both, asked at once."""
        together = self.conditional
        if isinstance(together, Composed) and together.unconditional is self.unconditional:
            return together.beside
        return Together((self.conditional, self.unconditional))
