"""Classifier-free guidance. Must not import torch at run time."""

from __future__ import annotations

from dataclasses import dataclass

from studio.core.specs import GuidanceSpec
from studio.diffusion.denoised import Denoised, Denoiser
from studio.diffusion.guidance.guided import Guided, extrapolate

GUIDANCE = GuidanceSpec(
    name="cfg",
    label="Classifier-free",
    summary="Goes on from what the model draws without the prompt to what it draws with it, and"
    " beyond.",
    source="Ho & Salimans 2022, arXiv:2207.12598, eq. 6",
)


@dataclass(frozen=True)
class ClassifierFree(Guided):
    """epsilon = epsilon_u + w (epsilon_c - epsilon_u), w = scale; the paper's weight is w - 1.

    w = 0 is unconditional and w = 1 conditional, one evaluation each; any other w takes two. Being
    linear it is the same in epsilon, x0, v and velocity. An unconditional denoiser that was given
    other words makes them a negative prompt.
    """

    @property
    def alone(self) -> Denoiser | None:
        return self.unconditional if self.scale == 0.0 else super().alone

    def mixed(
        self, conditional: Denoised, unconditional: Denoised, alpha: float, sigma: float
    ) -> Denoised:
        return extrapolate(unconditional, conditional, self.scale)


guide = ClassifierFree
