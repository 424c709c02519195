"""Trains a Vision Transformer with labels: which thing is this, in any style, on any ground?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, cast

import torch
from torch import Tensor, nn

from studio.core.errors import UsageError
from studio.core.tables import Share, Within
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix, Scene
from studio.networks.vision import VisionConfig, VisionFeatures, VisionTransformer
from studio.objectives.classification import found, label_loss
from studio.training.bundle import export
from studio.training.data import SceneSource
from studio.training.hardware import Hardware
from studio.training.neighbours import Neighbours
from studio.training.painter import Painter, crops, recoloured
from studio.training.recipe import Recipe
from studio.training.task import Stage, Task, generator_of
from studio.training.tasks.classifier import class_codes


@dataclass(frozen=True)
class VisionSettings:
    """`pool` scenes are learnt from, each painted anew and seen through a window of `least` to all
    of its area, in colours changed by up to `colours`; the next `held_out` are judged as they are.
    Sprites are kept at `side` pixels."""

    pool: Annotated[int, Within(1, 2**20)] = 16384
    held_out: Annotated[int, Within(1, 2**20)] = 512
    side: Annotated[int, Within(1, 256)] = 72
    least: Annotated[float, Within(0.05, 1.0)] = 0.5
    colours: Share = 0.3
    smoothing: Share = 0.1


class VisionTask(Task):
    """`train vit`. The classes are the things of the data's split, by their labels.

    Raises UsageError for scenes of more than one thing, or of changed colours.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(VisionSettings, "settings")
        self.mix = lone(recipe)
        self.catalogue = Catalogue(recipe.dataset)
        self.codes = class_codes(self.catalogue, self.mix)
        self.config = recipe.read(VisionConfig, "network", classes=len(self.codes))
        self.network: nn.Module = VisionTransformer(self.config)

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        self.on, self.device = on, on.device
        self.painter = Painter(self.catalogue, self.settings.side, on.device)
        yield from self.painter.read([style for style, _ in self.mix.pairs("styles")])
        source = SceneSource(self.catalogue, self.mix, self.recipe.run.seed)
        count = self.settings.pool + self.settings.held_out
        self.scenes = [source.scene(i)[0] for i in range(count)]
        number = {code: k for k, code in enumerate(self.codes)}
        labels = [number[scene.objects[0].code] for scene in self.scenes]
        self.labels = torch.tensor(labels, device=on.device)
        self.neighbours = Neighbours(self.painter, self.config.size)

    def batch(self, step: int, rank: int, world: int) -> tuple[Tensor, Tensor]:
        run, settings = self.recipe.run, self.settings
        generator = generator_of(run.seed, step, rank)
        chosen = torch.randint(settings.pool, (run.batch,), generator=generator)
        pictures = self.painter.paint(picked(self.scenes, chosen), self.config.size)
        window = (settings.least, 1.0)
        pictures = crops(pictures, self.config.size, window, generator)
        return recoloured(pictures, settings.colours, generator), self.labels[chosen]

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        pictures, labels = cast(tuple[Tensor, Tensor], batch)
        features: VisionFeatures = network(pictures)
        return {"loss": label_loss(features.logits, labels, self.settings.smoothing).mean()}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Top-1 and top-5 on the held-out scenes; neighbours of the things held out."""
        pool, size = self.settings.pool, self.config.size
        with self.on.autocast():
            parts = [
                network(self.painter.paint(self.scenes[i : i + 128], size)).logits
                for i in range(pool, len(self.scenes), 128)
            ]
            figures = dict(self.neighbours.figures(lambda x: network(x).cls))
        logits = torch.cat(parts).float()
        for k in (1, 5):
            figures[f"top{k}"] = float(found(logits, self.labels[pool:], k).float().mean())
        return figures

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        names = [self.catalogue.by_code[code].label for code in self.codes]
        export(network, "vision", self.config, folder, about, {"classes": names})


def lone(recipe: Recipe) -> Mix:
    """The data of a recipe for lone things. Raises UsageError for others."""
    mix = recipe.read(Mix, "data")
    if mix.p_pair or mix.p_count or mix.p_trio or mix.p_hue:
        raise UsageError("This task sees lone things in their own colours: set p_pair, p_count,"
                         " p_trio and p_hue to 0.")  # fmt: skip
    return replace(mix, p_single=1.0)


def picked(scenes: list[Scene], chosen: Tensor) -> list[Scene]:
    return [scenes[i] for i in chosen.tolist()]


TASK = VisionTask
