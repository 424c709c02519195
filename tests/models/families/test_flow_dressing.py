"""LoRA on SD 3, FLUX.1, FLUX.2 and Chroma: the latents are diffusers' own, in the dialects that it
converts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

pytest.importorskip("peft")

from diffusers.loaders import lora_pipeline

from studio.core.addons import AddOn
from studio.core.errors import ModelError
from tests.models.families.test_dressing import Tensors, apart, factors, written
from tests.models.families.test_flow import Opened, open_one
from tests.models.single_file.originals import TABLES, with_widths

BLOCKS = re.compile(r"^(\w*transformer_blocks|layers|\w+_refiner)\.")
CLIP = re.compile(r"([qkv]_proj|out_proj|fc[12])$")


def layers(pipeline: Any) -> Iterator[tuple[str, str, torch.nn.Module]]:
    """Those that people train LoRA of: of the denoiser's blocks, and of CLIP."""
    for part, known in (("transformer", BLOCKS), ("text_encoder", CLIP)):
        network = getattr(pipeline, part)
        if part == "text_encoder" and not type(network).__name__.startswith("CLIP"):
            continue
        for name, module in network.named_modules():
            if known.search(name) and isinstance(module, torch.nn.Linear):
                yield part, name, module


def peft(pipeline: Any, seed: int, rank: int = 3) -> Tensors:
    """As diffusers' own trainers name them."""
    draw, found = torch.Generator().manual_seed(seed), {}
    for part, name, module in layers(pipeline):
        down, up = factors(module, rank, draw)
        found |= {f"{part}.{name}.lora_A.weight": down, f"{part}.{name}.lora_B.weight": up}
    return found


def original(pipeline: Any, seed: int, rank: int) -> Iterator[tuple[str, str, Tensor, Tensor]]:
    """Part, name, down and up, named as the denoiser's makers do: query, key and value in one."""
    draw, table = torch.Generator().manual_seed(seed), TABLES[type(pipeline.transformer).__name__]
    found: dict[tuple[str, str], tuple[Tensor, Tensor]] = {}
    for part, name, module in layers(pipeline):
        down, up = factors(module, rank, draw)
        key = f"{name}."
        for pattern, replacement in table if part == "transformer" else ():
            key = re.sub(pattern, replacement, key)
        if part == "text_encoder":
            key = f"text_model.{key.removeprefix('text_model.')}"
        stem = part, re.sub("#.", "", key).strip(".")
        if stem in found:  # one down for all of them, the ups one below the other
            down, first = found[stem]
            up = torch.cat([first, up])
        found[stem] = down, up
    return ((*stem, *pair) for stem, pair in found.items())


def kohya(pipeline: Any, seed: int, rank: int = 4) -> Tensors:
    """As kohya's trainers name them, with an alpha."""
    found = {}
    for part, name, down, up in original(pipeline, seed, rank):
        stem = ("lora_unet_" if part == "transformer" else "lora_te1_") + name.replace(".", "_")
        found |= {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up}
        found[f"{stem}.alpha"] = torch.tensor(rank / 2)
    return found


def comfy(pipeline: Any, seed: int, rank: int = 4) -> Tensors:
    """As ai-toolkit names them for ComfyUI."""
    found = {}
    for _, name, down, up in original(pipeline, seed, rank):
        stem = f"diffusion_model.{name}"
        found |= {f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up}
    return found


Dialect = Callable[[Any, int], Mapping[str, Tensor]]
CASES: tuple[tuple[str, Dialect], ...] = (
    ("sd3", peft), ("flux-dev", peft), ("flux-dev", kohya), ("chroma", peft), ("chroma", kohya),
    ("flux2-dev", peft), ("flux2-dev", comfy), ("flux2-klein", kohya), ("flux2-klein-base", comfy),
)  # fmt: skip


#: Converters that know the published widths as numbers.
NARROW = {
    "_convert_kohya_flux_lora_to_diffusers": {3072: 32, 12288: 128},
    "_convert_non_diffusers_lumina2_lora_to_diffusers": {2304: 32, 768: 16},
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, widths in NARROW.items():
        monkeypatch.setattr(lora_pipeline, name, with_widths(getattr(lora_pipeline, name), widths))


@pytest.mark.parametrize(("name", "dialect"), CASES)
def test_latents_with_lora_are_those_of_diffusers(
    name: str, dialect: Dialect, tmp_path: Path
) -> None:
    """One, then two with other weights, then none: bit for bit what it was."""
    opened = open_one(name, tmp_path)
    one, two = (written(tmp_path / f"{n}.safetensors", dialect(opened.pipeline, n)) for n in (1, 2))
    plain = opened.settings(guidance=4.0)
    bare = opened.theirs(plain)
    before = opened.ours(plain)
    for path in (one, two):
        opened.pipeline.load_lora_weights(str(path), adapter_name=path.stem)
    for weights in ({one: 0.7}, {one: -1.5, two: 2.0}):
        opened.pipeline.set_adapters([path.stem for path in weights], [*weights.values()])
        addons = tuple(AddOn(str(path), weight=weight) for path, weight in weights.items())
        settings = opened.settings(guidance=4.0, addons=addons)
        expected = opened.theirs(settings)
        assert apart(expected, bare) > 1e-3
        assert apart(opened.ours(settings), expected) < 1e-5
    assert torch.equal(opened.ours(plain), before)
    assert not [note for note in opened.model.notes if "left out" in note]


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("sd3", "lora_unet_joint_blocks_0_x_block_attn_qkv.lora_down.weight", "does not fit"),
        ("flux-dev", "double_blocks.0.img_attn.norm.query_norm.scale", "follows a picture"),
    ],
)
def test_what_diffusers_does_not_convert_is_refused(
    name: str, key: str, words: str, tmp_path: Path
) -> None:
    opened: Opened = open_one(name, tmp_path)
    tensors = {key: torch.ones(4, 4), "img_in.lora_A.weight": torch.ones(4, 128)}
    path = written(tmp_path / "odd.safetensors", tensors)
    settings = opened.settings(addons=(AddOn(str(path), kind="LoRA"),))
    opened.theirs(opened.settings())
    with pytest.raises(ModelError, match=words) as error:
        opened.ours(settings)
    assert "\n" not in str(error.value)
