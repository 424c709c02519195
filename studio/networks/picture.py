"""The picture tower: a small vision transformer into the text tower's sentence space.

Dosovitskiy et al. 2021. Shapes in, shapes out: no files, no devices, no training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.tables import Within
from studio.networks.attention import Record
from studio.networks.bounds import Depth, Width, check_heads, check_patches
from studio.networks.transformer import TransformerBlock


@dataclass(frozen=True)
class PictureConfig:
    """Pictures are averaged down to `size` and cut into `patch` x `patch` squares."""

    size: Annotated[int, Within(1, 1024)] = 128
    patch: Annotated[int, Within(1, 1024)] = 16
    width: Width = 192
    depth: Depth = 4
    heads: Width = 3
    output: Width = 384

    def __post_init__(self) -> None:
        check_heads(self.width, self.heads)
        check_patches(self.size, self.patch)


class PictureTower(nn.Module):
    """Pictures to unit vectors, and how well they fit texts (SigLIP, Zhai et al. 2023)."""

    def __init__(self, config: PictureConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.embed = nn.Conv2d(3, width, config.patch, stride=config.patch)
        tokens = (config.size // config.patch) ** 2
        self.positions = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.blocks = nn.ModuleList(
            TransformerBlock(width, config.heads) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, config.output)
        self.log_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.bias = nn.Parameter(torch.tensor(-10.0))

    def forward(self, pictures: Tensor, record: Record | None = None) -> Tensor:
        """(B, 3, S, S) in [-1, 1], any S -> (B, output), unit length."""
        size = self.config.size
        if pictures.shape[-1] != size:
            pictures = F.interpolate(pictures, (size, size), mode="area")
        x = self.embed(pictures.to(self.embed.weight.dtype)).flatten(2).transpose(1, 2)
        x = x + self.positions
        for block in self.blocks:
            x = block(x, record=record)
        return F.normalize(self.output(self.norm(x).mean(1)).float(), dim=-1)

    def logits(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """Log-odds (B, T) that each text fits each picture, from their unit vectors."""
        with torch.autocast(pictures.device.type, enabled=False):  # bf16 is too coarse at -10
            return pictures.float() @ texts.float().T * self.log_scale.exp() + self.bias
