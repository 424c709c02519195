"""What the Reconstruct workspace may choose from, without torch."""

from __future__ import annotations

from contextlib import suppress

from studio.core.errors import StudioError
from studio.models.model import ModelInfo
from studio.models.registry import Damaged, autoencoder_of, survey


def surveyed(model: str) -> tuple[tuple[ModelInfo, ...], tuple[Damaged, ...]]:
    """The autoencoders, that of the loaded `model` among them wherever it lies; and what may be one
    but cannot be opened: no other part of a generator."""
    models, damaged = survey()
    found = {info.path: info for info in models if info.kind == "autoencoder"}
    with suppress(StudioError):  # a file of its denoiser alone
        own = autoencoder_of(model)
        found.setdefault(own.path, own)
    kept = (each for each in damaged if each.name.partition("/")[2] in ("", "autoencoder"))
    return tuple(found.values()), tuple(kept)
