"""Attention and its parts, shared by the transformers. Shapes in, shapes out."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """softmax(q k^T / sqrt(d)) v (Vaswani et al. 2017, equation 1).

    Args:
        q, k, v: (B, heads, L, d); k and v may have another L.
        mask: broadcastable to (B, heads, Lq, Lk), True where a key may be seen.

    On the CPU the fused kernel's bf16 backward is several times slower than writing it out.
    """
    if q.device.type == "cpu" and torch.is_grad_enabled():
        logits = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if mask is not None:
            logits = logits.masked_fill(~mask, float("-inf"))
        return logits.softmax(-1).to(v.dtype) @ v
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(B, L, heads d) -> (B, heads, L, d)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """(B, heads, L, d) -> (B, L, heads d)."""
    return x.transpose(1, 2).flatten(-2)


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


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Turns pairs of channels of x (B, heads, L, d) by `angles` (L, d / 2)."""
    a, b = x.chunk(2, dim=-1)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)
