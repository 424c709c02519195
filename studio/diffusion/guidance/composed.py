"""Several prompts as one, each with a weight: `a cat AND a red car :1.2`. Must not import torch at
run time. No rule of its own: its answer is the conditional one that any rule takes further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from studio.diffusion.denoised import Denoised, Denoiser
from studio.diffusion.denoiser import Together

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Composed:
    """epsilon = epsilon_u + sum_i w_i (epsilon_i - epsilon_u): the conjunction of Liu et al. 2022
    (arXiv:2206.01714, eq. 11), without the guidance scale, which the rule around it brings in.

    A weight below 0 is their negation. NFE = prompts + 1, in one network call.
    """

    parts: tuple[Denoiser, ...]
    weights: tuple[float, ...]
    unconditional: Denoiser

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        composed, unconditional = self.beside(x, alpha, sigma)
        return Denoised(composed.x0, composed.epsilon, composed.nfe + unconditional.nfe)

    def beside(self, x: Tensor, alpha: float, sigma: float) -> tuple[Denoised, Denoised]:
        """The composed answer, `nfe` of its prompts alone, and the unconditional one."""
        *parts, other = self._together(x, alpha, sigma)
        x0 = sum((w * (p.x0 - other.x0) for w, p in self._weighed(parts)), other.x0)
        epsilon = sum(
            (w * (p.epsilon - other.epsilon) for w, p in self._weighed(parts)), other.epsilon
        )
        return Denoised(x0, epsilon, sum(part.nfe for part in parts)), other

    def _weighed(self, parts: Sequence[Denoised]) -> Sequence[tuple[float, Denoised]]:
        return tuple(zip(self.weights, parts, strict=True))

    @cached_property
    def _together(self) -> Together:
        return Together((*self.parts, self.unconditional))


def composed(
    parts: Sequence[Denoiser], weights: Sequence[float], unconditional: Denoiser
) -> Denoiser:
    """The only one of them, or all as one."""
    if len(parts) == 1:
        return parts[0]
    return Composed(tuple(parts), tuple(weights), unconditional)
