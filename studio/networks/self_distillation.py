"""A Vision Transformer with DINO's projection head (Caron et al. 2021, appendix C).

Shapes in, shapes out.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.networks.bounds import Width
from studio.networks.vision import VisionConfig, VisionTransformer


@dataclass(frozen=True)
class DinoConfig(VisionConfig):
    """The head: two layers of `hidden` numbers, a bottleneck, and `prototypes` answers."""

    hidden: Width = 512
    bottleneck: Width = 64
    prototypes: Width = 2048


class Dino(nn.Module):
    """Pictures to logits over prototypes: cosines of the bottleneck with unit vectors."""

    def __init__(self, config: DinoConfig) -> None:
        super().__init__()
        self.vision = VisionTransformer(config)
        self.layers = nn.Sequential(
            nn.Linear(config.width, config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, config.bottleneck),
        )
        self.prototypes = nn.Parameter(torch.randn(config.prototypes, config.bottleneck))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) in [-1, 1], sides multiples of the patch -> the [CLS] they are known by,
        (B, W), and logits (B, prototypes)."""
        cls = self.vision(pictures).cls
        x = F.normalize(self.layers(cls).float(), dim=-1)
        return cls, F.linear(x, F.normalize(self.prototypes, dim=-1))
