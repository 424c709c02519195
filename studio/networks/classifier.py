"""The noise-aware classifier: which thing a noisy latent shows. Shapes in, shapes out.

A small vision transformer (Dosovitskiy et al. 2021) that is told the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.tables import Within
from studio.networks.bounds import Depth, Side, Width, check_heads, check_patches
from studio.networks.denoiser import time_features
from studio.networks.transformer import TransformerBlock


@dataclass(frozen=True)
class ClassifierConfig:
    """`side` is the latent's height and width; `patch` latent pixels a token side. `classes` are
    numbered; their names are in the `model.json` beside the weights."""

    channels: Annotated[int, Within(1, 1024)] = 16
    side: Side = 16
    patch: Side = 2
    width: Width = 128
    depth: Depth = 3
    heads: Width = 4
    classes: Annotated[int, Within(1, 2**20)] = 1494

    def __post_init__(self) -> None:
        check_heads(self.width, self.heads)
        check_patches(self.side, self.patch)


class NoisyClassifier(nn.Module):
    """p(class | x_t) on the rectified flow x_t = (1 - t) x_0 + t epsilon."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        width, tokens = config.width, (config.side // config.patch) ** 2
        self.embed = nn.Linear(config.channels * config.patch**2, width)
        self.positions = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(
            TransformerBlock(width, config.heads) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, config.classes)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Logits (B, classes), smooth in x: log_softmax(-1) of them is log p(class | x_t).

        Args:
            x: normalised latents with noise (B, C, side, side).
            t: rectified-flow time (B,), 0 clean and 1 noise.
        """
        dtype = self.embed.weight.dtype
        patches = F.pixel_unshuffle(x, self.config.patch).flatten(2).transpose(1, 2)
        time = self.time(time_features(t, self.config.width).to(dtype))
        h = self.embed(patches.to(dtype)) + self.positions + time[:, None]
        for block in self.blocks:
            h = block(h)
        return self.output(self.norm(h).mean(1))
