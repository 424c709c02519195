"""The refined VAE's loss: reconstruction + KL + perceptual + adversarial, each with its weight.

Rombach et al. 2022, section 3.1 and appendix G; Esser et al. 2021 (taming), equation 7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from studio.networks.autoencoder import Posterior

Perceptual = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class AutoencodingWeights:
    """The four lambdas. KL is in mean form: a summed 1e-6 is about 1e-6 C/(3 f^2) here."""

    reconstruction: float = 1.0
    kl: float = 1e-6
    perceptual: float = 0.3
    adversarial: float = 0.0
    norm: str = "l1"  # "l1" or "l2"


def reconstruction(pictures: Tensor, decoded: Tensor, norm: str) -> Tensor:
    """Mean absolute ("l1") or squared ("l2") error over all elements."""
    return F.l1_loss(decoded, pictures) if norm == "l1" else F.mse_loss(decoded, pictures)


def random_crops(
    a: Tensor, b: Tensor, size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The same random `size` x `size` window of two (B, C, H, W) batches."""
    if min(a.shape[-2:]) <= size:
        return a, b
    top = int(torch.randint(a.shape[-2] - size + 1, (1,), generator=generator))
    left = int(torch.randint(a.shape[-1] - size + 1, (1,), generator=generator))
    window = (..., slice(top, top + size), slice(left, left + size))
    return a[window], b[window]


def autoencoding_terms(
    pictures: Tensor,
    decoded: Tensor,
    posterior: Posterior,
    weights: AutoencodingWeights,
    perceptual: Perceptual | None,
    crop: int,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """The unweighted terms and their weighted sum "loss" (without the adversarial term).

    Args:
        pictures, decoded: (B, 3, H, W) in [-1, 1].
        perceptual: LPIPS or the like on [-1, 1] pictures; seen on one random `crop` window a step,
            which costs a quarter of the whole picture.
    """
    terms = {
        "reconstruction": reconstruction(pictures, decoded.float(), weights.norm),
        "kl": posterior.kl(),
    }
    loss = weights.reconstruction * terms["reconstruction"] + weights.kl * terms["kl"]
    if perceptual is not None and weights.perceptual:
        window, of_decoded = random_crops(pictures, decoded, crop, generator)
        terms["perceptual"] = perceptual(of_decoded, window).float().mean()
        loss = loss + weights.perceptual * terms["perceptual"]
    return {"loss": loss, **terms}
