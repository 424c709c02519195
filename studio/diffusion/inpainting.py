"""Inpainting with any sampler: what is known stays, the rest is made to fit it.

Must not import torch at run time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.diffusion.denoised import Denoised, Denoiser

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Inpainted:
    """A denoiser whose predicted picture is the known one wherever `known` is 1.

    x0 becomes A y + (1 - A) x0 with A the mask and y the known latents, as in the null-space model
    (Wang et al. 2022, arXiv:2212.00490, eq. 12); epsilon follows, so that alpha x0 + sigma epsilon
    stays x and every sampler, deterministic or not, ends at y there. y: (1 or B, C, h, w), A:
    (1, 1, h, w), 1 known and 0 to be made.
    """

    denoiser: Denoiser
    y: Tensor
    known: Tensor

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        here = self.denoiser(x, alpha, sigma)
        return here.shifted(self.known * (self.y - here.x0), alpha, sigma)
