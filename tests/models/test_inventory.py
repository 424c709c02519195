"""A model's parts are weighed where they lie."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from studio.models.inventory import inventory
from tests.models.probe.files import write
from tests.models.probe.stubs import STUBS

pytest.importorskip("transformers")

from tests.models.families.pipelines import saved


def test_of_a_folder(tmp_path: Path) -> None:
    """With the autoencoder that is chosen, and without what was taken away."""
    saved("sd1", tmp_path / "sd1")
    parts = {each.part: each for each in inventory(tmp_path / "sd1")}
    assert [*parts] == ["unet", "tokenizer", "text_encoder", "vae"]
    unet = tmp_path / "sd1" / "unet"
    assert (parts["unet"].path, parts["unet"].precision) == (unet, "fp32")
    assert parts["unet"].bytes == (unet / "diffusion_pytorch_model.safetensors").stat().st_size
    assert parts["tokenizer"].bytes > 0 and not parts["tokenizer"].precision
    other = tmp_path / "vae.safetensors"
    save_file({"x": torch.zeros(4, dtype=torch.float16)}, other)
    vae = inventory(tmp_path / "sd1", {"vae": str(other)})[-1]
    assert (vae.path, vae.bytes, vae.precision, vae.source) == (other, 8, "fp16", "chosen by you")
    (tmp_path / "sd1" / "text_encoder").rename(tmp_path / "away")
    assert {each.part: each.path for each in inventory(tmp_path / "sd1")}["text_encoder"] is None


def test_of_a_file_that_holds_several(tmp_path: Path) -> None:
    stub = next(each for each in STUBS if each.name == "flux1-dev-fp8.safetensors")
    path = write(tmp_path / stub.name, stub.header)
    parts = {each.part: each for each in inventory(path) if each.path == path}
    assert [*parts] == ["transformer", "text_encoder", "text_encoder_2", "vae"]
    assert {each.precision for each in parts.values()} == {"fp8 e4m3"}
    count = sum(each.bytes for each in parts.values())
    assert 0.8 * path.stat().st_size < count < path.stat().st_size


def test_of_what_is_no_generator(tmp_path: Path) -> None:
    stub = next(each for each in STUBS if each.name == "clip_l.safetensors")
    assert inventory(write(tmp_path / stub.name, stub.header)) == inventory(tmp_path) == ()
