"""Structural similarity over several scales. Functions on tensors; imports no models."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from studio.metrics.reconstruction import WINDOW, luminance_and_structure

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang et al. 2003, section 3.2
FEWEST = 4  # scales
SMALLEST = WINDOW * 2 ** (FEWEST - 1)  # pixels a side
WHOLE = WINDOW * 2 ** (len(WEIGHTS) - 1)  # pixels a side, from which all scales are used


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """Multi-scale structural similarity (Wang et al. 2003, equation 7), one value a picture, (B,).

    Contrast and structure at every scale, luminance at the coarsest alone; between scales means of
    2 x 2 pixels. Below 176 pixels a side the window does not fit the fifth scale: the first four
    are used, their weights scaled to sum to one. Each colour on its own, then their mean. Scales
    that are anticorrelated count as 0.

    Args:
        a, b: (B, C, H, W) in [0, 1].

    Raises:
        ValueError: a side is below 88 pixels, where even four scales do not fit.
    """
    side = min(a.shape[-2:])
    if side < SMALLEST:
        raise ValueError(f"MS-SSIM needs {SMALLEST} pixels a side, not {side}")
    weights = WEIGHTS if side >= WHOLE else WEIGHTS[:FEWEST]
    channels = zip(a.split(1, 1), b.split(1, 1), strict=True)  # a third of the memory at once
    return torch.stack([_grey(x, y, weights) for x, y in channels]).mean(0)


def _grey(a: Tensor, b: Tensor, weights: tuple[float, ...]) -> Tensor:
    """(B, 1, H, W) -> (B,)."""
    result = torch.ones(len(a), device=a.device)
    total = sum(weights)
    for scale, weight in enumerate(weights, 1):
        luminance, structure = luminance_and_structure(a, b)
        similarity = luminance * structure if scale == len(weights) else structure
        result = result * similarity.mean((1, 2, 3)).clamp_min(0) ** (weight / total)
        a, b = (F.avg_pool2d(p.float(), 2) for p in (a, b))
    return result
