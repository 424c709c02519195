"""Attention and its parts, shared by the transformers. Shapes in, shapes out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass
class Record:
    """What a transformer does in one pass, an entry a block: hand one to its `forward`.

    `weights` and `cross` are self and cross attention's, (B, heads, Lq, Lk), each row's sum 1;
    `heard` what cross attention adds to the tokens and `after` the tokens with it, (B, Lq, W);
    `states` the blocks' outputs (B, Lq, W). Without a record, attention is fused and keeps nothing.
    """

    weights: list[Tensor] = field(default_factory=list)
    cross: list[Tensor] = field(default_factory=list)
    heard: list[Tensor] = field(default_factory=list)
    after: list[Tensor] = field(default_factory=list)
    states: list[Tensor] = field(default_factory=list)


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    weights: list[Tensor] | None = None,
) -> Tensor:
    """softmax(q k^T / sqrt(d)) v (Vaswani et al. 2017, equation 1).

    Args:
        q, k, v: (B, heads, L, d); k and v may have another L.
        mask: broadcastable to (B, heads, Lq, Lk): True where a key may be seen, or numbers that are
            added to its logits.
        weights: where the softmax is put, if it is wanted.

    On the CPU the fused kernel's bf16 backward is several times slower than writing it out.
    """
    if weights is not None or (q.device.type == "cpu" and torch.is_grad_enabled()):
        logits = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if mask is not None and mask.dtype == torch.bool:
            logits = logits.masked_fill(~mask, float("-inf"))
        elif mask is not None:
            logits = logits + mask
        shares = logits.softmax(-1).to(v.dtype)
        if weights is not None:
            weights.append(shares)
        return shares @ v
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(B, L, heads d) -> (B, heads, L, d)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """(B, heads, L, d) -> (B, L, heads d)."""
    return x.transpose(1, 2).flatten(-2)


def causal_mask(length: int, past: int = 0, device: torch.device | None = None) -> Tensor:
    """(length, past + length), True where a token may see: what came before, and itself."""
    whole = torch.ones(length, past + length, dtype=torch.bool, device=device)
    return whole.tril(past)


def axial_frequencies(side: int, head_width: int) -> Tensor:
    """Angles (side^2, head_width / 2) of 2-D rotary embeddings: half for rows, half for columns.

    Su et al. 2021, applied to each axis.
    """
    pairs = head_width // 4
    rates = 100.0 ** (-torch.arange(pairs) / pairs)
    angles = torch.arange(side)[:, None] * rates
    rows = angles[:, None].expand(side, side, pairs)
    columns = angles[None].expand(side, side, pairs)
    return torch.cat([rows, columns], dim=-1).reshape(side * side, 2 * pairs)


def normalised(x: Tensor) -> Tensor:
    """x with a mean square of 1 along its last axis (Zhang & Sennrich 2019), without weights."""
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x * (x.shape[-1] ** 0.5 / length.clamp_min(1e-6)).to(x.dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns the pairs of channels of x (..., L, d) by the angles with these cosines and sines
    (L, d / 2). A channel's partner lies d / 2 away."""
    # not chunk and cat: with AMX their compiled backward gave NaN
    swapped = x.roll(x.shape[-1] // 2, dims=-1)
    kept, moved = torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)
    return torch.addcmul(x * kept.to(x.dtype), swapped, moved.to(x.dtype))
