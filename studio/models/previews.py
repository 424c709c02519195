"""Previews by a tiny autoencoder (TAESD's format), whose decoder lies beside the model or where
ComfyUI's and A1111's users keep it. Imports torch."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from studio.core.errors import ModelError
from studio.models.formats.taesd import ENDINGS
from studio.models.single_file.shelves import places
from studio.models.state_files import read
from studio.models.tiny_autoencoder import tiny_decoder

FOLDERS = ("vae_approx", "VAE-approx", "VAE-taesd")  # among other programs' models


def found(model: Path, name: str) -> Path | None:
    """The file of the decoder of this name ("taesd")."""
    every = (
        folder / f"{name}_decoder{ending}"
        for folder, _ in places(model, FOLDERS)
        for ending in ENDINGS
    )
    return next((file for file in every if file.is_file()), None) if name else None


def tiny_preview(
    model: Path, name: str, channels: int, device: torch.device, notes: list[str]
) -> nn.Module | None:
    """Latents of so many channels, as the denoiser sees them, (B, C, h, w), to pictures in about
    [0, 1]. None where there is no such decoder; of a damaged one a note tells."""
    if (path := found(model, name)) is None:
        return None
    try:
        decoder = tiny_decoder(path, read(path))
    except ModelError as error:
        notes.append(f"Previews are rough: {error}")
        return None
    own = next(decoder.parameters()).shape[1]
    return decoder.float().to(device) if own == channels else None
