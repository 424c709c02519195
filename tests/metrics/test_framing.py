"""A framed thing is the same wherever and however large it was drawn."""

from __future__ import annotations

import numpy as np

from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import WHITE, Placed, Scene, compose
from studio.metrics.framing import framed, ground_value, islands


def disc(x: int, y: int, radius: int) -> np.ndarray:
    rows, columns = np.mgrid[:256, :256]
    picture = np.full((256, 256, 3), (250, 218, 50), np.uint8)
    picture[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = (20, 20, 120)
    return picture


def test_ground_and_islands_of_a_disc() -> None:
    picture = disc(100, 120, 40)
    assert ground_value(picture).tolist() == [250, 218, 50]
    labels, areas = islands(picture)
    assert abs(areas.item() / (np.pi * 40**2) - 1) < 0.01
    assert labels[120, 100] == 1
    assert labels[0, 0] == 0


def test_framing_undoes_place_and_size() -> None:
    here, there = framed(disc(100, 120, 40)), framed(disc(60, 190, 60))
    assert here.shape == (128, 128, 3)
    assert np.abs(here.astype(int) - there).mean() < 6
    # The disc fills its frame: its area is pi/4 of the square, less the margin.
    blue = (here[..., 0] < 128).mean()
    assert abs(blue - np.pi / 4 / 1.04**2) < 0.04


def test_framing_a_real_picture() -> None:
    catalogue = Catalogue()
    one, other = (
        framed(compose(Scene("fluent-3d", WHITE, (Placed("1f9f8", x, y, size),)), catalogue))
        for x, y, size in ((0.5, 0.5, 0.88), (0.4, 0.55, 0.72))
    )
    assert np.abs(one.astype(int) - other).mean() < 8


def test_an_empty_picture_is_kept_whole() -> None:
    assert (framed(np.full((256, 256, 3), 77, np.uint8)) == 77).all()
