"""Trains a denoiser on latents of composed scenes, to any prediction on any named path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.errors import UsageError
from studio.core.installation import bundled
from studio.core.tables import Share, Within
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.models.registry import open_network
from studio.networks.autoencoder import Autoencoder
from studio.networks.denoiser import DenoiserConfig, DenoiserTransformer
from studio.networks.tokenizer import LENGTH
from studio.objectives.denoising import Denoising, logit_normal_times
from studio.training.bundle import export
from studio.training.data import SceneSource
from studio.training.hardware import Hardware
from studio.training.pool import CHUNK, LatentPool
from studio.training.recipe import Recipe
from studio.training.task import Noised, Stage, Task, generator_of

VALIDATION = 256


@dataclass(frozen=True)
class DenoiserSettings:
    """`bundle` holds the frozen autoencoder and text tower. `pool` scenes are kept encoded, each
    with `forms` captions; `refresh` new ones enter every step (on CUDA only, where worker
    processes compose them). `prediction` and `path` name the objective; times are logit-normal on
    that path. A latent channel's error counts as the picture energy it carries to the
    `channel_power` (0: all alike): the whitened latents give a cell's colour no more room than its
    finest grain, the eye does not agree."""

    bundle: str = "studio-256"
    pool: Annotated[int, Within(CHUNK, 2**20)] = 8192
    forms: Annotated[int, Within(1, 64)] = 6
    refresh: Annotated[int, Within(0, 2**16)] = 0
    caption_drop: Share = 0.12
    channel_power: Annotated[float, Within(0, 10)] = 0.4
    time_mean: Annotated[float, Within(-100, 100)] = 0.0
    time_deviation: Annotated[float, Within(0, 100)] = 1.0
    path: str = "rectified-flow"
    prediction: str = "velocity"


class DenoiserTask(Task):
    """`train denoiser`: data, losses and figures for the loop."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(DenoiserSettings, "settings")
        self.objective = Denoising.named(self.settings.path, self.settings.prediction)
        self.mix = recipe.read(Mix, "data")
        if self.settings.pool % CHUNK or self.settings.refresh % CHUNK:
            raise UsageError(f"pool and refresh must be multiples of {CHUNK}.")
        self.config = recipe.read(DenoiserConfig, "network")
        self.network: nn.Module = DenoiserTransformer(self.config)

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        self.on, self.device, settings = on, on.device, self.settings
        bundle = bundled(settings.bundle)
        self.tower = open_network(str(bundle / "text"), "text", on.device.type)
        source = SceneSource(
            Catalogue(self.recipe.dataset), self.mix, self.recipe.run.seed, forms=settings.forms
        )
        self.pool = LatentPool.of(bundle, source, settings.pool, on)
        self.empty = self.pool.tokenizer([""])[0].to(on.device)
        yield from self.pool.fill()
        energy = picture_energy(self.pool.autoencoder, self.pool.latents[:8].float())
        weights = energy**settings.channel_power
        self.channel_weights = weights / weights.mean()
        self.fixed = self._batch(torch.Generator().manual_seed(99), VALIDATION, drop=0.0)

    @torch.no_grad()
    def _batch(self, generator: torch.Generator, count: int, drop: float) -> Noised:
        settings, device = self.settings, self.device
        latents, ids = self.pool.draw(generator, count)
        dropped = (torch.rand(count, generator=generator) < drop).to(device)
        empty = F.pad(self.empty, (0, LENGTH - self.empty.shape[1]))
        ids = torch.where(dropped[:, None], empty, ids)
        with self.on.autocast():
            text = self.tower(ids, ids != 0)
        times = logit_normal_times(count, generator, settings.time_mean, settings.time_deviation)
        seed = int(torch.randint(2**62, (1,), generator=generator))
        on_device = torch.Generator(device).manual_seed(seed)
        noise = torch.randn(latents.shape, generator=on_device, device=device)
        return Noised(latents, times.to(device), noise, text)

    def batch(self, step: int, rank: int, world: int) -> Noised:
        if self.settings.refresh and self.device.type == "cuda":
            self.pool.enter(self.settings.refresh)
        run = self.recipe.run
        generator = generator_of(run.seed, step, rank)
        return self._batch(generator, run.batch, self.settings.caption_drop)

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        data = cast(Noised, batch)
        losses = self.objective.losses(
            lambda x, t: network(x, t, data.known),
            data.clean,
            data.times,
            data.noise,
            self.channel_weights,
        )
        return {"loss": losses.mean()}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """The loss at fixed scenes, times and noises: comparable along a run."""
        with self.on.autocast():
            return {"fixed_loss": float(self.losses(network, self.fixed, 0)["loss"])}

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        trained_to = {"path": self.settings.path, "prediction": self.settings.prediction}
        export(network, "denoiser", self.config, folder, about, trained_to)


@torch.no_grad()
def picture_energy(autoencoder: Autoencoder, latents: Tensor) -> Tensor:
    """Mean squared change of the decoded picture for a small noise on each channel (C,), of
    normalised latents (B, C, h, w); sums to 1."""
    before = autoencoder.decode(autoencoder.denormalised(latents))
    generator = torch.Generator(latents.device).manual_seed(0)
    found = []
    for channel in range(latents.shape[1]):
        moved = latents.clone()
        shape = moved[:, channel].shape
        moved[:, channel] += 0.2 * torch.randn(shape, generator=generator, device=moved.device)
        after = autoencoder.decode(autoencoder.denormalised(moved))
        found.append(((after - before) ** 2).mean())
    energy = torch.stack(found)
    return energy / energy.sum()


TASK = DenoiserTask
