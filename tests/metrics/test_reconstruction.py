"""PSNR and SSIM against closed forms and a direct recomputation."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from studio.metrics.reconstruction import masked_mean, psnr, ssim, ssim_map


def pictures(seed: int, size: int = 24) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    a = torch.rand(2, 3, size, size, generator=generator)
    return a, (a + 0.1 * torch.randn(a.shape, generator=generator)).clamp(0, 1)


@pytest.mark.parametrize("error", [0.5, 0.1, 0.01])
def test_psnr_of_a_constant_error(error: float) -> None:
    a = torch.full((2, 3, 16, 16), 0.25)
    expected = torch.full((2,), -20 * math.log10(error))
    torch.testing.assert_close(psnr(a, a + error), expected, rtol=1e-4, atol=1e-4)


def test_masked_psnr_counts_only_the_mask() -> None:
    a = torch.zeros(1, 3, 16, 16)
    b = a.clone()
    b[..., 8:] = 0.1
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 8:] = 1
    torch.testing.assert_close(psnr(a, b, mask), torch.tensor([20.0]))
    torch.testing.assert_close(psnr(a, b, 1 - mask), torch.tensor([100.0]))
    torch.testing.assert_close(psnr(a, b, torch.ones_like(mask)), psnr(a, b))


def test_masked_mean_of_an_empty_mask_is_zero() -> None:
    assert masked_mean(torch.ones(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)).item() == 0


def direct_ssim(x: Tensor, y: Tensor, row: int, column: int) -> float:
    """Wang et al. 2004, equation 13, at one window, written out in float64."""
    axis = torch.arange(-5, 6, dtype=torch.float64)
    g = torch.exp(-(axis**2) / (2 * 1.5**2))
    w = torch.outer(g, g) / torch.outer(g, g).sum()
    x, y = (p[row : row + 11, column : column + 11].double() for p in (x, y))
    mx, my = (w * x).sum(), (w * y).sum()
    vx, vy = (w * (x - mx) ** 2).sum(), (w * (y - my) ** 2).sum()
    cov = (w * (x - mx) * (y - my)).sum()
    c1, c2 = 0.01**2, 0.03**2
    return float((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))


def test_ssim_map_is_equation_13() -> None:
    a, b = pictures(0)
    found = ssim_map(a, b)
    assert found.shape == (2, 3, 14, 14)
    for where in ((0, 0), (3, 9), (13, 13)):
        assert found[1, 2, *where].item() == pytest.approx(
            direct_ssim(a[1, 2], b[1, 2], *where), abs=1e-4
        )


def test_ssim_of_equal_pictures_and_of_constants() -> None:
    a, b = pictures(1)
    torch.testing.assert_close(ssim(a, a), torch.ones(2))
    torch.testing.assert_close(ssim(a, b), ssim(b, a))
    # Two constants p and q: only the luminance term is left.
    p, q = 0.2, 0.6
    expected = (2 * p * q + 1e-4) / (p * p + q * q + 1e-4)
    found = ssim(torch.full((1, 3, 16, 16), p), torch.full((1, 3, 16, 16), q))
    assert found.item() == pytest.approx(expected, abs=1e-3)


def test_masked_ssim_sees_only_the_mask() -> None:
    a, _ = pictures(2, 64)
    b = a.clone()
    b[..., :20] = 0.5
    mask = torch.zeros(2, 1, 64, 64)
    mask[..., 32:] = 1
    torch.testing.assert_close(ssim(a, b, mask), torch.ones(2))
    assert bool((ssim(a, b) < 0.9).all())
