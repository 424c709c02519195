"""PixArt's tensors under its makers' names, which diffusers does not convert."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

NAMES = (
    (r"^x_embedder\.", "pos_embed."),
    (r"^y_embedder\.y_proj\.fc([12])", r"caption_projection.linear_\1"),
    (r"^t_embedder\.mlp", "adaln_single.emb.timestep_embedder.mlp"),
    (r"^csize_embedder\.mlp", "adaln_single.emb.resolution_embedder.mlp"),
    (r"^ar_embedder\.mlp", "adaln_single.emb.aspect_ratio_embedder.mlp"),
    (r"_embedder\.mlp\.0", "_embedder.linear_1"),
    (r"_embedder\.mlp\.2", "_embedder.linear_2"),
    (r"^t_block\.1", "adaln_single.linear"),
    (r"^blocks", "transformer_blocks"),
    (r"\.attn\.proj", ".attn1.to_out.0"),
    (r"\.cross_attn\.proj", ".attn2.to_out.0"),
    (r"\.cross_attn\.q_linear", ".attn2.to_q"),
    (r"\.mlp\.fc1", ".ff.net.0.proj"),
    (r"\.mlp\.fc2", ".ff.net.2"),
    (r"^final_layer\.linear", "proj_out"),
    (r"^final_layer\.scale_shift_table", "scale_shift_table"),
)
#: What is one in the file -> its parts, one below the other.
FUSED = {
    ".attn.qkv.": (".attn1.to_q.", ".attn1.to_k.", ".attn1.to_v."),
    ".cross_attn.kv_linear.": (".attn2.to_k.", ".attn2.to_v."),
}
UNREAD = ("pos_embed", "y_embedder.y_embedding")  # places, which are computed, and "no text"


def converted(checkpoint: Mapping[str, Tensor], config: Mapping[str, Any]) -> dict[str, Tensor]:
    """By diffusers' names, as its own converters do; what is unknown keeps its name."""
    del config  # nothing of it changes names
    found = {}
    for name, tensor in checkpoint.items():
        if name in UNREAD:
            continue
        for pattern, replacement in NAMES:
            name = re.sub(pattern, replacement, name)
        mark = next((mark for mark in FUSED if mark in name), "")
        parts = FUSED.get(mark, (mark,))
        for part, piece in zip(parts, tensor.chunk(len(parts)), strict=True):
            found[name.replace(mark, part)] = piece
    return found
