"""LPIPS between two pictures of a model, where its weights are on this machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from studio.core.sizes import Size
from studio.metrics import perceptual
from studio.metrics.perceptual_levels import SMALLEST
from studio.models.model import Model

#: The distance between two pictures (H, W, 3) uint8.
Judge = Callable[[np.ndarray, np.ndarray], float]


def judge_for(model: Model, size: Size) -> Judge | None:
    """LPIPS on the model's device; None where it, or pictures that large, cannot be had."""
    if min(size.pair) < SMALLEST or not perceptual.lpips_available():
        return None
    device = model.device
    network = perceptual.load_lpips(device)

    def distance(a: np.ndarray, b: np.ndarray) -> float:
        pair = torch.from_numpy(np.stack((a, b))).to(device).permute(0, 3, 1, 2)
        first, second = (pair.float() / 127.5 - 1).split(1)
        return float(network(first, second))

    return distance
