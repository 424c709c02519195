from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.dataset.catalogue import Catalogue
from studio.dataset.colours import (
    GROUNDS,
    HUES,
    colour_name,
    dominant_hue,
    hue_name,
    jittered,
    lab,
    recolour,
)

TEDDY, APPLE, SOCCER = "1f9f8", "1f34e", "26bd"


def test_lab_of_known_colours() -> None:
    np.testing.assert_allclose(lab(np.array([255, 255, 255])), [100, 0, 0], atol=0.05)
    np.testing.assert_allclose(lab(np.array([0, 0, 0])), [0, 0, 0], atol=0.05)
    np.testing.assert_allclose(lab(np.array([255, 0, 0])), [53.24, 80.09, 67.20], atol=0.2)


@given(name=st.sampled_from(sorted(GROUNDS)), seed=st.integers(0, 2**32))
def test_jitter_keeps_the_name(name: str, seed: int) -> None:
    assert colour_name(jittered(name, np.random.default_rng(seed))) == name


def test_jitter_moves_colours_but_not_white() -> None:
    rng = np.random.default_rng(0)
    assert len({jittered("blue", rng) for _ in range(20)}) > 10
    assert {jittered("white", rng) for _ in range(20)} == {(255, 255, 255)}


@pytest.mark.parametrize("name", HUES)
def test_a_hue_has_its_own_name(name: str) -> None:
    assert hue_name(HUES[name][0]) == name


@given(st.floats(0, 359.99))
def test_hue_names_do_not_overlap(degrees: float) -> None:
    owners = [
        n for n, (_, low, high) in HUES.items() if (degrees - low) % 360 <= (high - low) % 360
    ]
    assert len(owners) <= 1


def test_dominant_hue_needs_one_colour(catalogue: Catalogue) -> None:
    assert dominant_hue(catalogue.picture(SOCCER, "fluent-3d")) is None
    hue = dominant_hue(catalogue.picture(APPLE, "fluent-3d"))
    assert hue is not None
    assert hue > 340 or hue < 15


@pytest.mark.parametrize("name", ["green", "teal", "blue", "purple", "orange", "yellow"])
def test_an_apple_takes_other_colours_and_keeps_its_leaf_and_shape(
    catalogue: Catalogue, name: str
) -> None:
    apple = catalogue.picture(APPLE, "fluent-3d")
    painted = recolour(apple, name)
    assert painted is not None
    hue = dominant_hue(painted)
    assert hue is not None
    assert hue_name(hue) == name
    np.testing.assert_array_equal(painted[..., 3], apple[..., 3])
    leaf = apple[..., 1].astype(int) - apple[..., 0] > 20
    assert leaf.sum() > 500
    kept = np.abs(painted[leaf].astype(int)[:, :3] - apple[leaf][:, :3]).mean()
    assert kept < 12


def test_no_recolouring_to_what_it_is_or_without_a_colour(catalogue: Catalogue) -> None:
    assert recolour(catalogue.picture(APPLE, "fluent-3d"), "red") is None
    assert recolour(catalogue.picture(SOCCER, "fluent-3d"), "blue") is None


def test_transparent_pictures_have_no_hue() -> None:
    assert dominant_hue(np.zeros((8, 8, 4), np.uint8)) is None
