"""diffusers' AutoencoderKL behind the studio's interface. Imports torch, and diffusers late.

Nothing is downloaded: the network is built from its configuration and filled from a file here.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from studio.core.errors import ModelError
from studio.core.tables import shortened
from studio.models import state_files
from studio.models.kl_layout import KLConfig, Scaling, flat
from studio.networks.autoencoder import Posterior

EXTRA = "latent-studio[checkpoints]"


class KLAutoencoder(nn.Module):
    """`network` is diffusers' AutoencoderKL; normalised latents are (z - center) gain."""

    variational = True
    center: Tensor
    gain: Tensor

    def __init__(self, network: Any, scaling: Scaling) -> None:
        super().__init__()
        self.network = network
        mean, std = torch.tensor(scaling.mean), torch.tensor(scaling.std)
        self.register_buffer("center", mean[:, None, None])
        self.register_buffer("gain", scaling.scale / std[:, None, None])

    @property
    def downsampling(self) -> int:
        return 2 ** (len(self.network.config.block_out_channels) - 1)

    @property
    def latent_channels(self) -> int:
        return int(self.network.config.latent_channels)

    def encode(self, pictures: Tensor) -> Posterior:
        """(B, 3, H, W) in [-1, 1] -> posterior (B, C, H/f, W/f), not scaled, fp32."""
        moments = self.network.encoder(pictures.to(self._dtype))
        if self.network.quant_conv is not None:
            moments = self.network.quant_conv(moments)
        mean, log_variance = moments.float().chunk(2, dim=1)
        return Posterior(mean, log_variance.clamp(-30.0, 20.0))

    def decode(self, latents: Tensor) -> Tensor:
        """Latents as `encode` gives them -> (B, 3, fH, fW) in about [-1, 1], not clamped."""
        latents = latents.to(self._dtype)
        if self.network.post_quant_conv is not None:
            latents = self.network.post_quant_conv(latents)
        return self.network.decoder(latents)

    def normalised(self, latents: Tensor) -> Tensor:
        return (latents - self.center) * self.gain

    def denormalised(self, latents: Tensor) -> Tensor:
        return latents / self.gain + self.center

    @property
    def _dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype


def open_kl(path: Path, names: dict[str, str], config: KLConfig, scaling: Scaling) -> KLAutoencoder:
    """Builds it and fills it from `path`; `names`: diffusers' -> the file's. Fp32, on the CPU.

    Raises ModelError.
    """
    network = _built(path, config)
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    shapes = state_files.shapes(path)
    found = {name: flat(name, shapes[stored]) for name, stored in names.items()}
    wrong = [name for name in sorted(expected | found) if expected.get(name) != found.get(name)]
    if wrong:
        raise ModelError(
            f"{path} does not fit its configuration: {shortened(wrong[0])} is"
            f" {found.get(wrong[0])}, not {expected.get(wrong[0])}."
        )
    if len(scaling.mean) not in (1, config.latent_channels):
        raise ModelError(f"{path} has {config.latent_channels} channels, its statistics do not.")
    tensors = state_files.read(path, names.values())
    state = {name: tensors[stored].reshape(expected[name]) for name, stored in names.items()}
    network.load_state_dict(state, assign=True)
    return KLAutoencoder(network, scaling).eval().requires_grad_(False)


def _built(path: Path, config: KLConfig) -> Any:
    """The network without memory for its weights."""
    try:
        from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL  # type: ignore
    except ImportError as error:
        raise ModelError(
            f"{path} needs the package diffusers; install it with: pip install '{EXTRA}'."
        ) from error
    levels = len(config.block_out_channels)
    try:
        with torch.device("meta"):
            return AutoencoderKL(
                down_block_types=("DownEncoderBlock2D",) * levels,
                up_block_types=("UpDecoderBlock2D",) * levels,
                **asdict(config),
            )
    except (ValueError, RuntimeError, TypeError, KeyError, ZeroDivisionError) as error:
        raise ModelError(f"{path} has an impossible configuration.") from error
