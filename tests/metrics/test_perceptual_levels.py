"""LPIPS by levels is LPIPS: exactly in one piece, to rounding in tiles."""

from __future__ import annotations

import pytest
import torch

from studio.core.errors import Cancelled
from studio.metrics import perceptual, perceptual_levels

pytestmark = pytest.mark.skipif(
    not perceptual.lpips_available(), reason="SqueezeNet's weights are not in TORCH_HOME"
)


def pair(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    stream = torch.Generator().manual_seed(height * 1000 + width)
    a = torch.rand(1, 3, height, width, generator=stream) * 2 - 1
    return a, (a + 0.2 * torch.randn(a.shape, generator=stream)).clamp(-1, 1)


@torch.inference_mode()
@pytest.mark.parametrize("size", [(17, 17), (64, 64), (33, 90), (130, 47)])
def test_figure_and_map_are_the_packages_own(size: tuple[int, int]) -> None:
    a, b = pair(*size)
    levels = perceptual_levels.levels(perceptual.load_lpips(), a, b)
    assert perceptual_levels.figure(levels) == float(perceptual.load_lpips()(a, b))
    spatial = perceptual.load_lpips(spatial=True)(a, b)
    torch.testing.assert_close(perceptual_levels.heat(levels, *size)[None, None], spatial)


@torch.inference_mode()
@pytest.mark.parametrize("size", [(401, 273), (337, 64), (20, 321)])
def test_tiles_change_nothing(size: tuple[int, int]) -> None:
    lpips, (a, b), calls = perceptual.load_lpips(), pair(*size), []
    tiled = perceptual_levels.levels(lpips, a, b, tile=64, check=lambda: calls.append(1))
    whole = perceptual_levels.levels(lpips, a, b, tile=1024)
    assert len(calls) > 3
    for mine, theirs in zip(tiled, whole, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)
    figures = perceptual_levels.figure(tiled), float(lpips(a, b))
    assert figures[0] == pytest.approx(figures[1], abs=1e-6)


def test_below_the_smallest_size_lpips_has_no_answer() -> None:
    with pytest.raises(RuntimeError):
        perceptual.load_lpips()(*pair(perceptual_levels.SMALLEST - 1, 40))


def test_it_can_be_stopped() -> None:
    def check() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        perceptual_levels.levels(perceptual.load_lpips(), *pair(32, 32), check=check)
