"""LoRA on Qwen-Image, Z-Image, Lumina 2 and Sana: the latents are diffusers' own, in the dialects
that it converts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("peft")

from studio.core.addons import AddOn
from studio.core.errors import ModelError
from studio.core.settings import Settings
from studio.models.plan import Plan
from tests.models.families.test_dressing import Tensors, apart, written
from tests.models.families.test_flow_dressing import Dialect, comfy, kohya, peft
from tests.models.families.test_flow_dressing import small as small
from tests.models.families.test_readers import SQUARE, STEPS, opened_from, ours, theirs
from tests.models.families.test_readers import plain as plain


def toolkit(pipeline: Any, seed: int) -> Tensors:
    """As ai-toolkit names Z-Image's, which are diffusers' own after its prefix."""
    tensors = peft(pipeline, seed).items()
    return {name.replace("transformer.", "diffusion_model.", 1): each for name, each in tensors}


CASES: tuple[tuple[str, Dialect], ...] = (
    ("sana", peft), ("qwen-image", peft), ("qwen-image", comfy), ("qwen-image", kohya),
    ("z-image", peft), ("z-image", toolkit), ("z-image", kohya), ("lumina2", peft),
    ("lumina2", comfy),
)  # fmt: skip


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(("name", "dialect"), CASES)
def test_latents_with_lora_are_those_of_diffusers(
    name: str, dialect: Dialect, tmp_path: Path
) -> None:
    """One, then two with other weights, then none: bit for bit what it was."""
    pipeline, model = opened_from(name, tmp_path / name)
    one, two = (written(tmp_path / f"{n}.safetensors", dialect(pipeline, n)) for n in (1, 2))
    bare = Settings(
        "a red bear", model=str(model.info.path), sampler="ddim", steps=STEPS, guidance=4.0,
        size=SQUARE,
    )  # fmt: skip
    before, without = ours(model, bare), theirs(name, pipeline, bare)
    for path in (one, two):
        pipeline.load_lora_weights(str(path), adapter_name=path.stem)
    for weights in ({one: 0.7}, {one: -1.5, two: 2.0}):
        pipeline.set_adapters([path.stem for path in weights], [*weights.values()])
        addons = tuple(AddOn(str(path), weight=weight) for path, weight in weights.items())
        settings = replace(bare, addons=addons)
        expected = theirs(name, pipeline, settings)
        assert apart(expected, without) > 1e-3
        dressed = model.dressed(Plan.of(settings).settings.addons)
        assert apart(ours(dressed, settings), expected) < 1e-5
    assert torch.equal(ours(model, bare), before)
    assert model.notes and not [note for note in model.notes if "left out" in note]


def test_pixart_takes_none(tmp_path: Path) -> None:
    pipeline, model = opened_from("pixart-sigma", tmp_path / "pixart")
    path = written(tmp_path / "one.safetensors", peft(pipeline, 1))
    addons = (AddOn(str(path), kind="LoRA", digest="0" * 16),)
    with pytest.raises(ModelError, match="takes no LoRA: diffusers loads none for its family"):
        model.dressed(addons).condition(["a bear"])
