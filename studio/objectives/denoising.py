"""Training losses for the denoiser. Flow: Lipman et al. 2023; times: Esser et al. 2024 (SD3)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def logit_normal_times(
    count: int, generator: torch.Generator, mean: float = 0.0, deviation: float = 1.0
) -> Tensor:
    """t in (0, 1), (count,): the logistic function of a normal, dense in the middle.

    Stratified: one draw in each of `count` equal slices of probability, in random order.
    """
    slices = torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)
    quantiles = (slices / count).clamp(1e-4, 1 - 1e-4)
    normal = torch.erfinv(2 * quantiles - 1) * 2**0.5
    return torch.sigmoid(mean + deviation * normal)


def velocity_loss(
    network: Callable[[Tensor, Tensor], Tensor],
    latents: Tensor,
    times: Tensor,
    noise: Tensor,
    channel_weights: Tensor | None = None,
) -> Tensor:
    """Mean squared error of the velocity eps - x_0 at x_t = (1 - t) x_0 + t eps, a picture.

    Args:
        network: (x_t, t) -> velocity.
        latents, noise: (B, C, H, W).
        times: (B,) in [0, 1].
        channel_weights: (C,), how much each channel counts; all alike if None. The minimum is
            the same velocity whatever they are; they say what a small network gets right first.

    Returns:
        (B,) losses.
    """
    t = times[:, None, None, None]
    predicted = network((1 - t) * latents + t * noise, times)
    error = (predicted.float() - (noise - latents)) ** 2
    if channel_weights is not None:
        error = error * channel_weights[:, None, None]
    return error.mean((1, 2, 3))
