"""Latents as tokens of two by two positions, as FLUX and its kin take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

PACK = 2  # positions a side in one token


def packed(x: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, h w / 4, 4 C), row by row."""
    from torch.nn.functional import pixel_unshuffle

    return pixel_unshuffle(x, PACK).flatten(2).transpose(1, 2)


def unpacked(tokens: Tensor, like: Tensor) -> Tensor:
    """The other way, to the shape of `like`."""
    from torch.nn.functional import pixel_shuffle

    height, width = like.shape[-2:]
    grid = tokens.transpose(1, 2).unflatten(2, (height // PACK, width // PACK))
    return pixel_shuffle(grid, PACK)


def places(x: Tensor) -> Tensor:
    """(h w / 4, 3): 0, row and column of each packed token."""
    import torch

    height, width = (torch.arange(side // PACK, device=x.device) for side in x.shape[-2:])
    return torch.cartesian_prod(torch.zeros_like(height[:1]), height, width)
