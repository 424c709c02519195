"""A tiny autoencoder's decoder, where people keep it, draws a checkpoint's previews."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

pytest.importorskip("transformers")

from studio.models import registry
from studio.models.checkpoint import Checkpoint
from studio.models.latent_diffusion import to_bytes
from studio.models.previews import found
from studio.networks.tiny_autoencoder import TinyAutoencoder, TinyAutoencoderConfig
from tests.models.families import flow_pipelines, pipelines


def written(path: Path, channels: int) -> torch.nn.Module:
    torch.manual_seed(0)
    blocks = (1, 1, 1, 1)
    config = TinyAutoencoderConfig(channels, 8, encoder_blocks=blocks, decoder_blocks=blocks)
    path.parent.mkdir(parents=True, exist_ok=True)
    decoder = TinyAutoencoder(config).decoder
    save_file(decoder.state_dict(), path)
    return decoder


def opened(path: Path) -> Checkpoint:
    model = registry.open_model(str(path), precision="float32")
    assert isinstance(model, Checkpoint)
    return model


@pytest.mark.parametrize(
    ("kind", "name", "channels"),
    [("sd1", "taesd", 4), ("sdxl", "taesdxl", 4), ("flux-dev", "taef1", 4)],
)
def test_the_decoder_for_the_family_draws(
    tmp_path: Path, kind: str, name: str, channels: int
) -> None:
    """As ComfyUI's folders have it; another family's is left alone."""
    folder = tmp_path / "models" / "diffusers" / kind
    make = flow_pipelines.saved if kind == "flux-dev" else pipelines.saved
    make(kind, folder)
    shelf = tmp_path / "models" / "vae_approx"
    written(shelf / "taesd9_decoder.safetensors", channels)
    latents = torch.randn(2, channels, 8, 12)
    rough = opened(folder).preview(latents)
    assert rough.shape == (2, 8, 12, 3)
    decoder = written(shelf / f"{name}_decoder.safetensors", channels)
    model = opened(folder)
    with torch.inference_mode():
        expected = to_bytes(decoder(latents))
    drawn = model.preview(latents)
    assert drawn.shape == (2, 64, 96, 3) and (drawn == expected).all() and not model.notes


def test_what_does_not_fit_is_left_alone_and_what_is_damaged_is_said(tmp_path: Path) -> None:
    pipelines.saved("sd1", tmp_path / "sd1")
    latents, file = torch.randn(1, 4, 8, 8), tmp_path / "taesd_decoder.safetensors"
    written(file, 16)
    assert opened(tmp_path / "sd1").preview(latents).shape == (1, 8, 8, 3)
    file.write_bytes(file.read_bytes()[:-9])
    model = opened(tmp_path / "sd1")
    assert model.preview(latents).shape == (1, 8, 8, 3)
    (note,) = model.notes
    assert note.startswith("Previews are rough: ") and str(file) in note
    assert found(tmp_path / "sd1", "") is None
