"""The Vision Transformer: a picture as a row of patches and a token for the whole.

Dosovitskiy et al. 2021; without labels Caron et al. 2021. Shapes in, shapes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from studio.core.tables import Within
from studio.networks.attention import Record
from studio.networks.bounds import Depth, Width, check_heads, check_patches
from studio.networks.positions import Positions, sinusoidal_grid
from studio.networks.transformer import TransformerBlock


@dataclass(frozen=True)
class VisionConfig:
    """Pictures of `size` x `size` pixels are cut into `patch` x `patch` squares. `classes` above 0
    add a head that tells them apart."""

    size: Annotated[int, Within(1, 1024)] = 64
    patch: Annotated[int, Within(1, 1024)] = 8
    width: Width = 160
    depth: Depth = 6
    heads: Width = 5
    sinusoidal: bool = False
    classes: Annotated[int, Within(0, 2**20)] = 0

    def __post_init__(self) -> None:
        check_heads(self.width, self.heads)
        check_patches(self.size, self.patch)


@dataclass(frozen=True)
class VisionFeatures:
    """`cls` (B, W) stands for the whole picture, `patches` (B, rows x columns, W) for its squares,
    row by row; `logits` (B, classes), with no class (B, 0)."""

    cls: Tensor
    patches: Tensor
    logits: Tensor


class VisionTransformer(nn.Module):
    """Pictures to features. In a `Record`, token 0 is [CLS] and the patches follow."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.embed = nn.Conv2d(3, width, config.patch, stride=config.patch)
        self.cls = nn.Parameter(torch.randn(width) * 0.02)
        fixed = sinusoidal_grid(config.size // config.patch, width)
        self.positions = Positions(fixed, learned=not config.sinusoidal)
        self.blocks = nn.ModuleList(
            TransformerBlock(width, config.heads) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, config.classes) if config.classes else None

    def forward(self, pictures: Tensor, record: Record | None = None) -> VisionFeatures:
        """(B, 3, H, W) in [-1, 1], H and W multiples of `patch` -> features.

        Raises:
            ValueError: a side is not a multiple of `patch`.
        """
        if any(side % self.config.patch for side in pictures.shape[-2:]):
            sides = "x".join(str(side) for side in pictures.shape[-2:])
            raise ValueError(f"pictures are {sides}, not multiples of {self.config.patch}")
        grid = self.embed(pictures.to(self.embed.weight.dtype))
        positions = self.positions.grid(*grid.shape[-2:]).to(self.cls.dtype)
        patches = grid.flatten(2).transpose(1, 2) + positions
        x = torch.cat([self.cls.expand(len(grid), 1, -1), patches], dim=1)
        for block in self.blocks:
            x = block(x, record=record)
        x = self.norm(x)
        cls = x[:, 0]
        logits = cls[:, :0] if self.head is None else self.head(cls)
        return VisionFeatures(cls, x[:, 1:], logits)
