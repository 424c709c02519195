"""What a latent carries: active channels, nats, bits, and how near it is to its prior.

Functions on posteriors' means and log variances, (B, C, h, w); imports nothing of the studio.
"""

import math

import torch
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


def _kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) of each value, nats (Kingma & Welling, app. B)."""
    m, v = mean.float(), log_variance.float()
    return 0.5 * (m**2 + v.exp() - 1 - v)


def kl_per_channel(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Nats a picture in each channel, (C,): summed over positions, averaged over pictures."""
    return _kl(mean, log_variance).sum((2, 3)).mean(0)


def kl_sum(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The sum form, nats a picture, (B,): what the evidence lower bound and LDM's loss have."""
    return _kl(mean, log_variance).sum((1, 2, 3))


def kl_mean(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The mean form, nats a latent value, (B,): the sum form over C h w.

    A weight w on the sum form beside a reconstruction term summed over 3HW values is a weight
    w C h w / (3HW) on the mean form beside the mean error.
    """
    return _kl(mean, log_variance).mean((1, 2, 3))


def bits_per_pixel(mean: Tensor, log_variance: Tensor, pixels: int) -> Tensor:
    """What the posterior tells beyond the prior, in bits a pixel of the picture, (B,)."""
    return kl_sum(mean, log_variance) / math.log(2) / pixels


def aggregate_moments(mean: Tensor, log_variance: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the aggregate posterior in each channel, each (C,).

    q(z), the mean over pictures of q(z|x): 0 and 1 where it meets the prior N(0, I) (Hoffman and
    Johnson 2016). Its variance is that of the means and the posteriors' own.
    """
    m = mean.float()
    variance = m.var((0, 2, 3), correction=0) + log_variance.float().exp().mean((0, 2, 3))
    return m.mean((0, 2, 3)), torch.sqrt(variance)
