"""LPIPS where its weights are present; a plain sentence where they are not; both judges."""

from __future__ import annotations

import hashlib
import io
from email.message import Message
from pathlib import Path
from urllib.error import URLError
from urllib.response import addinfourl

import numpy as np
import pytest
import torch

from studio.bridge import perceptual as bridge
from studio.core.errors import ModelError, OutputError
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
    assert "TORCH_HOME" in perceptual.lpips_reason()
    perceptual.lpips_weights().parent.mkdir()
    whole = io.BytesIO()
    torch.save({"of another network": torch.zeros(3)}, whole)
    for content in (b"", b"cut short", whole.getvalue()[:-40], whole.getvalue()):
        perceptual.lpips_weights().write_bytes(content)
        assert perceptual.lpips_reason() == ""
        with pytest.raises(ModelError, match="damaged; delete it"):
            perceptual.load_lpips()


def served(content: bytes | Exception) -> object:
    """What stands in for the internet."""

    def urlopen(address: str, timeout: float) -> addinfourl:
        assert address.endswith(perceptual.CHECKPOINT) and timeout > 0
        if isinstance(content, Exception):
            raise content
        headers = Message()
        headers["Content-Length"] = str(len(content))
        return addinfourl(io.BytesIO(content), headers, address, 200)

    return urlopen


def test_weights_are_fetched_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "home"))
    path = perceptual.lpips_weights()
    for content, words in (
        (URLError("no route to host"), "no route to host.*connect this machine"),
        (TimeoutError("timed out"), "connect this machine"),
        (b"a page that asks to log in", "damaged; retry"),
    ):
        monkeypatch.setattr(perceptual, "urlopen", served(content))
        with pytest.raises(ModelError, match=words):
            perceptual.fetch_lpips_weights()
        assert list(path.parent.iterdir()) == []
    content = b"the weights"
    monkeypatch.setattr(perceptual, "DIGEST", hashlib.sha256(content).hexdigest()[:8])
    monkeypatch.setattr(perceptual, "urlopen", served(content))
    heard: list[float] = []
    assert perceptual.fetch_lpips_weights(heard.append) == path and heard == [1.0]
    assert path.read_bytes() == content and perceptual.lpips_reason() == ""
    assert list(path.parent.iterdir()) == [path]
    monkeypatch.setattr(perceptual, "urlopen", served(AssertionError("asked twice")))
    assert perceptual.fetch_lpips_weights() == path


def test_a_fetch_that_is_stopped_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "home"))
    monkeypatch.setattr(perceptual, "urlopen", served(bytes(1 << 18)))
    heard: list[float] = []
    assert bridge.fetch(heard.append, lambda: len(heard) == 2) is None
    assert heard == [0.25, 0.5] and list(perceptual.lpips_weights().parent.iterdir()) == []


def test_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "file"))
    with pytest.raises(OutputError, match="set TORCH_HOME"):
        perceptual.fetch_lpips_weights()


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
