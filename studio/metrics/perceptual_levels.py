"""LPIPS level by level: its figure and its map from one pass, pictures of any size in tiles.

The seven levels of SqueezeNet see a limited neighbourhood. A tile that begins at a multiple of
their coarsest stride, with a margin as wide as that neighbourhood, gives exactly the whole
picture's values inside; only the levels' one-channel distances are kept of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SMALLEST = 17  # pixels a side: below, SqueezeNet's last pooling has nothing left
STRIDES = (2, 4, 8, 16, 16, 16, 16)  # of the levels, in pixels
MARGIN = 128  # pixels; the neighbourhood reaches 88 to the left and 118 to the right
TILE = 1024  # pixels, without margins


def levels(
    lpips: nn.Module,
    a: Tensor,
    b: Tensor,
    tile: int = TILE,
    check: Callable[[], None] = lambda: None,
) -> list[Tensor]:
    """The distance at each position of each level, (1, 1, h, w), fp32 on the CPU.

    Args:
        lpips: what `perceptual.load_lpips` gives, on any device.
        a, b: (1, 3, H, W) in [-1, 1], sides of at least SMALLEST.
        tile: pixels, a multiple of 16; pictures within a tile and its margins go through whole.
        check: called before each tile; may raise.
    """
    rows, columns = (_spans(side, tile) for side in a.shape[-2:])
    found = [
        [_tile(lpips, a, b, row, column, check) for column in columns] for row in rows
    ]  # [row][column][level]
    return [
        torch.cat([torch.cat([part[k] for part in row], 3) for row in found], 2)
        for k in range(len(STRIDES))
    ]


def figure(levels: list[Tensor]) -> float:
    """LPIPS as the package gives it: the sum of the levels' means (Zhang et al. 2018, eq. 1)."""
    total = torch.zeros(1, 1, 1, 1)
    for level in levels:
        total = total + level.mean([2, 3], keepdim=True)
    return float(total)


def heat(levels: list[Tensor], height: int, width: int) -> Tensor:
    """The distance at each pixel, (H, W): the levels, enlarged bilinearly, summed."""
    total = torch.zeros(1, 1, height, width)
    for level in levels:
        total += F.interpolate(level, (height, width), mode="bilinear", align_corners=False)
    return total[0, 0]


Span = tuple[int, int, int, int]  # with its margins from, to; its own from, to


def _spans(length: int, tile: int) -> list[Span]:
    if length <= tile + 2 * MARGIN:
        return [(0, length, 0, length)]
    starts = range(0, length, tile)
    return [
        (max(start - MARGIN, 0), min(start + tile + MARGIN, length), start,
         length if start == starts[-1] else start + tile)
        for start in starts
    ]  # fmt: skip


def _tile(
    lpips: nn.Module, a: Tensor, b: Tensor, rows: Span, columns: Span, check: Callable[[], None]
) -> list[Tensor]:
    check()
    device = next(lpips.parameters()).device
    top, bottom, left, right = *rows[:2], *columns[:2]
    parts = (x[..., top:bottom, left:right].to(device) for x in (a, b))
    found = _distances(lpips, *parts)
    return [
        level[..., _inside(rows, stride, a.shape[-2]), _inside(columns, stride, a.shape[-1])]
        .cpu().clone()
        for level, stride in zip(found, STRIDES, strict=True)
    ]  # fmt: skip


def _inside(span: Span, stride: int, length: int) -> slice:
    """The tile's own positions; the last tile has those that pooling adds at the border."""
    start, _, first, end = span
    return slice((first - start) // stride, None if end == length else (end - start) // stride)


def _distances(lpips: Any, a: Tensor, b: Tensor) -> list[Tensor]:
    """What LPIPS computes before it averages; its own layers, in its own order."""
    from lpips import normalize_tensor

    first, second = (lpips.net(lpips.scaling_layer(x)) for x in (a, b))
    return [
        lin((normalize_tensor(f) - normalize_tensor(g)) ** 2)
        for lin, f, g in zip(lpips.lins, first, second, strict=True)
    ]
