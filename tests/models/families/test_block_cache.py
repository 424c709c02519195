"""First Block Cache: diffusers' own latents, blocks really left out, and nothing that is kept gets
from one picture, prompt or run into another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("transformers")

from diffusers import FirstBlockCacheConfig

from studio.core.comparing import Cell, Compare
from studio.core.device import Device
from studio.core.errors import Cancelled, UsageError
from studio.core.generating import Generate, Picture
from studio.core.settings import Settings
from studio.core.word_maps import MapWords
from studio.engine import references
from studio.engine.compare import compare
from studio.engine.generate import generate
from studio.engine.word_maps import map_words
from studio.engine.worker import open_from_disk
from studio.models.checkpoint import Checkpoint
from studio.models.plan import Plan
from tests.models.families.readers import READERS
from tests.models.families.test_flow import SQUARE, Opened, error, open_one
from tests.models.families.test_readers import opened_from, ours, plain, theirs  # noqa: F401

MOST, LITTLE = 0.3, 1e-9  # thresholds: some blocks are left out, none


@pytest.fixture(scope="module")
def flux(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return open_one("flux-dev", tmp_path_factory.mktemp("flux"))


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Checkpoint]:
    return opened_from("qwen-image", tmp_path_factory.mktemp("qwen") / "qwen-image")


@pytest.fixture(params=["flux", "qwen"])
def model(request: pytest.FixtureRequest, flux: Opened, qwen: tuple[Any, Checkpoint]) -> Checkpoint:
    return flux.model if request.param == "flux" else qwen[1]


@contextmanager
def counted(denoiser: Any) -> Iterator[list[int]]:
    """The rows of every call of the last block's attention, where it is asked at all."""
    blocks = getattr(denoiser, "single_transformer_blocks", denoiser.transformer_blocks)
    rows = list[int]()
    hook = blocks[-1].attn.register_forward_hook(
        lambda layer, args, kwargs, out: rows.append(len(kwargs["hidden_states"])), with_kwargs=True
    )
    yield rows
    hook.remove()


def settings_of(model: Checkpoint, **more: Any) -> Settings:
    given = {"sampler": "flow-euler", "steps": 8, "size": SQUARE, "cache": MOST, **more}
    return Settings("a red bear", model=str(model.info.path), **given)


def made(model: Checkpoint, settings: Settings, count: int = 1) -> list[np.ndarray]:
    events = generate(model, Generate(settings, count=count, preview_every=0))
    return [event.image for event in events if isinstance(event, Picture)]


def test_flux_is_that_of_diffusers_with_the_same_cache(flux: Opened) -> None:
    settings = flux.settings(cache=MOST, steps=8, guidance=3.5)
    flux.pipeline.transformer.enable_cache(FirstBlockCacheConfig(MOST))
    with counted(flux.pipeline.transformer) as their_calls:
        expected = flux.theirs(settings)
    flux.pipeline.transformer.disable_cache()
    with counted(flux.model.adapter.denoiser) as calls:
        found = flux.ours(settings)
    assert calls == their_calls and 1 < len(calls) < 8
    assert error(found, expected) < 1e-5 < error(flux.ours(replace(settings, cache=0.0)), expected)


@pytest.mark.usefixtures("plain")
def test_qwen_image_with_guidance_is_that_of_diffusers(qwen: tuple[Any, Checkpoint]) -> None:
    """Its two predictions of a step keep apart."""
    pipeline, model = qwen
    settings = Settings("a Red bear", "blue", sampler="ddim", guidance=5.0, size=SQUARE, cache=MOST)
    pipeline.transformer.enable_cache(FirstBlockCacheConfig(MOST))
    with counted(pipeline.transformer) as their_calls:
        expected = theirs("qwen-image", pipeline, settings)
    pipeline.transformer.disable_cache()
    with counted(model.adapter.denoiser) as calls:
        found = ours(model, settings)
    assert calls == their_calls and 2 < len(calls) < 10
    assert error(found, expected) < 1e-5
    assert error(ours(model, replace(settings, cache=0.0)), expected) > 1e-5


@pytest.mark.parametrize("sampler", ["flow-euler", "flow-heun", "ddpm", "flow-rk4"])
def test_pictures_depend_on_no_others(model: Checkpoint, sampler: str) -> None:
    """In a row, after another prompt, after one that was cancelled: bit for bit; and in a batch."""
    settings = settings_of(model, sampler=sampler, guidance=4.0, steps=5, seed=3)
    (first,) = made(model, settings)
    assert np.array_equal(*made(model, settings), first)
    made(model, replace(settings, prompt="xylophone", cache=0.1))
    batch = made(model, replace(settings, seed=2), count=3)
    differ = [np.abs(image.astype(int) - first).max() for image in batch]
    assert differ[1] <= 1 < min(differ[0], differ[2])  # its decoder rounds otherwise

    calls = 0

    def cancel() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Cancelled

    with suppress(Cancelled):
        list(generate(model, Generate(settings), cancel))
    assert calls == 3 and np.array_equal(*made(model, settings), first)


def test_without_it_nothing_of_it_is_left(model: Checkpoint) -> None:
    settings = settings_of(model, guidance=1.0)
    denoiser = model.adapter.denoiser
    (exact,) = made(model, replace(settings, cache=0.0))
    with counted(denoiser) as calls:
        (cached,) = made(model, settings)
    assert len(calls) < 8 and not np.array_equal(cached, exact)
    with counted(denoiser) as calls:  # one that leaves nothing out is the same computation
        assert np.array_equal(*made(model, replace(settings, cache=LITTLE)), exact)
    assert len(calls) == 8
    assert np.array_equal(*made(model, replace(settings, cache=0.0)), exact)
    assert not denoiser.is_cache_enabled


def test_what_is_kept_does_not_pile_up(qwen: tuple[Any, Checkpoint]) -> None:
    """Of one run, with its negative prompt; on the way back to noise of none but the last step."""
    model = qwen[1]
    settings = settings_of(model, negative="blue", guidance=4.0)
    hook = "fbc_leader_block_hook"
    for _ in range(3):
        made(model, settings, count=2)
        (head, *_) = model.adapter.denoiser.transformer_blocks
        assert len(head._diffusers_hook.get_hook(hook).state_manager._state_cache) == 4
    denoiser = Plan.of(settings).guided(model)
    x = torch.zeros(1, *model.latent_shape(SQUARE))
    with torch.inference_mode(), counted(model.adapter.denoiser) as calls:
        for t in (0.1, 0.2, 0.3, 0.4):
            denoiser(x, 1.0 - t, t)
    assert len(calls) == 8
    assert len(head._diffusers_hook.get_hook(hook).state_manager._state_cache) <= 2


def test_cells_of_a_comparison_are_apart_and_measured_without_it(
    flux: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "STEPS", 30)
    settings = settings_of(flux.model, guidance=2.0, seed=4)
    cells = tuple(replace(settings, cache=cache) for cache in (MOST, 0.0, 0.1))
    events = list(compare(flux.model, Compare(cells)))
    found = [event.image for event in events if isinstance(event, Cell)]
    for cell, image in zip(cells, found, strict=True):
        assert np.array_equal(*made(flux.model, cell), image)
    far = {e.index: e.latent for e in events if hasattr(e, "latent")}
    assert far[1] < far[0]


def test_blocks_may_come_one_by_one_meanwhile(flux: Opened) -> None:
    device = Device("cpu", "float32", "CPU", "sequential")
    model = open_from_disk(str(flux.model.info.path), device, lambda: None)
    assert isinstance(model, Checkpoint)
    settings = settings_of(flux.model)
    for each in (settings, replace(settings, cache=0.0)):
        assert np.array_equal(*made(model, each), *made(flux.model, each))


def test_compiled_blocks_are_left_out_too(tmp_path: Path) -> None:
    """The same with it and without, in turns; torch's compiler, but what it makes of its graphs."""
    model = open_one("flux-dev", tmp_path).model
    settings = settings_of(model), settings_of(model, cache=0.0)
    expected = [made(model, each)[0] for each in settings]
    model.adapter.denoiser.compile_repeated_blocks(backend="eager")
    for _ in range(2):
        for each, image in zip(settings, expected, strict=True):
            with counted(model.adapter.denoiser) as calls:
                assert np.array_equal(*made(model, each), image)
            assert (len(calls) < 8) == (each.cache > 0)


def test_word_maps_and_other_families_say_that_they_know_none(flux: Opened, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="set the block cache to 0"):
        list(map_words(flux.model, MapWords(settings_of(flux.model))))
    for name in ("sd3", "chroma", "flux2-klein-base"):
        other = open_one(name, tmp_path).model
        with pytest.raises(UsageError, match=r"has no cache: .* FLUX\.1's and Qwen-Image's"):
            made(other, settings_of(other))
    _, lumina = opened_from("lumina2", tmp_path / "lumina2")
    with pytest.raises(UsageError, match="has no cache"):
        made(lumina, settings_of(lumina))
    assert "lumina2" in READERS
    with pytest.raises(UsageError, match="threshold must be 0 to 1"):
        made(flux.model, settings_of(flux.model, cache=1.5))
