"""Where a token stands: learned or sinusoidal positions, in a row or on a grid.

Vaswani et al. 2017, section 3.5. Shapes in, shapes out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def sinusoids(length: int, width: int) -> Tensor:
    """(length, width): PE(p, 2i) = sin(p / 10000^(2i / width)), PE(p, 2i + 1) = cos of the same."""
    rates = 10_000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * rates
    both = torch.stack([angles.sin(), angles.cos()], dim=-1)
    return both.flatten(1)[:, :width].float()


def sinusoidal_grid(side: int, width: int) -> Tensor:
    """(side^2, width), row by row: half of the channels tell the row, the others the column
    (Chen et al. 2021, MoCo v3)."""
    rows, columns = sinusoids(side, width // 2), sinusoids(side, width - width // 2)
    return torch.cat(
        [rows[:, None].expand(-1, side, -1), columns[None].expand(side, -1, -1)], dim=-1
    ).flatten(0, 1)


class Positions(nn.Module):
    """A vector a place, (places, width): a fixed table, or one of that shape that is learnt."""

    table: Tensor

    def __init__(self, fixed: Tensor, learned: bool) -> None:
        super().__init__()
        if learned:
            self.table = nn.Parameter(torch.randn(fixed.shape) * 0.02)
        else:
            self.register_buffer("table", fixed, persistent=False)

    def after(self, past: int, length: int) -> Tensor:
        """Those of `length` tokens that follow `past` others, (length, width)."""
        return self.table[past : past + length]

    def grid(self, rows: int, columns: int) -> Tensor:
        """Those of a grid of any size, (rows x columns, width): the square's own, interpolated
        bicubically (Caron et al. 2021 for smaller crops)."""
        side = round(len(self.table) ** 0.5)
        if (rows, columns) == (side, side):
            return self.table
        square = self.table.T.unflatten(1, (side, side))[None]
        resized = F.interpolate(square, (rows, columns), mode="bicubic", align_corners=False)
        return resized[0].flatten(1).T
