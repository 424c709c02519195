"""What is known stays, by every sampler; the rest is what the denoiser makes of it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from studio.diffusion import samplers
from studio.diffusion.denoised import Denoised
from studio.diffusion.inpainting import Inpainted
from studio.diffusion.noise import NoiseStream

SHAPE = (2, 4, 4)


def gaussian(x: Tensor, alpha: float, sigma: float) -> Denoised:
    """The exact denoiser of data N(3, 0.25): E[x0 | x] of two Gaussians."""
    variance = 0.25
    x0 = 3.0 + alpha * variance / (alpha**2 * variance + sigma**2) * (x - alpha * 3.0)
    return Denoised(x0, (x - alpha * x0) / max(sigma, 1e-12), nfe=1)


def test_the_pair_still_belongs_to_x() -> None:
    y, known = torch.full((1, *SHAPE), -2.0), torch.zeros(1, 1, 4, 4)
    known[..., :2] = 1
    x = torch.randn(3, *SHAPE)
    here = Inpainted(gaussian, y, known)(x, 0.6, 0.8)
    torch.testing.assert_close(0.6 * here.x0 + 0.8 * here.epsilon, x)
    torch.testing.assert_close(here.x0[..., :2], torch.full((3, 2, 4, 2), -2.0))
    torch.testing.assert_close(here.x0[..., 2:], gaussian(x, 0.6, 0.8).x0[..., 2:])


@pytest.mark.parametrize("name", [spec.name for spec in samplers.all_samplers()])
def test_every_sampler_ends_at_what_is_known(name: str) -> None:
    y = torch.linspace(-1, 1, 32).reshape(1, *SHAPE)
    known = torch.zeros(1, 1, 4, 4)
    known[..., :2] = 1
    stream = NoiseStream([5])
    noise = stream.initial(SHAPE)
    *_, last = samplers.find(name).run(Inpainted(gaussian, y, known), noise, 12, stream)
    assert (last.x - y)[..., :2].abs().max() < 2e-3
    assert (last.x[..., 2:] - 3.0).abs().mean() < 1.0  # and makes the rest
