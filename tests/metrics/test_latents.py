"""Figures of Gaussian posteriors against their closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from studio.metrics.latents import (
    active_units,
    aggregate_moments,
    bits_per_pixel,
    kl_mean,
    kl_per_channel,
    kl_sum,
)
from studio.networks.autoencoder import Posterior


def posterior(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    mean = torch.randn(3, 4, 5, 6, generator=generator)
    return mean, 0.5 * torch.randn(3, 4, 5, 6, generator=generator) - 1


def test_active_units_tell_pictures_apart() -> None:
    means = torch.zeros(64, 4, 3, 3)
    noise = torch.randn(64, generator=torch.Generator().manual_seed(0)).view(-1, 1, 1)
    means[:, 0] = noise
    means[:, 1] = 0.05 * noise  # a variance of about 0.0025
    means[:, 2] = torch.arange(9.0).view(3, 3)  # a pattern that every picture has
    means[:, 3, 1, 1] = noise[:, 0, 0]  # a ninth of the positions vary
    assert active_units(means) == (2, 0.5)
    assert active_units(torch.zeros(8, 16, 2, 2)) == (0, 0.0)
    assert active_units(means[:1]) == (2, 0.5)  # of one picture: what varies over its positions


def test_kl_in_every_form() -> None:
    mean, log_variance = posterior()
    q = Normal(mean.double(), (0.5 * log_variance.double()).exp())
    nats = kl_divergence(q, Normal(torch.zeros(1).double(), torch.ones(1).double()))
    close = {"rtol": 1e-5, "atol": 1e-5, "check_dtype": False}
    torch.testing.assert_close(kl_sum(mean, log_variance), nats.sum((1, 2, 3)), **close)
    torch.testing.assert_close(kl_mean(mean, log_variance), nats.mean((1, 2, 3)), **close)
    channels = kl_per_channel(mean, log_variance)
    torch.testing.assert_close(channels, nats.sum((2, 3)).mean(0), **close)
    assert channels.sum().item() == pytest.approx(kl_sum(mean, log_variance).mean().item())
    own = Posterior(mean, log_variance).kl().item()
    assert kl_mean(mean, log_variance).mean().item() == pytest.approx(own, rel=1e-5)


def test_the_prior_has_no_bits_and_a_unit_shift_half_a_nat() -> None:
    zeros = torch.zeros(2, 4, 8, 8)
    assert not kl_sum(zeros, zeros).any()
    bits = bits_per_pixel(zeros + 1, zeros, 64 * 64)
    assert bits[0].item() == pytest.approx(4 * 64 * 0.5 / math.log(2) / 4096)


def test_aggregate_posterior_moments() -> None:
    generator = torch.Generator().manual_seed(1)
    mean = 2 + 0.6 * torch.randn(32, 2, 32, 32, generator=generator)
    log_variance = torch.full_like(mean, math.log(0.64))
    centre, deviation = aggregate_moments(mean, log_variance)
    torch.testing.assert_close(centre, torch.full((2,), 2.0), rtol=0, atol=0.02)
    torch.testing.assert_close(deviation, torch.ones(2), rtol=0, atol=0.02)
    draws = Posterior(mean, log_variance).sample()
    torch.testing.assert_close(deviation, draws.std((0, 2, 3)), rtol=0, atol=0.02)
