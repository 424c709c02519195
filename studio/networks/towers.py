"""Words and pictures in one space: a Vision Transformer beside a frozen text tower.

CLIP (Radford et al. 2021) and SigLIP (Zhai et al. 2023) train the same network; its texts are
locked as in LiT (Zhai et al. 2022) but for a small head. Shapes in, shapes out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.networks.bounds import Width
from studio.networks.vision import VisionConfig, VisionTransformer

LARGEST = math.log(100.0)  # of the log scale, Radford et al. 2021, section 2.5


@dataclass(frozen=True)
class TowersConfig(VisionConfig):
    """`output` numbers a picture or text; `hidden` in the texts' head. The logits have
    a learned temperature, those of the `loss` "siglip" a bias too."""

    output: Width = 384
    hidden: Width = 192
    loss: str = "clip"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loss not in ("clip", "siglip"):
            raise ValueError(f"loss is {self.loss!r}; use clip or siglip")


class Towers(nn.Module):
    """Pictures, and texts by their tower's pooled vectors, to unit vectors of one space."""

    def __init__(self, config: TowersConfig) -> None:
        super().__init__()
        self.config = config
        self.vision = VisionTransformer(config)
        self.output = nn.Linear(2 * config.width, config.output)
        self.up = nn.Linear(config.output, config.hidden)
        self.down = nn.Linear(config.hidden, config.output)
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.down.bias)
        siglip = config.loss == "siglip"
        self.log_scale = nn.Parameter(torch.tensor(math.log(10.0 if siglip else 1 / 0.07)))
        self.bias = nn.Parameter(torch.tensor(-10.0 if siglip else 0.0), requires_grad=siglip)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, S, S) in [-1, 1], any S -> (B, output), unit length."""
        size = self.config.size
        if pictures.shape[-1] != size:
            pictures = F.interpolate(pictures, (size, size), mode="area")
        features = self.vision(pictures)
        whole = torch.cat([features.cls, features.patches.mean(1)], -1)
        return F.normalize(self.output(whole).float(), dim=-1)

    def text(self, pooled: Tensor) -> Tensor:
        """(T, output), the text tower's pooled vectors -> (T, output), unit length."""
        more = self.down(F.gelu(self.up(pooled.to(self.up.weight.dtype))))
        return F.normalize(pooled.float() + more.float(), dim=-1)

    def scale(self) -> Tensor:
        """What cosines are multiplied by: the inverse temperature."""
        return self.log_scale.float().clamp_max(LARGEST).exp()

    def logits(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """(B, T) from unit vectors: log-odds (SigLIP), or what both softmaxes are of (CLIP)."""
        with torch.autocast(pictures.device.type, enabled=False):  # bf16 is too coarse at -10
            return pictures.float() @ texts.float().T * self.scale() + self.bias
