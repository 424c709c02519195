"""Guidance: a denoiser made of denoisers. Must not import networks, samplers or files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from studio.diffusion.denoiser import Denoised, Denoiser, Pair


def extrapolate(start: Denoised, end: Denoised, w: float) -> Denoised:
    """start + w (end - start): w = 0 is start, w = 1 is end, w > 1 goes beyond."""
    return Denoised(
        x0=start.x0 + w * (end.x0 - start.x0),
        epsilon=start.epsilon + w * (end.epsilon - start.epsilon),
        nfe=start.nfe + end.nfe,
    )


@dataclass(frozen=True)
class ClassifierFree:
    """Classifier-free guidance, epsilon = epsilon_u + w (epsilon_c - epsilon_u), w = scale.

    Ho & Salimans 2022 (arXiv:2207.12598, eq. 6; their weight is w - 1). w = 0 is unconditional and
    w = 1 conditional, one evaluation each; any other w takes two. Being linear it is the same
    in epsilon, x0 and velocity. A weaker network in place of the unconditional one makes it
    autoguidance (Karras et al. 2024, arXiv:2406.02507).

    Only times t = sigma / (alpha + sigma) within `interval` (0 clean, 1 noise) are guided; outside
    it the conditional answers alone (Kynkäänniemi et al. 2024, arXiv:2404.07724).
    """

    conditional: Denoiser
    unconditional: Denoiser
    scale: float
    interval: tuple[float, float] = (0.0, 1.0)

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        w = self.weight(alpha, sigma)
        if w == 1.0:
            return self.conditional(x, alpha, sigma)
        if w == 0.0:
            return self.unconditional(x, alpha, sigma)
        conditional, unconditional = self._pair(x, alpha, sigma)
        return extrapolate(unconditional, conditional, w)

    def weight(self, alpha: float, sigma: float) -> float:
        """The scale inside the interval, 1 (conditional only) outside it."""
        low, high = self.interval
        return self.scale if low <= sigma / (alpha + sigma) <= high else 1.0

    @cached_property
    def _pair(self) -> Pair:
        return Pair(self.conditional, self.unconditional)
