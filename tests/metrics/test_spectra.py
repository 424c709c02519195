"""Spectra of signals whose power is known in closed form."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from studio.metrics.spectra import laplacian_energy_ratio, radial_power, residual_peaks


def white(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def grey(field: Tensor) -> Tensor:
    return field.expand(1, 3, *field.shape[-2:])


@pytest.mark.parametrize("shape", [(64, 64), (40, 96), (77, 51)])
def test_white_noise_has_its_variance_at_every_frequency(shape: tuple[int, int]) -> None:
    noise = 0.3 * white(0, 64, 1, *shape).expand(-1, 3, -1, -1)
    frequencies, power = radial_power(noise, 8)
    assert power.shape == (64, 8)
    torch.testing.assert_close(frequencies, (torch.arange(8) + 0.5) / 16)
    torch.testing.assert_close(power.mean(0)[1:], torch.full((7,), 0.09), rtol=0.06, atol=0)


@pytest.mark.parametrize("angle", [0.0, 0.7, math.pi / 2])
def test_a_wave_lies_in_the_ring_of_its_frequency(angle: float) -> None:
    rows, columns = torch.meshgrid(torch.arange(80.0), torch.arange(120.0), indexing="ij")
    frequency = 17 / 64  # the middle of the ninth of 16 rings
    phase = rows * math.sin(angle) + columns * math.cos(angle)
    wave = 0.5 + 0.2 * torch.cos(2 * math.pi * frequency * phase)
    frequencies, power = radial_power(grey(wave), 16)
    ring = int(power.argmax())
    assert abs(frequencies[ring].item() - frequency) <= 1 / 64
    assert power[0, ring] > 0.9 * power.sum()


def test_constants_and_tiny_pictures_have_no_power() -> None:
    for shape in ((1, 1), (2, 3), (32, 32)):
        frequencies, power = radial_power(torch.full((2, 3, *shape), 0.7), 4)
        assert bool(torch.isfinite(frequencies).all()) and power.abs().max() < 1e-9


def test_laplacian_energy_of_a_scaled_and_a_blurred_picture() -> None:
    picture = white(1, 2, 3, 32, 32)
    assert laplacian_energy_ratio(picture, picture).item() == pytest.approx(1)
    assert laplacian_energy_ratio(picture, 0.5 * picture + 3).item() == pytest.approx(
        0.25, rel=1e-3
    )
    blurred = torch.nn.functional.avg_pool2d(picture, 3, 1, 1)
    assert laplacian_energy_ratio(picture, blurred).item() < 0.5
    # Of a wave cos(2 pi f x) the Laplacian has the factor -2 (1 - cos(2 pi f)).
    x = torch.arange(1, 101.0).expand(10, 100)
    slow, fast = (grey(torch.cos(2 * math.pi * f * x)) for f in (0.125, 0.25))
    expected = ((1 - math.cos(math.pi / 2)) / (1 - math.cos(math.pi / 4))) ** 2
    assert laplacian_energy_ratio(slow, fast).item() == pytest.approx(expected, rel=0.05)
    flat = torch.ones(1, 3, 8, 8)
    assert laplacian_energy_ratio(flat, flat).item() == 1


@pytest.mark.parametrize("stride", [2, 4, 8, 16, 7])
def test_white_noise_has_no_peaks(stride: int) -> None:
    found = residual_peaks(white(2, 8, 3, 256, 192), stride).item()
    assert 0.95 < found < 1.3


@pytest.mark.parametrize("period", [2, 4, 8])
@pytest.mark.parametrize("both", [True, False])
def test_a_checkerboard_in_noise_peaks(period: int, both: bool) -> None:
    rows, columns = torch.meshgrid(torch.arange(128), torch.arange(160), indexing="ij")
    half = period // 2
    board = ((columns // half + (rows // half if both else 0)) % 2) * 2.0 - 1
    noise = white(3, 4, 3, 128, 160)
    clean = residual_peaks(noise, 8).item()
    assert clean < 1.6
    assert residual_peaks(noise + 0.3 * board, 8).item() > 4 * clean
    assert residual_peaks(0.3 * grey(board), 8).item() > 1000


def test_the_height_of_a_nyquist_peak() -> None:
    """A board of amplitude a over noise of variance v: a^2 (sum w)^2 / sum w^2 over v, plus 1.

    The Hann block of n x n has (sum w)^2 / sum w^2 = (n / 1.5)^2.
    """
    rows, columns = torch.meshgrid(torch.arange(256), torch.arange(256), indexing="ij")
    board = ((rows + columns) % 2) * 2.0 - 1
    noise = white(4, 16, 3, 256, 256)
    expected = 1 + 0.1**2 * (64 / 1.5) ** 2
    assert residual_peaks(noise + 0.1 * board, 8).item() == pytest.approx(expected, rel=0.1)


def test_axis_aligned_edges_are_no_grid() -> None:
    """Strips and steps at places that follow no grid put power on the axes; it is no peak."""
    places = torch.rand(2, 64, generator=torch.Generator().manual_seed(5))
    field = torch.zeros(64, 1, 128, 128)
    for k in range(64):
        row, column = (int(p * 110) + 8 for p in places[:, k])
        field[k, 0, row:] += 1
        field[k, 0, :, column:] += 1
    assert residual_peaks(field.expand(-1, 3, -1, -1) + 0.05 * white(6, 64, 3, 128, 128), 8) < 2


def test_peaks_of_nothing_and_of_too_little() -> None:
    assert residual_peaks(torch.zeros(1, 3, 64, 64), 8).item() == pytest.approx(1)
    with pytest.raises(ValueError, match="4 strides"):
        residual_peaks(torch.zeros(1, 3, 31, 64), 8)
    assert math.isfinite(residual_peaks(white(7, 1, 3, 32, 200), 8).item())
