"""The text tower: a small transformer whose pooled output lives in its teacher's sentence space.

Shapes in, shapes out: no files, no devices, no training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.tables import Within
from studio.networks.attention import Record
from studio.networks.bounds import Depth, Width, check_heads
from studio.networks.positions import sinusoids
from studio.networks.transformer import TransformerBlock


@dataclass(frozen=True)
class TextConfig:
    """The embedding is factorised (Lan et al. 2020): vocabulary x embedding, then to width."""

    vocabulary: Annotated[int, Within(1, 2**20)] = 30522
    embedding: Width = 64
    width: Width = 256
    depth: Depth = 3
    heads: Width = 4
    length: Annotated[int, Within(1, 4096)] = 32
    output: Width = 384
    sinusoidal: bool = False

    def __post_init__(self) -> None:
        check_heads(self.width, self.heads)


@dataclass(frozen=True)
class TextFeatures:
    """`tokens` (B, L, W); `mask` (B, L), True at real tokens; `pooled` (B, D), unit length."""

    tokens: Tensor
    mask: Tensor
    pooled: Tensor

    def joined(self, other: TextFeatures) -> TextFeatures:
        """Both batches one after the other, padded to the longer."""
        length = max(self.mask.shape[1], other.mask.shape[1])
        a, b = self.padded(length), other.padded(length)
        return TextFeatures(
            torch.cat([a.tokens, b.tokens]),
            torch.cat([a.mask, b.mask]),
            torch.cat([a.pooled, b.pooled]),
        )

    def rows(self, some: slice) -> TextFeatures:
        return TextFeatures(self.tokens[some], self.mask[some], self.pooled[some])

    def padded(self, length: int) -> TextFeatures:
        extra = length - self.mask.shape[1]
        if extra <= 0:
            return self
        tokens, mask = F.pad(self.tokens, (0, 0, 0, extra)), F.pad(self.mask, (0, extra))
        return TextFeatures(tokens, mask, self.pooled)


def mixed(
    features: Sequence[TextFeatures], weights: Sequence[float], normalised: bool
) -> TextFeatures:
    """A way between texts, of one batch size: every vector is the weighted mean of theirs; if
    `normalised`, as long as theirs are in the mean (shorter ones the denoiser never saw).

    A text that has no token at a place does not count there. A weight of 1 gives that text itself.
    """
    if 1.0 in weights:
        return features[list(weights).index(1.0)]
    length = max(each.mask.shape[1] for each in features)
    padded = [each.padded(length) for each in features]
    masks = torch.stack([each.mask for each in padded]).float()  # (K, B, L)
    shares = masks * masks.new_tensor(weights)[:, None, None]
    shares = shares / shares.sum(0).clamp_min(1e-9)
    pooled = masks.new_tensor(weights)[:, None].expand(-1, len(masks[0]))
    return TextFeatures(
        _mean([each.tokens for each in padded], shares, normalised),
        masks.sum(0) > 0,
        _mean([each.pooled for each in padded], pooled, normalised),
    )


def _mean(vectors: Sequence[Tensor], shares: Tensor, normalised: bool) -> Tensor:
    """K times (..., W) and shares (K, ...) -> (..., W)."""
    stacked = torch.stack(list(vectors)).float()
    mean = (stacked * shares[..., None]).sum(0)
    if normalised:
        length = (stacked.norm(dim=-1) * shares).sum(0)
        mean = mean * (length / mean.norm(dim=-1).clamp_min(1e-9))[..., None]
    return mean.to(vectors[0].dtype)


class TextTower(nn.Module):
    """Token numbers to features of each token and of the whole text."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.embedding)
        self.widen = nn.Linear(config.embedding, config.width)
        self.positions: Tensor
        if config.sinusoidal:
            fixed = sinusoids(config.length, config.width)
            self.register_buffer("positions", fixed, persistent=False)
        else:
            self.positions = nn.Parameter(torch.randn(config.length, config.width) * 0.02)
        self.blocks = nn.ModuleList(
            TransformerBlock(config.width, config.heads) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)
        self.output = nn.Linear(config.width, config.output)

    def forward(self, ids: Tensor, mask: Tensor, record: Record | None = None) -> TextFeatures:
        """`ids` (B, L) int64, L at most `length`; `mask` (B, L), True at real tokens."""
        positions = self.positions[: ids.shape[1]].to(self.widen.weight.dtype)
        x = self.widen(self.embedding(ids)) + positions
        seen = mask[:, None, None, :]
        for block in self.blocks:
            x = block(x, seen, record=record)
        tokens = self.norm(x)
        weights = mask[..., None].to(tokens.dtype)
        mean = (tokens * weights).sum(1) / weights.sum(1).clamp_min(1)
        return TextFeatures(tokens, mask, F.normalize(self.output(mean).float(), dim=-1))
