"""Walks: ends that are the very pictures, ways between them, pictures that come back."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
import pytest
import torch

from studio.core.errors import Cancelled, UsageError
from studio.core.generating import Generate, Picture
from studio.core.messages import Progress
from studio.core.settings import Settings
from studio.core.walks import End, Frame, Inverted, Spaced, Walk, places, weights
from studio.engine import judging
from studio.engine.generate import generate
from studio.engine.walk import walk
from studio.metrics import perceptual
from studio.models.model import Model
from studio.models.registry import open_model
from tests import tiny

BASE = Settings("a red apple", steps=4, size=tiny.SIZE, guidance=2.0, sampler="flow-heun")
OTHER = replace(BASE, prompt="a blue bear", seed=9, negative="two")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tiny.bundle(tmp_path_factory.mktemp("tiny"))
    return open_model(str(folder), "cpu", "float32", lambda: None)


@pytest.fixture(autouse=True)
def _no_lpips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "lpips_available", lambda: False)


def of(model: Model, kind: type, request: Walk) -> list:  # type: ignore[type-arg]
    request.check()
    return [event for event in walk(model, request) if isinstance(event, kind)]


def frames(model: Model, *ends: End, **changes: object) -> dict[int, Frame]:
    request = replace(Walk(ends, columns=3), **changes)  # type: ignore[arg-type]
    return {frame.index: frame for frame in of(model, Frame, request)}


def picture(model: Model, settings: Settings) -> np.ndarray:
    events = generate(model, Generate(settings, preview_every=0))
    (made,) = (event for event in events if isinstance(event, Picture))
    return made.image


@pytest.mark.parametrize("sampler", ["flow-heun", "ddim", "sde-euler", "dpmpp-2m-sde", "edm-heun"])
@pytest.mark.parametrize("rule", ["cfg", "cfg++"])
def test_ends_are_the_pictures_themselves(model: Model, sampler: str, rule: str) -> None:
    first, last = (replace(each, sampler=sampler, rule=rule) for each in (BASE, OTHER))
    made = frames(model, End(first), End(last))
    assert (made[0].image == picture(model, first)).all()
    assert (made[2].image == picture(model, last)).all()
    assert (made[1].image != made[0].image).any() and (made[1].image != made[2].image).any()


def test_four_ends_are_the_corners(model: Model) -> None:
    corners = [BASE, OTHER, replace(BASE, seed=4), replace(OTHER, seed=5)]
    made = frames(model, *map(End, corners), columns=3, rows=2)
    assert sorted(made) == list(range(6))
    for index, settings in zip((0, 2, 3, 5), corners, strict=True):
        assert (made[index].image == picture(model, settings)).all()
    assert made[4].place == (0.5, 1.0)


def test_coarse_comes_before_fine(model: Model) -> None:
    order = [f.index for f in of(model, Frame, Walk((End(BASE), End(OTHER)), columns=5))]
    assert order[:3] == [0, 4, 2] and sorted(order) == [0, 1, 2, 3, 4]


def test_through_latents_the_middle_is_their_mean(model: Model) -> None:
    made = frames(model, End(BASE), End(OTHER), way="latent", noise="lerp")
    assert (made[0].image == picture(model, BASE)).all()
    assert (made[2].image == picture(model, OTHER)).all()
    ends = [model.encode(made[index].image[None]) for index in (0, 2)]
    assert made[1].nfe == 0 and ends[0].shape[1:] == model.latent_shape(tiny.SIZE)


def test_pictures_are_encoded_or_inverted(model: Model) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (tiny.SIDE, tiny.SIDE, 3), np.uint8) for _ in range(2)]
    ends = [End(replace(BASE, guidance=1.0, steps=20), each) for each in pictures]
    decoded = [model.decode(model.encode(each[None]))[0] for each in pictures]
    through_latents = frames(model, *ends, way="latent")
    assert (through_latents[0].image == decoded[0]).all()
    assert (through_latents[2].image == decoded[1]).all()
    back = of(model, Inverted, Walk(tuple(ends), columns=2))
    assert {each.index for each in back} == {0, 1}
    for each in back:
        error = np.square(each.image.astype(float) - decoded[each.index]).mean()
        assert each.psnr == pytest.approx(10 * np.log10(255**2 / max(error, 1e-12)), abs=1e-6)
        assert each.latent_psnr > 30


def test_even_walks_have_more_even_steps(model: Model) -> None:
    request = Walk((End(BASE), End(OTHER)), columns=6, even=True)
    before, after = of(model, Spaced, request)
    assert before.judge == "pixels" and len(after.distances) == 5
    assert after.unevenness < before.unevenness
    remade = of(model, Frame, request)
    assert len(remade) == 6 + 4
    assert [f.index for f in remade[6:]].count(0) == 0  # ends stay


def test_lpips_measures_where_it_can(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = torch.nn.Module()
    judge.forward = lambda a, b: (a - b).abs().mean()  # type: ignore[method-assign]
    monkeypatch.setattr(perceptual, "lpips_available", lambda: True)
    monkeypatch.setattr(perceptual, "load_lpips", lambda device: judge)
    monkeypatch.setattr(judging, "SMALLEST", 1)
    (spaced,) = of(model, Spaced, Walk((End(BASE), End(OTHER)), columns=3))
    assert spaced.judge == "LPIPS"


def test_progress_ends_with_nothing_left(model: Model) -> None:
    request = Walk((End(BASE), End(OTHER)), columns=3)
    progress = of(model, Progress, request)
    assert {p.pictures for p in progress} == {3} and [p.picture for p in progress][-1] == 2
    assert progress[-1].seconds_left == 0 and progress[0].seconds_left > 0


def test_cancelling_acts_within_a_step(model: Model) -> None:
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise Cancelled

    walked = walk(model, Walk((End(BASE), End(OTHER)), columns=3), check)
    with pytest.raises(Cancelled):
        deque(walked, maxlen=0)
    assert calls == 6


@pytest.mark.parametrize(
    "wrong",
    [
        Walk((End(BASE),)),
        Walk((End(BASE), End(OTHER)), columns=1),
        Walk((End(BASE), End(OTHER)), rows=2),
        Walk(tuple(map(End, (BASE, OTHER, BASE, OTHER))), rows=1),
        Walk((End(BASE), End(replace(OTHER, guidance=1.0)))),
        Walk((End(BASE), End(OTHER)), way="sideways"),
        Walk((End(BASE), End(OTHER)), noise="cubic"),
        Walk((End(BASE), End(OTHER)), columns=1000),
        Walk((End(BASE), End(replace(OTHER, source="0" * 64)))),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Walk) -> None:
    with pytest.raises(UsageError):
        wrong.check()


def test_weights_sum_to_one_and_name_the_ends() -> None:
    request = Walk(tuple(map(End, (BASE, OTHER, BASE, OTHER))), columns=4, rows=3)
    for place in places(request):
        assert sum(weights(4, place)) == pytest.approx(1)
    corners = [weights(4, place) for place in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))]
    assert [w.index(1.0) for w in corners] == [0, 1, 2, 3]
