"""The picture tower: shapes, unit vectors, log-odds."""

from __future__ import annotations

import pytest
import torch

from studio.networks.picture import PictureConfig, PictureTower

TINY = PictureConfig(size=16, patch=8, width=16, depth=1, heads=2, output=12)


@pytest.fixture
def tower() -> PictureTower:
    torch.manual_seed(0)
    return PictureTower(TINY).eval().requires_grad_(False)


def test_size_of_the_shipped_tower() -> None:
    with torch.device("meta"):
        parameters = sum(p.numel() for p in PictureTower(PictureConfig()).parameters())
    assert 1.5e6 < parameters < 2.5e6


@pytest.mark.parametrize("size", [8, 16, 20, 64])
def test_any_size_gives_unit_vectors(tower: PictureTower, size: int) -> None:
    vectors = tower(torch.rand(3, 3, size, size) * 2 - 1)
    assert vectors.shape == (3, 12)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))


def test_larger_pictures_are_averaged(tower: PictureTower) -> None:
    small = torch.rand(2, 3, 16, 16)
    large = small.repeat_interleave(2, -1).repeat_interleave(2, -2)
    torch.testing.assert_close(tower(large), tower(small))


def test_places_matter(tower: PictureTower) -> None:
    picture = torch.zeros(1, 3, 16, 16)
    picture[..., :8, :8] = 1
    assert (tower(picture) - tower(picture.flip(-1))).abs().max() > 1e-4


def test_log_odds_start_as_in_the_paper(tower: PictureTower) -> None:
    vectors = torch.eye(12)[:2]
    with torch.autocast("cpu", torch.bfloat16):
        logits = tower.logits(vectors, vectors)
    torch.testing.assert_close(logits, torch.tensor([[0.0, -10.0], [-10.0, 0.0]]))
