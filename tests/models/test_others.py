"""What cannot be drawn with says what it is instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.core.errors import ModelError
from studio.models import registry
from tests.models.probe.files import write
from tests.models.probe.stubs import STUBS


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("control_v11p_sd15_canny", "is a file of another kind, ControlNet, which has no use here"),
        ("flux-kohya", "is a LoRA, FLUX.1: load the model that it is for, then add it"),
        ("strange-lora", "is a LoRA: load the model"),
        ("easynegative", "is an embedding, SD 1.x: load"),
        ("t5xxl_fp16", "is a text encoder, T5-XXL: load the model that it is a part of"),
        ("qwen_image_vae", "is an autoencoder, VAE of Qwen-Image / Wan: load"),
        ("krea2", "is a model of Krea 2, which does not open here"),
        ("sd_xl_base_1.0_inpainting_0.1", "is for inpainting; choose the family's base model"),
        ("gpt2", "is not a model in any known format"),
    ],
)
def test_files(name: str, words: str, tmp_path: Path) -> None:
    stub = next(each for each in STUBS if each.path.stem == name)
    path = write(tmp_path / stub.name, stub.header)
    with pytest.raises(ModelError, match=words) as error:
        registry.find_generator(str(path))
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_sharded_one_by_its_index(tmp_path: Path) -> None:
    """The family opens, but not so."""
    stub = next(each for each in STUBS if each.path.stem == "PixArt-Sigma-XL-2-1024-MS")
    shard = write(tmp_path / "model-00001-of-00001.safetensors", stub.header)
    path = tmp_path / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": dict.fromkeys(stub.header.tensors, shard.name)}))
    with pytest.raises(ModelError, match="of PixArt Sigma, which does not open in this form: choo"):
        registry.find_generator(str(path))
