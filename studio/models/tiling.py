"""Pictures of any size through an autoencoder, in tiles whose seams are feathered.

Each tile is weighted by a ramp that falls linearly towards its borders, and the weights of all
tiles sum to one at every pixel. What is needed on the autoencoder's device is one tile; the whole
is assembled on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from studio.models.model import ImageAutoencoder
from studio.networks.autoencoder import Posterior

TILE, OVERLAP = 512, 64  # pixels; for latents both are divided by the downsampling


@torch.no_grad()
def encode(
    autoencoder: ImageAutoencoder, pictures: Tensor, tile: int = TILE, overlap: int = OVERLAP
) -> Posterior:
    """Pictures (B, 3, H, W) in [-1, 1], any H and W -> the posterior, fp32, on the CPU.

    The last row and column are repeated up to a multiple of the downsampling f, so that latents
    are (B, C, ceil(H/f), ceil(W/f)). `tile` and `overlap` are in pixels; pictures within a tile
    go through whole.
    """
    fold = autoencoder.downsampling
    height, width = pictures.shape[-2:]
    padding = (0, -width % fold, 0, -height % fold)
    padded = F.pad(pictures, padding, mode="replicate") if any(padding) else pictures

    def moments(window: Tensor) -> Tensor:
        posterior = autoencoder.encode(window)
        return torch.cat([posterior.mean, posterior.log_variance], 1)

    size, shared = _positions(tile, overlap, fold)
    assembled = _assembled(moments, autoencoder, padded, size, shared, (fold, 1))
    return Posterior(*assembled.chunk(2, 1))


@torch.no_grad()
def decode(
    autoencoder: ImageAutoencoder,
    latents: Tensor,
    tile: int = TILE,
    overlap: int = OVERLAP,
    size: tuple[int, int] | None = None,
) -> Tensor:
    """Latents (B, C, h, w) as `encode` gives them -> pictures (B, 3, fh, fw), fp32, on the CPU.

    `tile` and `overlap` are in pixels of the picture. `size` (H, W) cuts off what `encode` added.
    """
    fold = autoencoder.downsampling
    positions, shared = _positions(tile, overlap, fold)
    pictures = _assembled(autoencoder.decode, autoencoder, latents, positions, shared, (1, fold))
    return pictures if size is None else pictures[..., : size[0], : size[1]]


def _positions(tile: int, overlap: int, fold: int) -> tuple[int, int]:
    """Tile and overlap in latent positions: at least 2 and 1, the overlap at most half a tile."""
    size = max(tile // fold, 2)
    return size, min(max(overlap // fold, 1), size // 2)


def _assembled(
    function: Callable[[Tensor], Tensor],
    autoencoder: ImageAutoencoder,
    x: Tensor,
    size: int,
    shared: int,
    units: tuple[int, int],
) -> Tensor:
    """`function` over tiles of x; `units`: how wide a latent position is in x and in what comes
    out. Fp32, on the CPU."""
    like, (before, after) = next(iter(autoencoder.parameters())), units
    height, width = (side // before for side in x.shape[-2:])
    if max(height, width) <= size:
        return function(x.to(like)).float().cpu()
    whole: Tensor | None = None
    for top, rows in _windows(height, size, shared, after):
        for left, columns in _windows(width, size, shared, after):
            bottom, right = top + len(rows) // after, left + len(columns) // after
            part = x[..., top * before : bottom * before, left * before : right * before]
            tile = function(part.to(like)).float().cpu()
            if whole is None:
                whole = torch.zeros(*tile.shape[:2], height * after, width * after)
            tile *= rows[:, None] * columns
            target = whole[..., top * after : bottom * after, left * after : right * after]
            target += tile
    assert whole is not None
    return whole


def _windows(length: int, size: int, shared: int, unit: int) -> list[tuple[int, Tensor]]:
    """Tiles along an axis of `length` positions: where each starts, its weights (n * unit,).

    Tiles are evenly spaced and overlap by at least `shared` positions. In the middle half of that
    weights fall linearly; beyond it, where a tile lacks its neighbourhood, it counts for nothing.
    Those of all tiles sum to one everywhere.
    """
    size = min(size, length)
    count = 1 + -(-(length - size) // (size - shared))
    starts = [round(n * (length - size) / max(count - 1, 1)) for n in range(count)]
    inside = torch.arange(size * unit) + 0.5
    ramp = (inside / (shared * unit) * 2 - 0.5).clamp(0.0, 1.0)
    weights = [torch.ones(size * unit) for _ in starts]
    for tile in weights[1:]:
        tile *= ramp
    for tile in weights[:-1]:
        tile *= ramp.flip(0)
    total = torch.zeros(length * unit)
    for start, tile in zip(starts, weights, strict=True):
        total[start * unit : (start + size) * unit] += tile
    sums = [total[start * unit : (start + size) * unit] for start in starts]
    return [(s, w / t) for s, w, t in zip(starts, weights, sums, strict=True)]
