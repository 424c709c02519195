"""What a denoiser is and what it answers. Must not import torch at run time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Denoised:
    """The answer at x: the expected x0 and epsilon, each (B, C, H, W).

    A denoiser returns a pair with x = alpha x0 + sigma epsilon. Guidance may part them on purpose
    (CFG++ renoises with the unguided epsilon); it then gives the x that the pair does belong to as
    `moved`, and a step starts from there. nfe counts the network evaluations each picture took.
    """

    x0: Tensor
    epsilon: Tensor
    nfe: int
    moved: Tensor | None = None

    @property
    def velocity(self) -> Tensor:
        """u = epsilon - x0, along which the rectified flow goes from data to noise."""
        return self.epsilon - self.x0

    def origin(self, x: Tensor) -> Tensor:
        """Where a step that began at x goes on from: x itself, unless guidance moved it."""
        return x if self.moved is None else self.moved

    def shifted(self, by: Tensor, alpha: float, sigma: float) -> Denoised:
        """x0 + by, and epsilon moved against it: alpha x0 + sigma epsilon stays what it was.

        Where sigma is 0, x is x0 already and nothing moves.
        """
        if sigma == 0.0:
            return self
        return replace(self, x0=self.x0 + by, epsilon=self.epsilon - (alpha / sigma) * by)


class Denoiser(Protocol):
    """Anything that splits x = alpha x0 + sigma epsilon, for any alpha, sigma >= 0, not both 0."""

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised: ...


class Counted:
    """A denoiser, and how many network evaluations its answers have taken so far."""

    def __init__(self, denoiser: Denoiser) -> None:
        self.denoiser, self.nfe = denoiser, 0

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        here = self.denoiser(x, alpha, sigma)
        self.nfe += here.nfe
        return here
