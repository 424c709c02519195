"""Tiny pipelines as other programs keep them: one file in the first layout, or a file a part. Names
are diffusers' own tables, turned round."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers.loaders.single_file_utils import DIFFUSERS_TO_LDM_MAPPING as NAMES
from safetensors.torch import save_file
from torch import Tensor

from tests.models.families.pipelines import saved
from tests.models.test_diffusers_autoencoder import as_checkpoint

State = dict[str, Tensor]
RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0",
          "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1",
          "conv_shortcut": "skip_connection"}  # fmt: skip
OPEN_CLIP = {"encoder.layers": "transformer.resblocks", "layer_norm1": "ln_1",
             "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
             "self_attn": "attn", "embeddings.token_embedding": "token_embedding",
             "embeddings.position_embedding.weight": "positional_embedding",
             "final_layer_norm": "ln_final"}  # fmt: skip


def unet_names(names: list[str], layers: int) -> dict[str, str]:
    """diffusers' -> the first layout's, of a U-Net with so many layers a block."""
    plain = NAMES["unet"]["layers"] | NAMES["unet"]["addition_embed_type"]
    ups = [int(name.split(".")[1]) for name in names if name.startswith("up_blocks")]
    attended = {name.split(".")[1] for name in names if re.match(r"up_blocks\.\d+\.attent", name)}
    found = {}
    for name in names:
        if name in plain:
            found[name] = plain[name]
            continue
        side, *rest = name.split(".")
        if side == "mid_block":
            kind, number, *rest = rest
            place = f"middle_block.{2 * int(number) if kind == 'resnets' else 1}"
        else:
            block, kind, number, *rest = rest
            at = int(block) * (layers + 1) + int(number)
            if kind == "downsamplers":
                place, rest = f"input_blocks.{(int(block) + 1) * (layers + 1)}.0.op", rest[1:]
            elif kind == "upsamplers":
                last, slot = (int(block) + 1) * (layers + 1) - 1, 2 if block in attended else 1
                place = f"output_blocks.{last}.{slot}"
            else:
                first = "input_blocks" if side == "down_blocks" else "output_blocks"
                at += side == "down_blocks"
                place = f"{first}.{at}.{0 if kind == 'resnets' else 1}"
        if "resnets" in name:
            rest[0] = RESNET[rest[0]]
        found[name] = ".".join([place, *rest])
    assert ups and len(set(found.values())) == len(names)
    return found


def unet_state(unet: Any) -> State:
    state = unet.state_dict()
    names = unet_names(list(state), unet.config.layers_per_block)
    return {names[name]: tensor for name, tensor in state.items()}


def clip_state(encoder: Any) -> State:
    """As published before transformers 5."""
    return {
        name if name.startswith("text_projection") else f"text_model.{_plain(name)}": tensor
        for name, tensor in encoder.state_dict().items()
    }


def open_clip_state(encoder: Any) -> State:
    """Query, key and value are one matrix there, and the projection lies on its side."""
    found: State = {}
    for name, tensor in encoder.state_dict().items():
        new = _plain(name)
        for theirs, ours in OPEN_CLIP.items():
            new = new.replace(theirs, ours)
        if ".q_proj." in new:
            parts = [encoder.state_dict()[name.replace("q_proj", f"{n}_proj")] for n in "qkv"]
            found[new.replace(".q_proj.", ".in_proj_")] = torch.cat(parts)
        elif new == "text_projection.weight":
            found["text_projection"] = tensor.T.contiguous()
        elif "_proj." not in new or "out_proj" in new or "c_proj" in new:
            found[new] = tensor
    return found


def _plain(name: str) -> str:
    return name.removeprefix("text_model.")


def prefixed(prefix: str, state: Mapping[str, Tensor]) -> State:
    return {prefix + name: tensor.contiguous() for name, tensor in state.items()}


def whole(pipeline: Any, second: bool = False) -> State:
    """The pipeline's tensors as one file has them; `second`: with SD 2's text encoder names."""
    state = prefixed("model.diffusion_model.", unet_state(pipeline.unet))
    levels = len(pipeline.vae.config.block_out_channels)
    state |= prefixed("first_stage_model.", as_checkpoint(pipeline.vae.state_dict(), levels))
    if hasattr(pipeline, "text_encoder_2"):
        state |= prefixed("conditioner.embedders.0.transformer.", clip_state(pipeline.text_encoder))
        state |= prefixed(
            "conditioner.embedders.1.model.", open_clip_state(pipeline.text_encoder_2)
        )
    elif second:
        state |= prefixed("cond_stage_model.model.", open_clip_state(pipeline.text_encoder))
    else:
        state |= prefixed("cond_stage_model.transformer.", clip_state(pipeline.text_encoder))
    state["alphas_cumprod"] = torch.ones(1000)  # among what the first layout keeps besides
    return state


def configured(folder: Path, stem: Path) -> None:
    """The folder's configurations, without its weights, under the name of a file beside it."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".safetensors":
            copy = stem / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())


def written(name: str, place: Path, kind: torch.dtype = torch.float32) -> tuple[Any, Path, Path]:
    """A pipeline, its folder, and the one file that it also is, with its configurations beside."""
    pipeline, file = saved(name, place / name), place / "file" / f"{name}.safetensors"
    file.parent.mkdir()
    state = whole(pipeline, second=name.startswith("sd2"))
    save_file({n: t.to(kind) for n, t in state.items()}, file, {"format": "pt"})
    configured(place / name, file.with_suffix(""))
    return pipeline, place / name, file


def edited(path: Path, **values: object) -> None:
    """Entries of a JSON file changed."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
