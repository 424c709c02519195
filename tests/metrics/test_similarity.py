"""PSNR and SSIM against scikit-image on photographs; MS-SSIM against scipy in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage import data
from skimage.measure import block_reduce
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from studio.metrics.reconstruction import psnr, ssim
from studio.metrics.similarity import SMALLEST, WEIGHTS, WHOLE, ms_ssim

PHOTOGRAPHS = {
    "astronaut": lambda: data.astronaut()[40:237, 130:350],
    "cat": lambda: data.chelsea()[50:250, 100:301],
    "coffee": lambda: data.coffee()[100:300:1, 150:350],
}


def tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float()


def pair(name: str, deviation: float) -> tuple[np.ndarray, np.ndarray]:
    photograph = PHOTOGRAPHS[name]() / 255.0
    noise = np.random.default_rng(7).normal(0, deviation, photograph.shape)
    return photograph, (photograph + noise).clip(0, 1)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("deviation", [0.01, 0.1, 0.4])
def test_psnr_and_ssim_are_scikit_images(name: str, deviation: float) -> None:
    a, b = pair(name, deviation)
    expected = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1,
        channel_axis=2,
    )  # fmt: skip
    assert ssim(tensor(a), tensor(b)).item() == pytest.approx(expected, abs=1e-4)
    expected = peak_signal_noise_ratio(a, b, data_range=1)
    assert psnr(tensor(a), tensor(b)).item() == pytest.approx(expected, abs=1e-3)


def test_the_smallest_picture_of_ssim_agrees() -> None:
    a, b = (p[20:31, 20:31] for p in pair("cat", 0.1))
    expected = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1,
        channel_axis=2,
    )  # fmt: skip
    assert ssim(tensor(a), tensor(b)).item() == pytest.approx(expected, abs=1e-4)


def written_out(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> float:
    """Wang et al. 2003, equation 7, of one colour in float64."""

    def blur(p: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(p, 1.5, truncate=3.5)[5:-5, 5:-5]

    value = 1.0
    for scale, weight in enumerate(weights):
        x, y = blur(a), blur(b)
        xx, yy, xy = blur(a * a) - x * x, blur(b * b) - y * y, blur(a * b) - x * y
        similarity = (2 * xy + 9e-4) / (xx + yy + 9e-4)
        if scale == len(weights) - 1:
            similarity = similarity * (2 * x * y + 1e-4) / (x * x + y * y + 1e-4)
        value *= max(similarity.mean(), 0.0) ** weight
        a, b = (
            block_reduce(p[: len(p) // 2 * 2, : p.shape[1] // 2 * 2], 2, np.mean) for p in (a, b)
        )
    return value


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("side", [88, 175, 176, 197])
def test_ms_ssim_is_equation_7(name: str, side: int) -> None:
    a, b = (p[:side] for p in pair(name, 0.15))
    weights = np.array(WEIGHTS if side >= WHOLE else WEIGHTS[:4])
    expected = np.mean(
        [written_out(a[..., c], b[..., c], weights / weights.sum()) for c in range(3)]
    )
    assert ms_ssim(tensor(a), tensor(b)).item() == pytest.approx(expected, abs=1e-4)
    assert 0.3 < expected < 0.99


def test_ms_ssim_a_picture() -> None:
    a, b = (tensor(p[:96, :96]) for p in pair("coffee", 0.2))
    found = ms_ssim(torch.cat([a, a]), torch.cat([b, a]))
    assert found.shape == (2,)
    assert found[0].item() == pytest.approx(ms_ssim(a, b).item(), abs=1e-6)
    assert found[1].item() == pytest.approx(1, abs=1e-6)
    assert ms_ssim(a, 1 - a).item() >= 0  # anticorrelated scales give no complex roots


def test_too_small_a_picture_says_so() -> None:
    a = torch.zeros(1, 3, SMALLEST - 1, 200)
    assert SMALLEST == 88
    with pytest.raises(ValueError, match="88 pixels"):
        ms_ssim(a, a)
