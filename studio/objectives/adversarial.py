"""The adversarial term: hinge losses and the weight that keeps it beside the reconstruction.

Lim & Ye 2017 (hinge); Esser et al. 2021 (taming transformers), equation 7 (adaptive weight).
Steps no optimiser: who trains the discriminator, and when, is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from studio.networks.discriminator import DiscriminatorConfig, PatchDiscriminator

MOST = 1e4
STABILISER = 1e-4  # delta in equation 7


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """(E[max(0, 1 - D(x))] + E[max(0, 1 + D(x'))]) / 2: 1 for a discriminator that says 0."""
    return 0.5 * (F.relu(1.0 - real).mean() + F.relu(1.0 + fake).mean())


def hinge_generator(fake: Tensor) -> Tensor:
    """-E[D(x')]."""
    return -fake.mean()


def adaptive_weight(
    reconstruction: Tensor,
    adversarial: Tensor,
    last: Tensor,
    mean: Callable[[Tensor], Tensor] = lambda gradient: gradient,
) -> Tensor:
    """|grad reconstruction| / (|grad adversarial| + 1e-4) at the decoder's last layer.

    Clamped to [0, 1e4] and detached. With it both terms pull equally hard on the decoder.

    Args:
        reconstruction, adversarial: scalars whose graphs are kept.
        last: the weight of the decoder's last layer.
        mean: of a gradient over the processes that share the batch.
    """
    (of_reconstruction,) = torch.autograd.grad(reconstruction, last, retain_graph=True)
    (of_adversarial,) = torch.autograd.grad(adversarial, last, retain_graph=True)
    ratio = mean(of_reconstruction).norm() / (mean(of_adversarial).norm() + STABILISER)
    weight: Tensor = ratio.clamp(0.0, MOST).detach()
    return weight


class Adversary(nn.Module):
    """A discriminator with its two losses, on pictures (B, 3, H, W) in [-1, 1]."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.discriminator = PatchDiscriminator(config)

    def generator_term(self, decoded: Tensor) -> Tensor:
        """What the decoder minimises; leaves no gradient in the discriminator."""
        frozen = {name: p.detach() for name, p in self.discriminator.named_parameters()}
        logits: Tensor = functional_call(self.discriminator, frozen, (decoded,))
        return hinge_generator(logits.float())

    def forward(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the discriminator minimises; leaves no gradient in the decoder."""
        logits = self.discriminator(torch.cat([real, fake.detach()])).float()
        return hinge_discriminator(*logits.chunk(2))
