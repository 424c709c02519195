"""Trains the refined VAE on composed scenes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.errors import DataError, ModelError, UsageError
from studio.core.tables import Weight, Within
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.metrics.perceptual import load_lpips, lpips_reason
from studio.metrics.reconstruction import psnr
from studio.networks.autoencoder import Autoencoder, AutoencoderConfig
from studio.networks.discriminator import DiscriminatorConfig
from studio.objectives.autoencoding import (
    AutoencodingWeights,
    Perceptual,
    autoencoding_terms,
    random_crops,
)
from studio.training.bundle import export
from studio.training.critic import Critic
from studio.training.data import Ahead, SceneSource, to_tensor, workers_for
from studio.training.hardware import Hardware
from studio.training.pictures import CropSource
from studio.training.recipe import Rate, Recipe
from studio.training.task import Stage

Crops = Callable[..., np.ndarray]  # (start, count)

VALIDATION = 48  # held-out pictures
PRINCIPAL = 256  # pictures that the principal components come from
CHUNK = 16  # pictures read between two words of how far it is


@dataclass(frozen=True)
class AutoencoderSettings:
    """The loss's lambdas, and the window that the perceptual term and the critic see.

    `adversarial` is the factor before the adaptive weight (0: no critic at all); the critic
    joins at step `adversarial_start`, when reconstructions are already good. With
    `freeze_encoder` only the decoder learns (begin from weights with --start): the latents, and
    so a denoiser trained on them, stay what they are. `latent_noise` is the largest deviation, in
    those of the latents, of the noise the decoder learns to see through: what a sampler gives is
    never quite on the encoder's manifold, and an unprepared decoder shows that as seams.

    `adversarial_adaptive` False makes `adversarial` the weight itself. `size` trains on square
    crops of that many pixels, of `pool` composed scenes or of the pictures in `folder`; 0 on whole
    scenes of 256.
    """

    reconstruction: Weight = 1.0
    kl: Weight = 1e-6
    perceptual: Weight = 0.3
    norm: str = "l1"
    crop: Annotated[int, Within(1, 4096)] = 128
    adversarial: Weight = 0.0
    adversarial_start: Annotated[int, Within(0, 10**12)] = 0
    adversarial_width: Annotated[int, Within(1, 1024)] = 64
    adversarial_learning_rate: Rate = 2e-4
    adversarial_adaptive: bool = True
    freeze_encoder: bool = False
    latent_noise: Weight = 0.0
    size: Annotated[int, Within(0, 4096)] = 0
    pool: Annotated[int, Within(1, 2**20)] = 2048
    folder: str = ""

    def __post_init__(self) -> None:
        if self.norm not in ("l1", "l2"):
            raise UsageError(f"norm is {self.norm!r}; it must be l1 or l2")


def _scenes(source: SceneSource, start: int, count: int) -> np.ndarray:
    return source.many(start, count)[0]


class AutoencoderTask:
    """`train autoencoder`: data, losses and figures for the loop."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(AutoencoderSettings, "settings")
        recipe.read(Mix, "data")
        autoencoder = Autoencoder(recipe.read(AutoencoderConfig, "network"))
        self.network: nn.Module = autoencoder
        self.weights = AutoencodingWeights(
            self.settings.reconstruction,
            self.settings.kl,
            self.settings.perceptual,
            norm=self.settings.norm,
        )
        self.companion: Critic | None = None
        if self.settings.freeze_encoder:
            for part in (autoencoder.encoder, autoencoder.project):
                part.requires_grad_(False)

    @property
    def hot(self) -> tuple[nn.Module, ...]:
        network = cast(Autoencoder, self.network)
        if self.companion is None:
            return (network.encoder, network.decoder)
        # The adaptive weight differentiates at `last` alone, which must stay a node of its own.
        return (network.encoder, network.decoder.layers)

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        self.on, self.device = on, on.device
        self.companion = self.new_companion(on)
        run = self.recipe.run
        source, unseen = self._source(held_out=False), self._source(held_out=True)
        self.ahead = Ahead(partial(source, count=run.batch), workers_for(self.device))
        self.perceptual: Perceptual | None = None
        if self.settings.perceptual:
            if reason := lpips_reason():
                raise ModelError(f"{reason} Or train without it: a perceptual weight of 0.")
            lpips = deepcopy(load_lpips(self.device))  # whose layout in memory is then its own
            self.perceptual = cast(
                Perceptual,
                lpips.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
            )
        self.crops = torch.Generator().manual_seed(run.seed)
        self.unseen = yield from self._read(unseen, 0, VALIDATION)
        network = cast(Autoencoder, self.network)
        if network.config.linear:
            first = yield from self._read(source, 2**30, PRINCIPAL)
            network.start_from_principal_components(first)

    def _read(self, source: Crops, start: int, count: int) -> Generator[Stage, None, Tensor]:
        """Pictures start .. start + count - 1, a few at a time."""
        parts = []
        for done in range(0, count, CHUNK):
            yield Stage("reading pictures", done, count)
            parts.append(source(start + done, CHUNK))
        return to_tensor(np.concatenate(parts), self.device)

    def _source(self, held_out: bool) -> Crops:
        """Pictures by (start, count): (count, S, S, 3) uint8, always the same ones."""
        wanted, seed = self.settings, 2**31 if held_out else self.recipe.run.seed
        if wanted.folder:
            return CropSource.folder(Path(wanted.folder), seed, wanted.size or 256, held_out).many
        catalogue = Catalogue(self.recipe.dataset)
        mix = self.recipe.read(Mix, "data", **({"split": "held-out"} if held_out else {}))
        if wanted.size:
            pool = VALIDATION if held_out else wanted.pool
            return CropSource.scenes(catalogue, mix, seed, wanted.size, pool).many
        return partial(_scenes, SceneSource(catalogue, mix, seed))

    def new_companion(self, on: Hardware) -> Critic | None:
        """The critic, where the recipe wants one."""
        wanted = self.settings
        if not wanted.adversarial:
            return None
        config = DiscriminatorConfig(wanted.adversarial_width)
        rate, adaptive = wanted.adversarial_learning_rate, wanted.adversarial_adaptive
        return Critic(config, wanted.adversarial, rate, on, adaptive)

    def batch(self, step: int, rank: int, world: int) -> Tensor:
        size = self.recipe.run.batch
        pictures = self.ahead.get((step * world + rank) * size, stride=world * size)
        return to_tensor(pictures, self.device)

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        pictures, crop = cast(Tensor, batch), self.settings.crop
        autoencoder = cast(Autoencoder, network)
        posterior = autoencoder.encode(pictures)
        decoded = autoencoder.decode(self._disturbed(autoencoder, posterior.sample()))
        terms = autoencoding_terms(
            pictures, decoded, posterior, self.weights, self.perceptual, crop, self.crops
        )
        if not autoencoder.variational:
            del terms["kl"]  # of a point it means nothing
        if self.companion is None or step < self.settings.adversarial_start:
            return terms
        real, fake = random_crops(pictures, decoded, crop, self.crops)
        return self.companion.terms(terms, real, fake, autoencoder.decoder.last.weight)

    def _disturbed(self, autoencoder: Autoencoder, latents: Tensor) -> Tensor:
        """With noise of a random strength a picture, up to `latent_noise`."""
        if not self.settings.latent_noise:
            return latents
        strength = self.settings.latent_noise * torch.rand(len(latents), 1, 1, 1).to(latents)
        deviations = strength * autoencoder.latent_std[:, None, None]
        return latents + deviations * torch.randn_like(latents)

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """PSNR and LPIPS on held-out scenes, decoded from the posterior mean."""
        autoencoder = cast(Autoencoder, network)
        ratios, distances, kl = [], [], []
        for pictures in self.unseen.split(8):
            with self.on.autocast():
                posterior = autoencoder.encode(pictures)
                decoded = autoencoder.decode(posterior.mean).float().clamp(-1, 1)
            ratios.append(psnr(decoded / 2 + 0.5, pictures / 2 + 0.5))
            kl.append(posterior.kl())
            if self.perceptual is not None:
                distances.append(self.perceptual(decoded, pictures).flatten())
        figures = {"psnr": float(torch.cat(ratios).mean())}
        if autoencoder.variational:
            figures["kl"] = float(torch.stack(kl).mean())
        if distances:
            figures["lpips"] = float(torch.cat(distances).mean())
        return figures

    @torch.no_grad()
    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        """Measures the latents' statistics a channel, fits the preview, writes the weights."""
        autoencoder = cast(Autoencoder, network)
        pictures = torch.cat([self.batch(step, 0, 1) for step in range(24)])
        means = torch.cat([autoencoder.encode(part).mean for part in pictures.split(8)])
        if not means.isfinite().all():
            raise DataError(f"{folder} was left as it is: the latents are not finite.")
        if not self.settings.freeze_encoder:
            autoencoder.latent_mean.copy_(means.mean((0, 2, 3)))
            autoencoder.latent_std.copy_(means.std((0, 2, 3)))
        preview = fit_preview(autoencoder.normalised(means), pictures)
        export(autoencoder, "autoencoder", autoencoder.config, folder, about, {"preview": preview})


def fit_preview(latents: Tensor, pictures: Tensor) -> dict[str, Any]:
    """The least-squares linear map from normalised latents (B, C, h, w) to the pictures' area
    means in [0, 1]: {"matrix": C x 3, "bias": 3}."""
    small = F.adaptive_avg_pool2d(
        pictures.float() / 2 + 0.5, (latents.shape[-2], latents.shape[-1])
    )
    inputs = latents.float().permute(0, 2, 3, 1).flatten(0, 2)
    inputs = torch.cat([inputs, torch.ones_like(inputs[:, :1])], dim=1)
    solution = torch.linalg.lstsq(inputs, small.permute(0, 2, 3, 1).flatten(0, 2)).solution
    return {"matrix": solution[:-1].tolist(), "bias": solution[-1].tolist()}


TASK = AutoencoderTask
