"""Which words of a prompt are at which place of its picture. Shapes in, shapes out."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.networks.attention import normalised
from studio.networks.transformer import TransformerBlock

HEADS = 4


class Layout(nn.Module):
    """The words read each other; then every place asks all of them, and how well each answers is
    added to the logits of a denoiser's cross attention.

    A tower that was distilled from sentences' vectors hardly tells "a cat to the left of a dog"
    from the other way round, and so neither does a denoiser that hears its tokens alone.
    """

    def __init__(self, places: int, width: int) -> None:
        super().__init__()
        self.block = TransformerBlock(width, HEADS)
        self.key = nn.Linear(width, width, bias=False)
        self.places = nn.Parameter(torch.randn(places, width))

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, 1, places, L) of a prompt's tokens (B, L, W), however long each vector is;
        `mask` (B, 1, 1, L), True at real tokens."""
        words = self.block(F.layer_norm(tokens, tokens.shape[-1:]), mask)
        keys = normalised(self.key(words))[:, None]
        logits: Tensor = normalised(self.places).to(keys.dtype) @ keys.transpose(-2, -1)
        return logits / math.sqrt(keys.shape[-1])
