"""A bundle's adapter: drawn with in four calls, and refused for other weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.core.errors import ModelError, UsageError
from studio.core.settings import Settings
from studio.diffusion.noise import NoiseStream
from studio.models.latent_diffusion import LatentDiffusion
from studio.models.plan import Plan
from studio.models.registry import open_model
from studio.networks import lora
from tests import tiny

TURBO = Settings("a bear", sampler="turbo", steps=4, size=tiny.SIZE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.with_turbo(tiny.bundle(tmp_path / "tiny"))


def opened(folder: Path) -> LatentDiffusion:
    found = open_model(str(folder))
    assert isinstance(found, LatentDiffusion)
    return found


@torch.inference_mode()
def test_it_draws_in_four_calls_with_the_adapter_s_network(folder: Path) -> None:
    model, plan = opened(folder), Plan.of(TURBO)
    assert model.has == ("turbo",) and plan.cost == 4
    stream = NoiseStream([1])
    noise = stream.initial(model.latent_shape(tiny.SIZE))
    *_, last = plan.states(plan.guided(model), noise, stream)
    assert last.nfe == 4

    condition = model.condition(["a bear"])
    ours, plain = (d(noise, 0.5, 0.5) for d in
                   (model.turbo_denoiser(condition), model.denoiser(condition)))  # fmt: skip
    assert not torch.allclose(ours.x0, plain.x0)
    again = model.denoiser(condition)(noise, 0.5, 0.5)
    assert torch.equal(plain.x0, again.x0)  # the model itself stays as it was


def test_the_adapter_names_the_weights_it_was_made_for(folder: Path) -> None:
    manifest = folder / "turbo" / "model.json"
    document = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**document, "made_for": "0" * 16}))
    model = opened(folder)
    with pytest.raises(ModelError, match="made for other weights"):
        model.turbo_denoiser(model.condition(["a bear"]))


def test_a_damaged_adapter_is_refused(folder: Path) -> None:
    manifest = folder / "turbo" / "model.json"
    document = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**document, "config": {"rank": 9, "alpha": 9.0}}))
    model = opened(folder)
    with pytest.raises(ModelError, match="does not fit"):
        model.turbo_denoiser(model.condition(["a bear"]))


def test_a_bundle_without_one_says_so(tmp_path: Path) -> None:
    model = opened(tiny.bundle(tmp_path / "plain"))
    assert model.has == ()
    with pytest.raises(UsageError, match="no Turbo"):
        model.turbo_denoiser(model.condition(["a bear"]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"steps": 8}, "takes 4 steps"),
        ({"guidance": 7.0}, "guidance 4"),
        ({"guidance_interval": (0.2, 0.8)}, "at all times"),
        ({"rule": "apg"}, "guidance rule"),
        ({"schedule": "uniform"}, "schedule"),
        ({"negative": "a cat"}, "negative"),
        ({"prompt": "a bear AND a cat"}, "one prompt"),
        ({"source": "0" * 64, "strength": 0.5}, "noise alone"),
    ],
)
def test_what_it_has_learnt_otherwise_is_refused_in_a_line(
    change: dict[str, object], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        Plan.of(replace(TURBO, **change))  # type: ignore[arg-type]


def test_the_adapter_file_is_small_and_peft_named(folder: Path) -> None:
    from safetensors.torch import load_file

    names = load_file(folder / "turbo" / "weights-1-of-1.safetensors").keys()
    assert all(name.startswith(lora.PREFIX) for name in names)
