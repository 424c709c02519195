"""What a latent carries: its active channels."""

from __future__ import annotations

from torch import Tensor

ACTIVE = 0.01  # Burda et al. 2016, section 5.2


def active_units(means: Tensor) -> tuple[int, float]:
    """How many channels tell pictures apart, and their share of all.

    A channel is active where the variance of its posterior mean over the data exceeds 0.01 (Burda
    et al. 2016), at each position over pictures, then averaged over positions. Of one picture, the
    positions are the data.

    Args:
        means: (B, C, h, w) of many pictures.
    """
    values = means.float()
    if len(values) > 1:
        variance = values.var(0, correction=0).mean((1, 2))
    else:
        variance = values.var((0, 2, 3), correction=0)
    count = int((variance > ACTIVE).sum())
    return count, count / means.shape[1]
