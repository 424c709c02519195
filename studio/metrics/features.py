"""Picture features for retrieval, kernel distance, diversity and memorisation.

The judge is SqueezeNet (Iandola et al. 2016), as in LPIPS: the generator was never conditioned on
it. Without its weights a plain descriptor of pixels and gradients takes over, and `name` says so.
"""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.metrics.perceptual import load_lpips, lpips_available

SIDE = 128  # pictures are judged at this size: a quarter of the cost, the same ranking
GRID = 4


class Judge(Protocol):
    """`features`: (B, 3, H, W) pictures in [0, 1] -> (B, D) of unit norm, so that a product is a
    similarity and a difference's norm a distance in [0, 2]."""

    name: str

    def features(self, pictures: Tensor) -> Tensor: ...


def _joined(maps: list[Tensor]) -> Tensor:
    """Channel-normalised maps, averaged on a 4 x 4 grid, concatenated: every map counts alike."""
    parts = [F.normalize(F.adaptive_avg_pool2d(m, GRID).flatten(1)) for m in maps]
    return F.normalize(torch.cat(parts, dim=1))


class SqueezeJudge:
    """The seven SqueezeNet levels that LPIPS compares, pooled on a grid so that place counts."""

    name = "SqueezeNet"

    def __init__(self, device: torch.device | None = None) -> None:
        lpips = load_lpips(device or "cpu")
        self.scale = cast(nn.Module, lpips.scaling_layer)
        self.backbone = cast(nn.Module, lpips.net)
        self.device = device

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        x = F.interpolate(pictures.to(self.device).float(), (SIDE, SIDE), mode="area")
        maps = self.backbone(self.scale(x * 2 - 1))
        return _joined([F.normalize(m, dim=1) for m in maps]).cpu()


class GradientJudge:
    """Colours on a 16 x 16 grid and a histogram of gradients on an 8 x 8 grid; no weights at all.

    After Dalal & Triggs 2005: eight unsigned orientations, weighted by magnitude.
    """

    name = "pixels and gradients"
    orientations = 8

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        x = F.interpolate(pictures.float().cpu(), (SIDE, SIDE), mode="area")
        colour = F.adaptive_avg_pool2d(x - 0.5, 16).flatten(1)
        grey = x.mean(1, keepdim=True)
        dx, dy = F.pad(grey.diff(dim=3), (0, 1, 0, 0)), F.pad(grey.diff(dim=2), (0, 0, 0, 1))
        bins = (torch.atan2(dy, dx) % torch.pi / torch.pi * self.orientations).long()
        hot = F.one_hot(bins.clamp_max(self.orientations - 1)[:, 0], self.orientations)
        magnitude = torch.hypot(dx, dy)
        histogram = F.adaptive_avg_pool2d(hot.permute(0, 3, 1, 2) * magnitude, 8).flatten(1)
        return F.normalize(torch.cat([F.normalize(colour), F.normalize(histogram)], dim=1))


def load_judge(device: torch.device | None = None) -> Judge:
    """SqueezeNet where its weights are on this machine, else the plain descriptor."""
    return SqueezeJudge(device) if lpips_available() else GradientJudge()


def as_tensor(pictures: np.ndarray) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, H, W) float in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255


def features_of(judge: Judge, pictures: np.ndarray, batch: int = 32) -> Tensor:
    """Features (B, D) of (B, H, W, 3) uint8 pictures, a few at a time."""
    parts = [
        judge.features(as_tensor(pictures[i : i + batch])) for i in range(0, len(pictures), batch)
    ]
    return torch.cat(parts)
