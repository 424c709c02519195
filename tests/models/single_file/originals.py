"""The names that transformers' makers gave their tensors: diffusers' own converters, turned round.

`#n` says that a tensor is the nth part of one in the file, `#~` that its halves change places."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import pytest
import torch
from diffusers.loaders.single_file_model import SINGLE_FILE_LOADABLE_CLASSES as KNOWN
from torch import Tensor

State = dict[str, Tensor]
Table = tuple[tuple[str, str], ...]

_QKV = tuple(
    (rf"attn\.{name}\.", f"{side}_attn.qkv#{n}.")
    for side, names in (("img", ("to_q", "to_k", "to_v")),
                        ("txt", ("add_q_proj", "add_k_proj", "add_v_proj")))
    for n, name in enumerate(names)
)  # fmt: skip
_NORMS: Table = (
    (r"^(single_blocks.*)attn\.norm_q\.weight", r"\1norm.query_norm.scale"),
    (r"^(single_blocks.*)attn\.norm_k\.weight", r"\1norm.key_norm.scale"),
    (r"attn\.norm_q\.weight", "img_attn.norm.query_norm.scale"),
    (r"attn\.norm_k\.weight", "img_attn.norm.key_norm.scale"),
    (r"attn\.norm_added_q\.weight", "txt_attn.norm.query_norm.scale"),
    (r"attn\.norm_added_k\.weight", "txt_attn.norm.key_norm.scale"),
    (r"attn\.to_out\.0", "img_attn.proj"),
    (r"attn\.to_add_out", "txt_attn.proj"),
)
_ENDS: Table = (
    (r"^proj_out", "final_layer.linear"),
    (r"^norm_out\.linear\.", "final_layer.adaLN_modulation.1#~."),
    (r"^context_embedder", "txt_in"),
    (r"^x_embedder", "img_in"),
    (r"^single_transformer_blocks", "single_blocks"),
    (r"^transformer_blocks", "double_blocks"),
)
FLUX: Table = (
    *_ENDS,
    (r"time_text_embed\.timestep_embedder", "time_in"),
    (r"time_text_embed\.text_embedder", "vector_in"),
    (r"time_text_embed\.guidance_embedder", "guidance_in"),
    (r"(_in|layers\.\d+)\.linear_1", r"\1.in_layer"),
    (r"(_in|layers\.\d+)\.linear_2", r"\1.out_layer"),
    (r"(distilled.*norms\.\d+)\.weight", r"\1.scale"),
    (r"norm1\.linear", "img_mod.lin"),
    (r"norm1_context\.linear", "txt_mod.lin"),
    (r"ff\.net\.0\.proj", "img_mlp.0"),
    (r"ff\.net\.2", "img_mlp.2"),
    (r"ff_context\.net\.0\.proj", "txt_mlp.0"),
    (r"ff_context\.net\.2", "txt_mlp.2"),
    (r"^(single_blocks\.\d+)\.norm\.linear", r"\1.modulation.lin"),
    *((rf"^(single_blocks\.\d+)\.{name}\.", rf"\1.linear1#{n}.")
      for n, name in enumerate((r"attn\.to_q", r"attn\.to_k", r"attn\.to_v", "proj_mlp"))),
    (r"^(single_blocks\.\d+)\.proj_out", r"\1.linear2"),
    *_NORMS,
    *_QKV,
)  # fmt: skip
FLUX2: Table = (
    *_ENDS,
    (r"time_guidance_embed\.timestep_embedder", "time_in"),
    (r"time_guidance_embed\.guidance_embedder", "guidance_in"),
    (r"_in\.linear_1", "_in.in_layer"),
    (r"_in\.linear_2", "_in.out_layer"),
    (r"modulation(\w*)\.linear", r"modulation\1.lin"),
    (r"ff\.linear_in", "img_mlp.0"),
    (r"ff\.linear_out", "img_mlp.2"),
    (r"ff_context\.linear_in", "txt_mlp.0"),
    (r"ff_context\.linear_out", "txt_mlp.2"),
    (r"attn\.to_qkv_mlp_proj", "linear1"),
    (r"^(single_blocks.*)attn\.to_out", r"\1linear2"),
    *_NORMS,
    *_QKV,
)
SD3: Table = (
    (r"^pos_embed\.pos_embed", "pos_embed"),
    (r"^pos_embed\.proj", "x_embedder.proj"),
    (r"time_text_embed\.timestep_embedder", "t_embedder"),
    (r"time_text_embed\.text_embedder", "y_embedder"),
    (r"_embedder\.linear_1", "_embedder.mlp.0"),
    (r"_embedder\.linear_2", "_embedder.mlp.2"),
    *_ENDS[:2],
    (r"^transformer_blocks", "joint_blocks"),
    *((rf"attn(2?)\.{name}\.", rf"x_block.attn\1.qkv#{n}.")
      for n, name in enumerate(("to_q", "to_k", "to_v"))),
    *((rf"attn\.{name}\.", f"context_block.attn.qkv#{n}.")
      for n, name in enumerate(("add_q_proj", "add_k_proj", "add_v_proj"))),
    (r"attn(2?)\.norm_([qk])", r"x_block.attn\1.ln_\2"),
    (r"attn\.norm_added_([qk])", r"context_block.attn.ln_\1"),
    (r"attn(2?)\.to_out\.0", r"x_block.attn\1.proj"),
    (r"attn\.to_add_out", "context_block.attn.proj"),
    (r"norm1\.linear", "x_block.adaLN_modulation.1"),
    (r"norm1_context\.linear", "context_block.adaLN_modulation.1"),
    (r"ff\.net\.0\.proj", "x_block.mlp.fc1"),
    (r"ff\.net\.2", "x_block.mlp.fc2"),
    (r"ff_context\.net\.0\.proj", "context_block.mlp.fc1"),
    (r"ff_context\.net\.2", "context_block.mlp.fc2"),
)  # fmt: skip
Z_IMAGE: Table = (
    (r"all_final_layer\.2-1\.", "final_layer."),
    (r"all_x_embedder\.2-1\.", "x_embedder."),
    (r"attention\.to_out\.0", "attention.out"),
    (r"attention\.norm_([qk])", r"attention.\1_norm"),
    *((rf"attention\.to_{name}\.", f"attention.qkv#{n}.") for n, name in enumerate("qkv")),
)
LUMINA2: Table = (
    (r"time_caption_embed\.caption_embedder", "cap_embedder"),
    (r"time_caption_embed\.timestep_embedder\.linear_1", "t_embedder.mlp.0"),
    (r"time_caption_embed\.timestep_embedder\.linear_2", "t_embedder.mlp.2"),
    (r"norm_out\.linear_1", "final_layer.adaLN_modulation.1"),
    (r"norm_out\.linear_2", "final_layer.linear"),
    (r"linear_([123])", r"w\1"),
    (r"norm1\.linear", "adaLN_modulation.1"),
    (r"\.norm1\.norm", ".attention_norm1"),
    (r"\.norm1\.", ".attention_norm1."),
    (r"\.norm2\.", ".attention_norm2."),
    (r"attn\.to_out\.0", "attention.out"),
    (r"attn\.norm_([qk])", r"attention.\1_norm"),
    *((rf"attn\.to_{name}\.", f"attention.qkv#{n}.") for n, name in enumerate("qkv")),
)
SANA: Table = (
    (r"^patch_embed", "x_embedder"),
    (r"time_embed\.emb\.timestep_embedder\.linear_1", "t_embedder.mlp.0"),
    (r"time_embed\.emb\.timestep_embedder\.linear_2", "t_embedder.mlp.2"),
    (r"time_embed\.linear", "t_block.1"),
    (r"caption_projection\.linear_([12])", r"y_embedder.y_proj.fc\1"),
    (r"caption_norm", "attention_y_norm"),
    (r"^transformer_blocks", "blocks"),
    (r"attn1\.to_out\.0", "attn.proj"),
    *((rf"attn1\.to_{name}\.", f"attn.qkv#{n}.") for n, name in enumerate("qkv")),
    (r"attn2\.to_q\.", "cross_attn.q_linear."),
    *((rf"attn2\.to_{name}\.", f"cross_attn.kv_linear#{n}.") for n, name in enumerate("kv")),
    (r"attn2\.to_out\.0", "cross_attn.proj"),
    (r"ff\.conv_(inverted|depth|point)", r"mlp.\1_conv.conv"),
    (r"^scale_shift_table", "final_layer.scale_shift_table"),
    _ENDS[0],
)
PIXART: Table = (
    (r"^pos_embed\.", "x_embedder."),
    (r"^caption_projection\.linear_([12])", r"y_embedder.y_proj.fc\1"),
    (r"^adaln_single\.linear", "t_block.1"),
    (r"^adaln_single\.emb\.timestep_embedder", "t_embedder"),
    (r"^adaln_single\.emb\.resolution_embedder", "csize_embedder"),
    (r"^adaln_single\.emb\.aspect_ratio_embedder", "ar_embedder"),
    (r"embedder\.linear_1", "embedder.mlp.0"),
    (r"embedder\.linear_2", "embedder.mlp.2"),
    (r"^scale_shift_table", "final_layer.scale_shift_table"),
    _ENDS[0],
    (r"^transformer_blocks", "blocks"),
    *((rf"attn1\.to_{name}\.", f"attn.qkv#{n}.") for n, name in enumerate("qkv")),
    *((rf"attn2\.to_{name}\.", f"cross_attn.kv_linear#{n}.") for n, name in enumerate("kv")),
    (r"attn1\.to_out\.0", "attn.proj"),
    (r"attn2\.to_q", "cross_attn.q_linear"),
    (r"attn2\.to_out\.0", "cross_attn.proj"),
    (r"ff\.net\.0\.proj", "mlp.fc1"),
    (r"ff\.net\.2", "mlp.fc2"),
)
WAN: Table = (
    (r"^quant_conv", "conv1"),
    (r"^post_quant_conv", "conv2"),
    (r"coder\.conv_in", "coder.conv1"),
    (r"coder\.norm_out", "coder.head.0"),
    (r"coder\.conv_out", "coder.head.2"),
    (r"mid_block\.resnets\.0", "middle.0"),
    (r"mid_block\.resnets\.1", "middle.2"),
    (r"mid_block\.attentions\.0", "middle.1"),
    (r"encoder\.down_blocks", "encoder.downsamples"),
    *((rf"decoder\.up_blocks\.{b}\.resnets\.{r}", f"decoder.upsamples.{4 * b + r}")
      for b in range(4) for r in range(3)),
    *((rf"decoder\.up_blocks\.{b}\.upsamplers\.0", f"decoder.upsamples.{4 * b + 3}")
      for b in range(3)),
    (r"norm1\.gamma", "residual.0.gamma"),
    (r"(downsamples|upsamples|middle)(.*)\.conv1\.", r"\1\2.residual.2."),
    (r"norm2\.gamma", "residual.3.gamma"),
    (r"(downsamples|upsamples|middle)(.*)\.conv2\.", r"\1\2.residual.6."),
    (r"conv_shortcut", "shortcut"),
)  # fmt: skip
TABLES: dict[str, Table] = {
    "FluxTransformer2DModel": FLUX,
    "ChromaTransformer2DModel": FLUX,
    "Flux2Transformer2DModel": FLUX2,
    "SD3Transformer2DModel": SD3,
    "ZImageTransformer2DModel": Z_IMAGE,
    "QwenImageTransformer2DModel": (),
    "Lumina2Transformer2DModel": LUMINA2,
    "SanaTransformer2DModel": SANA,
    "PixArtTransformer2DModel": PIXART,
    "AutoencoderKLQwenImage": WAN,
}


def original(network: Any) -> State:
    """A network's tensors as its makers keep them."""
    kind = type(network).__name__
    state = dict(network.state_dict())
    if kind.startswith("SD3"):  # of the last block of the text two of six are left
        last = f"transformer_blocks.{network.config.num_layers - 1}.norm1_context.linear."
        state |= {name: _swapped(state[name]) for name in state if name.startswith(last)}
    found = renamed(state, TABLES[kind])
    if kind.startswith("Sana"):  # which its makers keep too, and nobody reads
        found |= {"pos_embed": torch.zeros(1), "y_embedder.y_embedding": torch.zeros(1)}
    if kind.startswith("PixArt"):
        length = 120 if network.use_additional_conditions else 300
        found["y_embedder.y_embedding"] = torch.zeros(length, network.config.caption_channels)
        found["pos_embed"] = network.pos_embed.pos_embed
    return found


def renamed(state: Mapping[str, Tensor], table: Table) -> State:
    parts: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for name, tensor in state.items():
        for pattern, replacement in table:
            name = re.sub(pattern, replacement, name)
        mark = found[1] if (found := re.search("#(.)", name)) else ""
        parts[re.sub("#.", "", name)][mark] = _swapped(tensor) if mark == "~" else tensor
    return {name: torch.cat([kept[n] for n in sorted(kept)]) for name, kept in parts.items()}


def _swapped(tensor: Tensor) -> Tensor:
    return torch.cat(tensor.chunk(2)[::-1])


def narrowed(monkeypatch: pytest.MonkeyPatch, kind: str, widths: Mapping[int, int]) -> None:
    """diffusers' converter of the class knows the widths of a tiny one."""
    smaller = with_widths(KNOWN[kind]["checkpoint_mapping_fn"], widths)
    monkeypatch.setitem(KNOWN[kind], "checkpoint_mapping_fn", smaller)


def with_widths(function: Any, widths: Mapping[int, int]) -> FunctionType:
    """The same, with others than the published widths, which are numbers in its code."""

    def changed(code: Any) -> Any:
        consts = [changed(c) if hasattr(c, "co_consts") else _changed(c, widths)
                  for c in code.co_consts]  # fmt: skip
        return code.replace(co_consts=tuple(consts))

    return FunctionType(changed(function.__code__), function.__globals__, function.__name__)


def _changed(constant: Any, widths: Mapping[int, int]) -> Any:
    if isinstance(constant, tuple):
        return tuple(_changed(each, widths) for each in constant)
    return widths.get(constant, constant) if type(constant) is int else constant
