"""The variational autoencoder: pictures to small latents, and back.

A convolutional network without normalisation layers beside a linear path that starts as PCA: what
PCA gives is there from the first step, and the network learns what it loses. The finest level is
half the picture's size: `pixel_unshuffle` folds 2x2 pixels into channels.
Shapes in, shapes out: no files, no devices, no training.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.tables import Within

MOST_LEVELS = 8
UPSAMPLINGS = ("shuffle", "transposed")
POINT = -20.0  # the log variance of a posterior that is a point


@dataclass(frozen=True)
class AutoencoderConfig:
    """`widths`: channels a level, finest (half size) first; each further level halves the size.

    `variational` False: a plain autoencoder, whose posterior is a point. `linear`: the PCA path
    beside the convolutions. `upsampling`: "shuffle", or "transposed" convolutions of three taps at
    stride two, whose uneven overlap shows as a checkerboard (Odena et al. 2016).
    """

    latent_channels: Annotated[int, Within(1, 1024)] = 16
    widths: Annotated[tuple[int, ...], Within(1, 8192)] = (32, 64, 128, 256)
    encoder_blocks: Annotated[tuple[int, ...], Within(0, 64)] = (1, 2, 2, 2)
    decoder_blocks: Annotated[tuple[int, ...], Within(0, 64)] = (1, 2, 2, 3)
    variational: bool = True
    linear: bool = True
    upsampling: str = "shuffle"

    def __post_init__(self) -> None:
        if self.upsampling not in UPSAMPLINGS:
            raise ValueError(f"upsampling is {self.upsampling!r}, not one of {UPSAMPLINGS}")
        levels = len(self.widths)
        if not 1 <= levels <= MOST_LEVELS:
            raise ValueError(f"widths are {levels}, not 1 to {MOST_LEVELS}")
        if {len(self.encoder_blocks), len(self.decoder_blocks)} != {levels}:
            raise ValueError(f"encoder_blocks and decoder_blocks are not {levels}, as widths are")
        if any(4 * fine % coarse for fine, coarse in pairwise(self.widths)):
            raise ValueError("widths do not each divide four times the one before")

    @property
    def downsampling(self) -> int:
        return 2 ** len(self.widths)


@dataclass(frozen=True)
class Posterior:
    """q(z|x) = N(mean, exp(log_variance)), each (B, C, h, w)."""

    mean: Tensor
    log_variance: Tensor

    def sample(self) -> Tensor:
        return self.mean + torch.exp(0.5 * self.log_variance) * torch.randn_like(self.mean)

    def kl(self) -> Tensor:
        """KL(q || N(0, I)) in nats, averaged over every latent element (the mean form)."""
        return 0.5 * (self.mean**2 + self.log_variance.exp() - 1 - self.log_variance).mean()


class ResidualBlock(nn.Module):
    """x + conv(silu(conv(silu(x)))); begins as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.silu(self.conv1(F.silu(x))))


class Narrow(nn.Module):
    """Halves the size; beside the convolution, the mean of the folded channels.

    The parameter-free shortcuts of DC-AE (Chen et al. 2024): a deep pyramid that passes the
    picture through from the first step.
    """

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.out = out
        self.conv = nn.Conv2d(channels, out, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) + F.pixel_unshuffle(x, 2).unflatten(1, (self.out, -1)).mean(2)


class Widen(nn.Module):
    """Doubles the size; the shortcut repeats channels and unfolds them."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.repeats = 4 * out // channels
        self.conv = nn.Conv2d(channels, 4 * out, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.conv(x) + x.repeat_interleave(self.repeats, dim=1), 2)


def _transposed(channels: int, out: int) -> nn.ConvTranspose2d:
    """Doubles the size with taps that overlap unevenly."""
    return nn.ConvTranspose2d(channels, out, 3, stride=2, padding=1, output_padding=1)


def _zeroed(layer: nn.Conv2d | nn.ConvTranspose2d, wanted: bool) -> None:
    """Beside the linear path a network begins with nothing to add."""
    if wanted:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]


class Encoder(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1] -> posterior parameters (B, 2C, H/16, W/16)."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths = config.widths
        layers: list[nn.Module] = [nn.PixelUnshuffle(2), nn.Conv2d(12, widths[0], 3, padding=1)]
        for level, width in enumerate(widths):
            if level:
                layers.append(Narrow(widths[level - 1], width))
            layers += [ResidualBlock(width) for _ in range(config.encoder_blocks[level])]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Conv2d(widths[-1], 2 * config.latent_channels, 3, padding=1)
        _zeroed(self.last, config.linear)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.layers(x))


class Decoder(nn.Module):
    """Latents (B, C, h, w) -> pictures (B, 3, 16h, 16w), about [-1, 1]."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths, self.transposed = config.widths, config.upsampling == "transposed"
        widen = _transposed if self.transposed else Widen
        layers: list[nn.Module] = [nn.Conv2d(config.latent_channels, widths[-1], 3, padding=1)]
        for level in reversed(range(len(widths))):
            layers += [ResidualBlock(widths[level]) for _ in range(config.decoder_blocks[level])]
            if level:
                layers.append(widen(widths[level], widths[level - 1]))
        self.layers = nn.Sequential(*layers)
        self.last: nn.Conv2d | nn.ConvTranspose2d = (
            _transposed(widths[0], 3) if self.transposed else nn.Conv2d(widths[0], 12, 3, padding=1)
        )
        _zeroed(self.last, config.linear)

    def forward(self, z: Tensor) -> Tensor:
        x = self.last(self.layers(z))
        return x if self.transposed else F.pixel_shuffle(x, 2)


class Autoencoder(nn.Module):
    """The VAE (Kingma & Welling 2014), and the statistics that give its latents unit variance.

    `latent_mean` and `latent_std` (C,) are set after training; `normalised` latents are what the
    denoiser sees.
    """

    latent_mean: Tensor
    latent_std: Tensor

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        fold, channels = config.downsampling, config.latent_channels
        if config.linear:
            self.project = nn.Conv2d(3, channels, fold, stride=fold)
            self.unproject = nn.ConvTranspose2d(channels, 3, fold, stride=fold)
        self.register_buffer("latent_mean", torch.zeros(config.latent_channels))
        self.register_buffer("latent_std", torch.ones(config.latent_channels))

    @property
    def downsampling(self) -> int:
        return self.config.downsampling

    @property
    def latent_channels(self) -> int:
        return self.config.latent_channels

    @property
    def variational(self) -> bool:
        return self.config.variational

    def encode(self, pictures: Tensor) -> Posterior:
        """(B, 3, H, W) in [-1, 1], sides multiples of `downsampling` -> posterior (B, C, h, w)."""
        mean, log_variance = self.encoder(pictures).float().chunk(2, dim=1)
        if self.config.linear:
            mean = mean + self.project(pictures).float()
        if not self.config.variational:
            return Posterior(mean, torch.full_like(mean, POINT))
        return Posterior(mean, (log_variance - 4.0).clamp(POINT, 10.0))

    def decode(self, latents: Tensor) -> Tensor:
        """Latents as `encode` gives them -> (B, 3, H, W) in about [-1, 1], not clamped."""
        decoded: Tensor = self.decoder(latents)
        return decoded + self.unproject(latents) if self.config.linear else decoded

    @torch.no_grad()
    def start_from_principal_components(self, pictures: Tensor) -> None:
        """Sets the linear path to the whitened principal components of 16 x 16 patches, so that
        training begins at what PCA reaches and the network learns only what that loses.

        Args:
            pictures: (B, 3, H, W) in [-1, 1], a few hundred.
        """
        if not self.config.linear:
            return
        fold, channels = self.config.downsampling, self.config.latent_channels
        patches = F.unfold(pictures.float(), fold, stride=fold).transpose(1, 2).flatten(0, 1)
        mean = patches.mean(0)
        covariance = (patches - mean).T @ (patches - mean) / len(patches)
        values, vectors = torch.linalg.eigh(covariance)
        deviations = values[-channels:].flip(0).sqrt()[:, None]
        basis = vectors[:, -channels:].flip(1).T  # (channels, 3 fold^2), rows orthonormal
        shape = (channels, 3, fold, fold)
        assert self.project.bias is not None and self.unproject.bias is not None
        self.project.weight.copy_((basis / deviations).view(shape))
        self.project.bias.copy_(-(basis / deviations) @ mean)
        self.unproject.weight.copy_((basis * deviations).view(shape))
        self.unproject.bias.copy_(mean.view(3, -1).mean(1))

    def normalised(self, latents: Tensor) -> Tensor:
        return (latents - self.latent_mean[:, None, None]) / self.latent_std[:, None, None]

    def denormalised(self, latents: Tensor) -> Tensor:
        return latents * self.latent_std[:, None, None] + self.latent_mean[:, None, None]
