"""Attention written out equals the fused kernel; rotary positions are relative."""

import torch
from torch.nn import functional as F

from studio.networks.attention import (
    attention,
    axial_frequencies,
    join_heads,
    normalised,
    rotate,
    split_heads,
)


def test_written_out_equals_fused() -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, n, 8, dtype=torch.float64) for n in (5, 7, 7))
    mask = torch.rand(2, 1, 1, 7) < 0.6
    mask[..., 0] = True
    for seen in (None, mask):
        torch.testing.assert_close(
            attention(q, k, v, seen), F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        )


def test_heads_split_and_join() -> None:
    x = torch.randn(2, 5, 12)
    assert torch.equal(join_heads(split_heads(x, 3)), x)


def test_rotation_keeps_lengths_and_depends_on_offsets_only() -> None:
    side, width = 6, 16
    angles = axial_frequencies(side, width).double()
    q, k = torch.randn(2, 1, 1, 1, width, dtype=torch.float64)
    everywhere = q.expand(1, 1, side * side, width), k.expand(1, 1, side * side, width)
    turned_q, turned_k = (rotate(x, angles.cos(), angles.sin())[0, 0] for x in everywhere)
    torch.testing.assert_close(turned_q.norm(dim=-1), q.norm().expand(side * side))
    products = (turned_q @ turned_k.T).view(side, side, side, side)
    # one row down and two columns right, wherever the pair stands
    torch.testing.assert_close(products[0, 0, 1, 2], products[3, 2, 4, 4])
    assert not torch.allclose(products[0, 0, 1, 2], products[0, 0, 2, 1])


def test_rotation_written_out() -> None:
    x, angles = torch.randn(2, 3, 9, 8), axial_frequencies(3, 8)
    cos, sin = angles.cos(), angles.sin()
    a, b = x.chunk(2, -1)
    plain = torch.cat([a * cos - b * sin, b * cos + a * sin], -1)
    torch.testing.assert_close(rotate(x, cos, sin), plain)


def test_normalised_is_torch_s_rms_norm() -> None:
    x = torch.randn(2, 3, 9, 8)
    torch.testing.assert_close(normalised(x), F.rms_norm(x, (8,)))
    assert normalised(torch.zeros(2, 8)).isfinite().all()
