"""Tiles: no seams, nothing lost at the borders, any size, little memory."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from studio.models import tiling
from studio.networks.autoencoder import Autoencoder, AutoencoderConfig, Posterior
from studio.networks.tiny_autoencoder import TinyAutoencoder, TinyAutoencoderConfig

POOLED = TinyAutoencoderConfig(4, 8, (1, 1, 1, 1), (1, 1, 1, 1), pooling=True)


class Folding(nn.Module):
    """Exact: the mean and the deviation of 4 x 4 pixels, and back to a constant."""

    downsampling, latent_channels, variational = 4, 3, True

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1))
        self.widest = 0

    def encode(self, pictures: Tensor) -> Posterior:
        self.widest = max(self.widest, *pictures.shape[-2:])
        mean = nn.functional.avg_pool2d(pictures, 4)
        return Posterior(mean, mean * 2)

    def decode(self, latents: Tensor) -> Tensor:
        self.widest = max(self.widest, 4 * max(latents.shape[-2:]))
        return nn.functional.interpolate(latents, scale_factor=4) * self.one

    def normalised(self, latents: Tensor) -> Tensor:
        return latents

    denormalised = normalised


def picture(height: int, width: int) -> Tensor:
    """Smooth, with a little noise: (1, 3, H, W)."""
    generator = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.linspace(0, 6, height), torch.linspace(0, 5, width), indexing="ij")
    smooth = torch.stack([(x + y).sin(), (x * y / 4).cos(), (x - 2 * y).sin()]) * 0.7
    return (smooth + 0.05 * torch.randn(3, height, width, generator=generator))[None]


def own() -> Autoencoder:
    torch.manual_seed(0)
    model = Autoencoder(AutoencoderConfig(4, (8, 8, 16), (1, 1, 1), (1, 1, 1)))
    for last in (model.encoder.last, model.decoder.last):
        nn.init.normal_(last.weight, std=0.1)
    return model.eval().requires_grad_(False)


def pooled() -> TinyAutoencoder:
    torch.manual_seed(0)
    return TinyAutoencoder(POOLED).eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (3, 70), (64, 64), (65, 63), (200, 90), (129, 257)]
)
def test_any_size_comes_back(height: int, width: int) -> None:
    model, x = Folding(), picture(height, width)
    posterior = tiling.encode(model, x, 64, 16)
    shape = (1, 3, -(-height // 4), -(-width // 4))
    assert posterior.mean.shape == posterior.log_variance.shape == shape
    assert torch.allclose(posterior.log_variance, 2 * posterior.mean, atol=1e-5)
    padded = nn.functional.pad(x, (0, -width % 4, 0, -height % 4), mode="replicate")
    assert torch.allclose(posterior.mean, nn.functional.avg_pool2d(padded, 4), atol=1e-5)
    decoded = tiling.decode(model, posterior.mean, 64, 16, size=(height, width))
    expected = nn.functional.interpolate(posterior.mean, scale_factor=4)[..., :height, :width]
    assert decoded.shape == x.shape and torch.allclose(decoded, expected, atol=1e-5)
    assert model.widest <= 64


@pytest.mark.parametrize("length", [2, 9, 10, 11, 37, 100])
@pytest.mark.parametrize(("size", "shared", "unit"), [(10, 1, 1), (10, 5, 3), (2, 1, 8)])
def test_weights_sum_to_one_and_windows_cover_all(
    length: int, size: int, shared: int, unit: int
) -> None:
    windows = tiling._windows(length, size, shared, unit)
    total = torch.zeros(length * unit)
    for start, weights in windows:
        total[start * unit : start * unit + len(weights)] += weights
        assert len(weights) == min(size, length) * unit and weights.min() >= 0
    assert torch.allclose(total, torch.ones_like(total), atol=1e-6)
    starts = [start for start, _ in windows]
    assert all(b - a <= size - shared for a, b in pairwise(starts))


def test_nonsense_sizes_of_tiles_still_work() -> None:
    x = picture(40, 24)
    for tile, overlap in ((1, 0), (8, 8), (16, 1000), (100, 0)):
        posterior = tiling.encode(Folding(), x, tile, overlap)
        assert torch.allclose(posterior.mean, nn.functional.avg_pool2d(x, 4), atol=1e-5)


def test_within_a_tile_nothing_changes() -> None:
    model, x = own(), picture(64, 48)
    posterior, whole = tiling.encode(model, x, 64), model.encode(x)
    assert torch.equal(posterior.mean, whole.mean)
    assert torch.equal(tiling.decode(model, whole.mean, 64), model.decode(whole.mean))


def test_convolutions_in_tiles_are_as_whole() -> None:
    """Where a tile lacks its neighbourhood its neighbour counts; convolutions reach no farther."""
    model, x = own(), picture(192, 256)
    whole = model.encode(x)
    tiled = tiling.encode(model, x, 144, 128)
    assert torch.allclose(tiled.mean, whole.mean, atol=1e-5)
    assert torch.allclose(tiled.log_variance, whole.log_variance, atol=1e-5)
    decoded, expected = tiling.decode(model, whole.mean, 144, 128), model.decode(whole.mean)
    assert torch.allclose(decoded, expected, atol=1e-5)


def seam_ratio(found: Tensor, reference: Tensor, tile: int, overlap: int, fold: int) -> float:
    """How much the error jumps where a tile begins or ends, against the jumps everywhere."""
    error = (found - reference).mean(1)[0]
    jumps = error.diff(dim=1).abs().mean(0)  # (W - 1,), across each vertical line
    size, shared = tiling._positions(tile, overlap, fold)
    windows = tiling._windows(found.shape[-1] // fold, size, shared, 1)
    starts = [start * fold for start, _ in windows[1:]]
    ends = [(start + size) * fold for start, _ in windows[:-1]]
    at_borders = torch.stack([jumps[edge - 1] for edge in starts + ends])
    return float(at_borders.mean() / jumps.mean())


@pytest.mark.parametrize("model", [own(), pooled()], ids=["own", "pooled"])
def test_no_seam_shows(model: Autoencoder | TinyAutoencoder) -> None:
    """Also where group normalisation sees other statistics in each tile."""
    x = picture(128, 320)
    mean = tiling.encode(model, x, 4096).mean
    whole = tiling.decode(model, mean, 4096)
    tiled = tiling.decode(model, mean, 128, 32)
    assert not torch.equal(whole, tiled)
    assert seam_ratio(tiled, whole, 128, 32, 8) < 1.5
    hard = torch.cat([model.decode(part) for part in mean.split(16, -1)], -1)
    error = (hard - whole).mean(1)[0].diff(dim=1).abs().mean(0)
    assert error[[127, 255]].mean() / error.mean() > 3  # the measure sees a seam where there is one


def test_no_gradients_are_kept() -> None:
    model = Folding()
    posterior = tiling.encode(model, picture(80, 80), 32, 8)
    decoded = tiling.decode(model, posterior.mean, 32, 8)
    assert not decoded.requires_grad and decoded.dtype == torch.float32


def test_parameters_of_lower_precision() -> None:
    model = pooled().to(torch.bfloat16)
    posterior = tiling.encode(model, picture(80, 80), 64, 16)
    assert posterior.mean.dtype == torch.float32
    assert tiling.decode(model, posterior.mean, 64, 16).dtype == torch.float32
