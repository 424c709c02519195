"""Trains the noise-aware classifier on latents of lone objects, for classifier guidance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, cast

import torch
from torch import Tensor, nn

from studio.core.errors import UsageError
from studio.core.installation import bundled
from studio.core.tables import Share, Within
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.diffusion.paths import RectifiedFlow
from studio.networks.classifier import ClassifierConfig, NoisyClassifier
from studio.objectives.classification import found, noisy_cross_entropy
from studio.objectives.denoising import logit_normal_times
from studio.training.bundle import export
from studio.training.data import SceneSource
from studio.training.hardware import Hardware
from studio.training.pool import CHUNK, LatentPool
from studio.training.recipe import Recipe
from studio.training.task import Noised, Stage, Task, generator_of

PATH = RectifiedFlow()
JUDGED = (0.1, 0.3, 0.5, 0.7, 0.9)  # the noise levels of validation


@dataclass(frozen=True)
class ClassifierSettings:
    """`bundle` holds the frozen autoencoder. `pool` scenes are learnt from, the next `held_out`
    only judged: the same things on other grounds, in other places. A latent is moved by up to
    `shift` cells. Times are logit-normal."""

    bundle: str = "studio-256"
    pool: Annotated[int, Within(CHUNK, 2**20)] = 12288
    held_out: Annotated[int, Within(CHUNK, 2**20)] = 1024
    shift: Annotated[int, Within(0, 64)] = 1
    smoothing: Share = 0.05
    time_mean: Annotated[float, Within(-100, 100)] = 0.0
    time_deviation: Annotated[float, Within(0, 100)] = 1.0


class ClassifierTask(Task):
    """`train classifier`: data, losses and figures for the loop.

    The classes are the things of the data's split, by their labels. Raises UsageError for scenes of
    more than one object: which of them would be the class?
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(ClassifierSettings, "settings")
        self.mix = recipe.read(Mix, "data")
        if self.mix.p_pair or self.mix.p_count:
            raise UsageError("A classifier learns lone objects: set p_pair and p_count to 0.")
        if self.settings.pool % CHUNK or self.settings.held_out % CHUNK:
            raise UsageError(f"pool and held_out must be multiples of {CHUNK}.")
        self.catalogue = Catalogue(recipe.dataset)
        self.codes = class_codes(self.catalogue, self.mix)
        config = recipe.read(ClassifierConfig, "network")
        self.config = replace(config, classes=len(self.codes))
        self.network: nn.Module = NoisyClassifier(self.config)

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        self.on, self.device = on, on.device
        bundle, size = bundled(self.settings.bundle), self.settings.pool + self.settings.held_out
        source = SceneSource(self.catalogue, self.mix, self.recipe.run.seed)
        self.pool = LatentPool.of(bundle, source, size, on)
        yield from self.pool.fill()
        number = {code: k for k, code in enumerate(self.codes)}
        codes = (source.scene(i)[0].objects[0].code for i in range(size))
        self.labels = torch.tensor([number[code] for code in codes], device=self.device)

    def batch(self, step: int, rank: int, world: int) -> Noised:
        settings, run = self.settings, self.recipe.run
        generator = generator_of(run.seed, step, rank)
        scenes = torch.randint(settings.pool, (run.batch,), generator=generator).to(self.device)
        latents = shifted(self.pool.latents[scenes].float(), settings.shift, generator)
        times = logit_normal_times(
            run.batch, generator, settings.time_mean, settings.time_deviation
        )
        noise = torch.randn(latents.shape, generator=generator)
        device = self.device
        return Noised(latents, times.to(device), noise.to(device), self.labels[scenes])

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        data = cast(Noised, batch)
        losses = noisy_cross_entropy(
            network,
            data.clean,
            data.times,
            data.noise,
            data.known,
            PATH,
            self.settings.smoothing,
        )
        return {"loss": losses.mean()}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Top-1 and top-5 on the held-out scenes at each noise level, the noise always the same."""
        latents = self.pool.latents[self.settings.pool :].float()
        labels = self.labels[self.settings.pool :]
        noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(99))
        figures: dict[str, float] = {}
        for t in JUDGED:
            x = PATH.mix(latents, noise.to(self.device), t)
            with self.on.autocast():
                parts = [network(part, part.new_full((len(part),), t)) for part in x.split(256)]
            logits = torch.cat(parts).float()
            for k in (1, 5):
                figures[f"top{k}_at_{t:g}"] = float(found(logits, labels, k).float().mean())
        return figures

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        names = [self.catalogue.by_code[code].label for code in self.codes]
        export(network, "classifier", self.config, folder, about, {"classes": names})


def class_codes(catalogue: Catalogue, mix: Mix) -> tuple[str, ...]:
    """The codes a mix can draw, in catalogue order."""
    groups = dict(mix.pairs("groups"))
    drawn = {
        code for style, weight in mix.pairs("styles") if weight for code in catalogue.codes(style)
    }
    return tuple(
        c.code
        for c in catalogue.concepts
        if c.code in drawn and mix.split in (c.split, "all") and groups.get(c.group, 1.0) > 0
    )


def shifted(latents: Tensor, by: int, generator: torch.Generator) -> Tensor:
    """All (B, C, H, W) moved alike by up to `by` cells, the edge cells repeated."""
    down, right = torch.randint(-by, by + 1, (2,), generator=generator).tolist()
    height, width = latents.shape[2:]
    rows = (torch.arange(height) + down).clamp(0, height - 1)
    columns = (torch.arange(width) + right).clamp(0, width - 1)
    return latents[:, :, rows][:, :, :, columns]


TASK = ClassifierTask
