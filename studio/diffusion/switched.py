"""Another prompt from some time on. Must not import torch at run time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.diffusion.denoised import Denoised, Denoiser

if TYPE_CHECKING:
    from torch import Tensor

SAME = 1e-6  # times that differ by less are one


@dataclass(frozen=True)
class Switched:
    """Denoisers that follow each other: each from its time t = sigma / (alpha + sigma) on, towards
    the clean picture, until the next one's; the first also above its own.

    A function of (x, t) like any denoiser, so that solvers of several stages and those that go back
    up in noise switch where they should. (Prompt editing, as in Hertz et al. 2022,
    arXiv:2208.01626, section 3.1, for the whole attention.)
    """

    begins: tuple[float, ...]
    denoisers: tuple[Denoiser, ...]

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        t = sigma / (alpha + sigma)
        reached = sum(t <= begin + SAME for begin in self.begins)
        return self.denoisers[max(reached, 1) - 1](x, alpha, sigma)
