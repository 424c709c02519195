"""Classifier guidance: a denoiser steered by a classifier's gradient. Must not import torch at run
time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.core.specs import GuidanceSpec
from studio.diffusion.denoised import Denoised, Denoiser
from studio.diffusion.guidance.guided import within

if TYPE_CHECKING:
    from torch import Tensor

GUIDANCE = GuidanceSpec(
    name="classifier",
    label="Classifier",
    summary="Follows the gradient of a classifier that knows noisy pictures towards one class.",
    source="Dhariwal & Nichol 2021, arXiv:2105.05233, algorithm 2",
    needs="classifier",
)

#: log p(c | x_t), (B,), at x = alpha x0 + sigma epsilon (B, C, H, W): called (x, alpha, sigma).
LogProbability = Callable[["Tensor", float, float], "Tensor"]


@dataclass(frozen=True)
class ClassifierGuided:
    """epsilon - w sigma grad_x log p(c | x_t), w = scale, on any denoiser.

    On an unconditional denoiser it is the paper's rule; with an exact classifier it is then
    classifier-free guidance with the same w, by Bayes. On a guided denoiser it adds the class to
    the prompt. x0 moves by w sigma^2 / alpha grad, so the pair still makes up x.

    Towards pure noise an exact classifier's gradient vanishes like alpha, which sigma^2 / alpha
    makes up for; a learned one's errors do not vanish, and are multiplied all the same. Where
    alpha < floor sigma the classifier is therefore asked as if alpha were floor sigma: x0 is then
    wrong by at most w sigma / floor times what the gradient is, and finite at alpha = 0, while
    an exact classifier's quotient has nearly reached its limit there.

    Only times within `interval` are guided. nfe stays the denoiser's: the classifier is no network
    evaluation of it, though its forward and backward pass do take time. The gradient is taken in at
    least float32, under inference mode too; then no tensor of the classifier, weights included, may
    have been made under it.
    """

    denoiser: Denoiser
    log_probability: LogProbability
    scale: float
    interval: tuple[float, float] = (0.0, 1.0)
    floor: float = 0.05

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        here = self.denoiser(x, alpha, sigma)
        if self.scale == 0.0 or sigma == 0.0 or not within(self.interval, alpha, sigma):
            return here
        least = max(alpha, self.floor * sigma)
        by = (self.scale * sigma**2 / least) * self.gradient(x, least, sigma)
        return here.shifted(by, alpha, sigma)

    def gradient(self, x: Tensor, alpha: float, sigma: float) -> Tensor:
        """grad_x log p(c | x), (B, C, H, W); each picture's depends on that picture alone."""
        import torch

        precision = torch.promote_types(x.dtype, torch.float32)
        with torch.inference_mode(False), torch.enable_grad():
            leaf = x.clone().detach().to(precision).requires_grad_()
            (gradient,) = torch.autograd.grad(
                [self.log_probability(leaf, alpha, sigma).sum()], [leaf]
            )
        return gradient.to(x.dtype)
