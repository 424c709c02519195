"""Trains the denoiser with the flow objective on latents of composed scenes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from studio.core.errors import UsageError
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.models.registry import open_network
from studio.networks.autoencoder import Autoencoder
from studio.networks.denoiser import DenoiserConfig, DenoiserTransformer
from studio.networks.text import TextFeatures
from studio.networks.tokenizer import LENGTH, Tokenizer
from studio.objectives.denoising import logit_normal_times, velocity_loss
from studio.training.bundle import export
from studio.training.data import SceneSource
from studio.training.pool import CHUNK, LatentPool
from studio.training.recipe import Recipe, settings_from

VALIDATION = 256


@dataclass(frozen=True)
class DenoiserSettings:
    """`bundle` holds the frozen autoencoder and text tower. `pool` scenes are kept encoded;
    `refresh` new ones enter every step (CUDA only, where worker processes make them)."""

    bundle: str = "assets/studio-256"
    pool: int = 8192
    refresh: int = 0
    caption_drop: float = 0.12
    time_mean: float = 0.0
    time_deviation: float = 1.0


@dataclass(frozen=True)
class Batch:
    latents: Tensor
    text: TextFeatures
    times: Tensor
    noise: Tensor


class DenoiserTask:
    """`train denoiser`: data, losses and figures for the loop."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = settings_from(
            DenoiserSettings, recipe.settings, f"{recipe.name} [settings]"
        )
        self.mix = settings_from(Mix, recipe.data, f"{recipe.name} [data]")
        if self.settings.pool % CHUNK or self.settings.refresh % CHUNK:
            raise UsageError(f"pool and refresh must be multiples of {CHUNK}.")
        self.config = settings_from(DenoiserConfig, recipe.network, f"{recipe.name} [network]")
        self.network: nn.Module = DenoiserTransformer(self.config)

    @property
    def hot(self) -> tuple[nn.Module, ...]:
        return (self.network,)

    def prepare(self, device: torch.device) -> None:
        self.device = device
        bundle = Path(self.settings.bundle)
        opened = open_network(str(bundle / "autoencoder"), "autoencoder", device.type)
        autoencoder = cast(Autoencoder, opened)
        self.tower = open_network(str(bundle / "text"), "text", device.type)
        self.tokenizer = Tokenizer(bundle / "text" / "tokenizer.json")
        if device.type == "cpu":
            autoencoder = autoencoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        source = SceneSource(Catalogue(), self.mix, self.recipe.run.seed)
        self.pool = LatentPool(source, self.settings.pool, autoencoder, device)
        self.pool.fill(self.cache)
        rng = np.random.default_rng(99)
        latents, captions = self.pool.draw(rng, VALIDATION)
        self.fixed = self._noised(latents, captions, torch.Generator().manual_seed(99))

    cache: Path | None = None  # where the pool is kept between runs

    @torch.no_grad()
    def _noised(self, latents: Tensor, captions: list[str], generator: torch.Generator) -> Batch:
        ids, mask = self.tokenizer(captions)
        with torch.autocast(self.device.type, torch.bfloat16):
            text = self.tower(ids.to(self.device), mask.to(self.device)).padded(LENGTH)
        settings = self.settings
        times = logit_normal_times(
            len(captions), generator, settings.time_mean, settings.time_deviation
        )
        if self.device.type == "cuda":
            noise = torch.randn_like(latents)
        else:
            noise = torch.randn(latents.shape, generator=generator)
        return Batch(latents, text, times.to(self.device), noise)

    def batch(self, step: int, rank: int, world: int) -> Batch:
        if self.settings.refresh and self.device.type == "cuda":
            self.pool.enter(self.settings.refresh)
        seed = [self.recipe.run.seed, step, rank]
        rng = np.random.default_rng(seed)
        latents, captions = self.pool.draw(rng, self.recipe.run.batch)
        kept = rng.random(len(captions)) >= self.settings.caption_drop
        captions = [text if keep else "" for text, keep in zip(captions, kept, strict=True)]
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        return self._noised(latents, captions, generator)

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        data = cast(Batch, batch)
        losses = velocity_loss(
            lambda x, t: network(x, t, data.text), data.latents, data.times, data.noise
        )
        return {"loss": losses.mean()}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """The loss at fixed scenes, times and noises: comparable along a run."""
        with torch.autocast(self.device.type, torch.bfloat16):
            return {"fixed_loss": float(self.losses(network, self.fixed, 0)["loss"])}

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        export(
            network,
            "denoiser",
            self.config,
            folder,
            about,
            {"path": "rectified-flow", "prediction": "velocity"},
        )


TASK = DenoiserTask
