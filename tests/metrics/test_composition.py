"""The exact judges on real composed scenes (their ceiling) and on noise (their chance)."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix, Placed, Scene, compose, sample_scene
from studio.metrics import composition as judge
from studio.metrics.features import GradientJudge, Judge, load_judge
from studio.metrics.perceptual import lpips_available

CATALOGUE = Catalogue()
PLAIN = partial(Mix, p_graded=0.0, p_hue=0.0, styles=(("fluent-3d", 1.0),))


def scenes(mix: Mix, count: int) -> list[Scene]:
    rng = np.random.default_rng(7)
    return [sample_scene(rng, CATALOGUE, mix) for _ in range(count)]


def test_ground_colour_and_count_of_real_scenes() -> None:
    drawn = scenes(PLAIN(p_single=1, p_pair=0, p_count=2, p_colour_ground=0.8), 60)
    pictures = [compose(scene, CATALOGUE) for scene in drawn]
    grounds = [
        judge.ground_colour(p) == s.ground.colours[0] for p, s in zip(pictures, drawn, strict=True)
    ]
    counts = [judge.count_things(p) == s.count for p, s in zip(pictures, drawn, strict=True)]
    assert np.mean(grounds) >= 0.95
    assert np.mean(counts) >= 0.95


def test_an_empty_picture_has_nothing_on_it() -> None:
    assert judge.count_things(np.full((64, 64, 3), 200, np.uint8)) == 0


def test_halves_are_where_they_say() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[2:6, :4], picture[2:6, 4:] = 10, 20
    left, right, upper, lower = judge.halves(picture)
    assert (left == 10).all()
    assert (right == 20).all()
    assert upper.shape == lower.shape == (4, 4, 3)


def test_a_half_holds_what_is_mostly_there() -> None:
    picture = np.full((100, 100, 3), 255, np.uint8)
    picture[40:60, 10:55] = (255, 0, 0)  # a little over the middle: whole on the left
    picture[40:60, 70:90] = (0, 0, 255)
    left, right = judge.half(picture, "left"), judge.half(picture, "right")
    assert (left[50, 54] == (255, 0, 0)).all()
    assert (left[50, 80] == 255).all()
    assert (right[50, 54] == 255).all()
    assert (right[50, 80] == (0, 0, 255)).all()
    picture[40:60, 10:90] = (0, 255, 0)  # across the middle: cut
    upper, lower = judge.half(picture, "upper"), judge.half(picture, "lower")
    assert (upper[45, 80] == (0, 255, 0)).all()
    assert (upper[55] == 255).all()
    assert (lower[45] == 255).all()
    assert (judge.half(picture, "left")[50, 51:] == 255).all()


def alone(code: str, scene: Scene) -> np.ndarray:
    return compose(Scene(scene.style, scene.ground, (Placed(code, 0.5, 0.5, 0.92),)), CATALOGUE)


def agreement(using: Judge, noise: bool) -> float:
    """The share of scenes with two things side by side whose relation is found."""
    drawn = scenes(PLAIN(p_single=0, p_pair=1, p_count=0), 60)
    drawn = [scene for scene in drawn if scene.relation in judge.SIDES]
    rng = np.random.default_rng(0)
    found = []
    for scene in drawn:
        picture = compose(scene, CATALOGUE)
        if noise:
            picture = rng.integers(0, 256, picture.shape).astype(np.uint8)
        first, second = (alone(thing.code, scene) for thing in scene.objects)
        found.append(judge.side_of(using, picture, first, second) == scene.relation)
    return float(np.mean(found))


@pytest.mark.parametrize("name", ["SqueezeNet", "pixels and gradients"])
def test_sides_of_real_scenes(name: str) -> None:
    if name == "SqueezeNet" and not lpips_available():
        pytest.skip("SqueezeNet's weights are not in TORCH_HOME")
    using = GradientJudge() if name != "SqueezeNet" else load_judge()
    assert using.name == name
    assert agreement(using, noise=False) >= 0.95


def test_sides_of_noise_are_chance() -> None:
    assert agreement(GradientJudge(), noise=True) < 0.5
