"""Pictures to start from: under noise, in part, and noise near other noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from studio.core.errors import UsageError
from studio.core.generating import Generate, Inputs, Picture, digest
from studio.core.settings import Settings
from studio.engine.generate import generate
from studio.engine.starting import FEATHER, Seeds, Source, feathered, source_of
from tests.engine.fake import SIDE, FakeModel, request


def made(asked: Generate) -> list[Picture]:
    events = generate(FakeModel(), asked)
    return [event for event in events if isinstance(event, Picture)]


def grey(value: int, side: int = SIDE) -> np.ndarray:
    return np.full((side, side, 3), value, np.uint8)


def begun(inputs: Inputs, **changes: object) -> Generate:
    plain = request()
    settings = inputs.named(replace(plain.settings, **changes))  # type: ignore[arg-type]
    return replace(plain, settings=settings, inputs=inputs)


def test_a_digest_tells_pictures_and_shapes_apart() -> None:
    assert digest(grey(3)) != digest(grey(4))
    assert digest(np.zeros((2, 3), np.uint8)) != digest(np.zeros((3, 2), np.uint8))
    assert len(digest(grey(0))) == 64


def test_little_strength_returns_the_picture_and_all_of_it_another() -> None:
    """The fake's denoiser predicts the sign of x: a bright picture under little noise is white."""
    inputs = Inputs(grey(250))
    (near,) = made(begun(inputs, strength=0.2))
    assert (near.image == 255).all()
    (far,) = made(begun(inputs, strength=1.0))
    (plain,) = made(request())
    assert (far.image == plain.image).all() and not (far.image == 255).all()


def test_a_mask_repaints_only_what_is_under_it() -> None:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[:, SIDE // 2 :] = 255
    (picture,) = made(begun(Inputs(grey(100), mask)))
    middle = SIDE // 2  # where one blends into the other
    assert (picture.image[:, : middle - 1] == 100).all()
    assert set(np.unique(picture.image[:, middle + 1 :])) <= {0, 255}


@pytest.mark.parametrize("width", [1, 2, 3, 40])
def test_a_stroke_is_repainted_in_full_and_the_rest_stays(width: int) -> None:
    """Whatever its width: painted, 255; further away than the feather, as it was to the last bit;
    between the two it only fades."""
    mask = np.zeros((256, 256), bool)
    mask[:, 100 : 100 + width] = True
    rest = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)
    source = Source(torch.zeros(1), None, rest, feathered(mask, 256 * FEATHER))
    (image,) = source.composed(np.full((1, 256, 256, 3), 255, np.uint8))
    assert (image[:, 100 : 100 + width] == 255).all()
    near = 100 - int(256 * FEATHER)
    beyond = np.r_[:near, 100 + width + 100 - near : 256]
    assert (image[:, beyond] == rest[:, beyond]).all()
    assert source.painted is not None
    assert (np.diff(source.painted[0, near:101, 0]) > 0).all()


def test_a_fine_stroke_on_a_large_picture_is_not_lost() -> None:
    mask = np.zeros((80, 80), np.uint8)
    mask[:, 31] = 255  # a tenth of a pixel of the picture that is made
    inputs = Inputs(grey(100, 80), mask)
    source = source_of(FakeModel(), begun(inputs).settings, inputs)
    assert source is not None and source.painted is not None and source.known is not None
    assert source.painted[:, 3].min() == 1 and source.painted.mean() == 1 / 8
    assert (source.known == 0).float().mean() == 1 / 8


def test_a_picture_of_another_shape_is_cut_in_the_middle() -> None:
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    settings = Inputs(wide).named(request().settings)
    source = source_of(FakeModel(), settings, Inputs(wide))
    assert source is not None and source.pixels.shape == (SIDE, SIDE, 3)
    assert (source.pixels[:, 1:-1] > 150).all()


def test_inputs_must_be_those_the_settings_name() -> None:
    inputs = Inputs(grey(1))
    right = begun(inputs)
    right.check()
    for wrong in (
        replace(right, inputs=None),
        replace(right, inputs=Inputs(grey(2))),
        replace(right, inputs=Inputs(grey(1), np.zeros((3, 3), np.uint8))),
        replace(right, inputs=Inputs(np.zeros((0, 4, 3), np.uint8))),
    ):
        with pytest.raises(UsageError):
            wrong.check()
    with pytest.raises(UsageError, match="strength"):
        Settings("x", strength=0.0).check()


def test_variations_lie_on_the_way_from_one_noise_to_the_other() -> None:
    seeds = Seeds((3,), (4,))
    own, other = (Seeds((s,)).noise((4, 8, 8), "cpu", 0.0) for s in (3, 4))
    assert (seeds.noise((4, 8, 8), "cpu", 0.0) == own).all()
    assert (seeds.noise((4, 8, 8), "cpu", 1.0) == other).all()
    near = seeds.noise((4, 8, 8), "cpu", 0.1)
    assert (near - own).norm() < 0.3 * (other - own).norm()
    assert near.std() == pytest.approx(1, abs=0.15)


def test_several_variations_vary_the_other_seed() -> None:
    settings = replace(request().settings, seed=7, variation=0.3, variation_seed=20)
    pictures = made(replace(request(), settings=settings, count=3))
    assert [(p.settings.seed, p.settings.variation_seed) for p in pictures] == [
        (7, 20),
        (7, 21),
        (7, 22),
    ]
    alone = made(Generate(settings.numbered(2), preview_every=0))
    assert (alone[0].image == pictures[2].image).all()


def test_a_trajectory_is_kept_only_when_asked_for() -> None:
    (plain,) = made(request())
    assert plain.trajectory is None
    (picture,) = made(replace(request(), trajectories=True))
    assert picture.trajectory is not None
    frames = picture.trajectory.x
    assert frames.shape == (5, 3, SIDE, SIDE) and picture.trajectory.times[-1] == 0
    noise = Seeds((picture.settings.seed,)).noise((3, SIDE, SIDE), "cpu", 0.0)
    assert np.allclose(frames[0], noise[0].half().numpy())
    end = torch.from_numpy(frames[-1].astype(np.float32))
    assert (FakeModel().decode(end[None])[0] == picture.image).mean() > 0.99
