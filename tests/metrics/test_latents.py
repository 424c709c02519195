"""Figures of Gaussian posteriors against their closed forms."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from studio.metrics.latents import active_units
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


def test_kl_is_its_closed_form() -> None:
    mean, log_variance = posterior()
    q = Normal(mean.double(), (0.5 * log_variance.double()).exp())
    nats = kl_divergence(q, Normal(torch.zeros(1).double(), torch.ones(1).double()))
    own = Posterior(mean, log_variance).kl().item()
    assert own == pytest.approx(nats.mean().item(), rel=1e-5)


def test_the_prior_has_no_nats_and_a_unit_shift_half_a_nat() -> None:
    zeros = torch.zeros(2, 4, 8, 8)
    assert not Posterior(zeros, zeros).kl().any()
    assert Posterior(zeros + 1, zeros).kl().item() == pytest.approx(0.5)
