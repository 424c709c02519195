"""TAESD: a tiny autoencoder distilled from a large one, for its latents (madebyollin/taesd).

Blocks of three convolutions without normalisation at a single width. The one for FLUX.2 adds a
branch with group normalisation to its deepest blocks, so that they see the whole picture. Layers
are numbered as in the published files. Shapes in, shapes out: no files, no devices, no training.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from studio.networks.autoencoder import Posterior

GROUPS, EXPANSION = 4, 4  # of the branch with group normalisation
RANGE = 3.0  # latents are squeezed into (-RANGE, RANGE) before decoding
NO_VARIANCE = -30.0  # log variance of a network that gives none: a sample is the mean


@dataclass(frozen=True)
class TinyAutoencoderConfig:
    """`encoder_blocks`: a stage each, finest first, every further one halves the size;
    `decoder_blocks` deepest first. Normalised latents are (z - shift) scale."""

    latent_channels: int = 4
    width: int = 64
    encoder_blocks: tuple[int, ...] = (1, 3, 3, 3)
    decoder_blocks: tuple[int, ...] = (3, 3, 3, 1)
    pooling: bool = False
    scale: float = 1.0
    shift: float = 0.0

    @property
    def downsampling(self) -> int:
        return 2 ** (len(self.encoder_blocks) - 1)


class Squeeze(nn.Module):
    """3 tanh(x / 3): latents beyond what the encoder gives do not break the decoder."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / RANGE) * RANGE


class Block(nn.Module):
    """relu(conv(relu(conv(relu(conv(x))))) + x); with `pooling`, x + a normalised branch first."""

    def __init__(self, width: int, pooling: bool = False) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            _conv(width, width), nn.ReLU(), _conv(width, width), nn.ReLU(), _conv(width, width)
        )
        self.pool: nn.Sequential | None = None
        if pooling:
            self.pool = nn.Sequential(
                nn.Conv2d(width, EXPANSION * width, 1, bias=False),
                nn.GroupNorm(GROUPS, EXPANSION * width),
                nn.ReLU(inplace=True),
                nn.Conv2d(EXPANSION * width, width, 1, bias=False),
            )

    def forward(self, x: Tensor) -> Tensor:
        if self.pool is not None:
            x = x + self.pool(x)
        return torch.relu(self.conv(x) + x)


class TinyAutoencoder(nn.Module):
    """Pictures are in [0, 1] inside, in [-1, 1] outside.

    Its latents are those that the large model's denoiser sees, scaled already, so that scale is 1
    and shift 0 unless a file says otherwise. (TAESD's own `scale_latents`, magnitude 3 and shift
    1/2, only serves to store latents as bytes.) It is trained to give the posterior's mean.
    """

    variational = False

    def __init__(self, config: TinyAutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = _encoder(config), _decoder(config)

    @property
    def downsampling(self) -> int:
        return self.config.downsampling

    @property
    def latent_channels(self) -> int:
        return self.config.latent_channels

    def encode(self, pictures: Tensor) -> Posterior:
        """(B, 3, H, W) in [-1, 1], H and W multiples of 8 -> (B, C, H/8, W/8), no variance."""
        mean = self.encoder(pictures.to(self._dtype) / 2 + 0.5).float()
        return Posterior(mean, torch.full_like(mean, NO_VARIANCE))

    def decode(self, latents: Tensor) -> Tensor:
        """(B, C, H/8, W/8) -> (B, 3, H, W) in about [-1, 1], not clamped."""
        return self.decoder(latents.to(self._dtype)) * 2 - 1

    def normalised(self, latents: Tensor) -> Tensor:
        return (latents - self.config.shift) * self.config.scale

    def denormalised(self, latents: Tensor) -> Tensor:
        return latents / self.config.scale + self.config.shift

    @property
    def _dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype


def _conv(width: int, out: int, stride: int = 1, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(width, out, 3, stride=stride, padding=1, bias=bias)


def _encoder(config: TinyAutoencoderConfig) -> nn.Sequential:
    width, deepest = config.width, len(config.encoder_blocks) - 1
    layers: list[nn.Module] = [_conv(3, width)]
    for stage, blocks in enumerate(config.encoder_blocks):
        if stage:
            layers.append(_conv(width, width, stride=2, bias=False))
        layers += [Block(width, config.pooling and stage == deepest) for _ in range(blocks)]
    return nn.Sequential(*layers, _conv(width, config.latent_channels))


def _decoder(config: TinyAutoencoderConfig) -> nn.Sequential:
    width = config.width
    layers: list[nn.Module] = [Squeeze(), _conv(config.latent_channels, width), nn.ReLU()]
    for stage, blocks in enumerate(config.decoder_blocks):
        if stage:
            layers += [nn.Upsample(scale_factor=2), _conv(width, width, bias=False)]
        layers += [Block(width, config.pooling and stage == 0) for _ in range(blocks)]
    return nn.Sequential(*layers, _conv(width, 3))
