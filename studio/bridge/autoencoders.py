"""What the Reconstruct workspace may choose from, without torch."""

from __future__ import annotations

from studio.models.model import ModelInfo
from studio.models.registry import Damaged, survey


def surveyed() -> tuple[tuple[ModelInfo, ...], tuple[Damaged, ...]]:
    """The autoencoders, and what may be one but cannot be opened: no other part of a generator."""
    models, damaged = survey()
    kept = (each for each in damaged if each.name.partition("/")[2] in ("", "autoencoder"))
    return tuple(info for info in models if info.kind == "autoencoder"), tuple(kept)
