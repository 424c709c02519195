"""LPIPS where its weights are present; a plain sentence where they are not; both judges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from studio.core.errors import ModelError
from studio.metrics import features, perceptual
from studio.metrics.reconstruction import masked_mean

needs_weights = pytest.mark.skipif(
    not perceptual.lpips_available(), reason="SqueezeNet's weights are not in TORCH_HOME"
)


def noise(seed: int, count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(seed))


def test_missing_weights_are_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(ModelError, match="TORCH_HOME"):
        perceptual.load_lpips()
    assert features.load_judge().name == "pixels and gradients"


@needs_weights
def test_masked_lpips() -> None:
    metric = perceptual.load_lpips(spatial=True)
    a = noise(0)
    assert bool((perceptual.lpips_map(metric, a, a).abs() < 1e-6).all())
    b = a.clone()
    b[..., :16] = 0
    left = torch.zeros(2, 1, 64, 64)
    left[..., :16] = 1
    distances = perceptual.lpips_map(metric, a, b)
    near, far, full = (masked_mean(distances, mask) for mask in (left, 1 - left, None))
    assert bool((near > full).all())
    assert bool((full > far).all())


@needs_weights
def test_spatial_mean_is_close_to_lpips() -> None:
    a, b = noise(1), noise(2)
    plain = perceptual.load_lpips()(a * 2 - 1, b * 2 - 1).flatten()
    found = masked_mean(perceptual.lpips_map(perceptual.load_lpips(spatial=True), a, b))
    torch.testing.assert_close(found, plain, rtol=0.05, atol=0.01)


@pytest.mark.parametrize("kind", [features.GradientJudge, features.SqueezeJudge])
def test_features_are_unit_norm_and_see_place(kind: type) -> None:
    if kind is features.SqueezeJudge and not perceptual.lpips_available():
        pytest.skip("SqueezeNet's weights are not in TORCH_HOME")
    judge: features.Judge = kind()
    picture = np.full((2, 64, 64, 3), 255, np.uint8)
    picture[0, 8:24, 8:24] = (200, 30, 30)
    picture[1, 40:56, 40:56] = (200, 30, 30)
    found = features.features_of(judge, picture)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))
    assert float(found[0] @ found[1]) < 0.95
