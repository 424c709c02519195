"""Trains CLIP's or SigLIP's picture tower and text head: all the same but for the loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.errors import UsageError
from studio.core.tables import Share, Weight, Within
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.networks.towers import Towers, TowersConfig
from studio.objectives.contrastive import Contrast
from studio.objectives.distillation import relation_loss
from studio.objectives.positives import Content
from studio.training.bundle import export
from studio.training.data import SceneSource, to_tensor
from studio.training.galleries import gallery, recall
from studio.training.hardware import Hardware
from studio.training.natural import WIDTH, Natural
from studio.training.neighbours import alone
from studio.training.painter import Painter, crops, recoloured
from studio.training.recipe import Recipe
from studio.training.task import Stage, Task, generator_of
from studio.training.tasks.classifier import class_codes
from studio.training.tasks.vision import picked
from studio.training.texts import Texts


@dataclass(frozen=True)
class TowersSettings:
    """`text` holds the frozen text tower. Each of `pool` scenes has `forms` texts, `drawn` of which
    are seen at a time; pictures are augmented as for the supervised transformer.

    `relations` weighs what a picture's likeness to all names of things is to learn from its own
    names' likeness to them; `natural` its likeness to SqueezeNet's features (0: none needed).
    """

    text: str = "studio-256/text"
    pool: Annotated[int, Within(1, 2**20)] = 16384
    forms: Annotated[int, Within(1, 64)] = 4
    drawn: Annotated[int, Within(1, 64)] = 2
    side: Annotated[int, Within(1, 256)] = 72
    least: Annotated[float, Within(0.05, 1.0)] = 0.6
    colours: Share = 0.2
    block: Annotated[int, Within(1, 2**16)] = 256
    relations: Weight = 1.0
    natural: Weight = 1.0
    style: str = "fluent-3d"


@dataclass(frozen=True)
class TowersBatch:
    """`pictures` (B, 3, S, S), the frozen tower's `texts` (B drawn, D), what both are about, and
    for each picture the `names` and the `natural` vector of its things."""

    pictures: Tensor
    texts: Tensor
    shown: Content
    said: Content
    names: Tensor
    natural: Tensor | None


class Learner(nn.Module):
    """The towers, and a head for the second teacher that is not shipped."""

    def __init__(self, config: TowersConfig) -> None:
        super().__init__()
        self.towers = Towers(config)
        self.natural = nn.Linear(config.output, WIDTH)


class TowersTask(Task):
    """`train clip`, `train siglip`. Raises UsageError for changed colours."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(TowersSettings, "settings")
        self.mix = recipe.read(Mix, "data")
        if self.mix.p_hue:
            raise UsageError("The towers see things in their own colours: set p_hue to 0.")
        self.config = recipe.read(TowersConfig, "network")
        self.contrast = Contrast(self.config.loss, self.settings.block)
        self.catalogue = Catalogue(recipe.dataset)
        self.network: nn.Module = Learner(self.config)

    @property
    def hot(self) -> tuple[nn.Module, ...]:
        return (cast(Learner, self.network).towers,)

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        self.on, self.device = on, on.device
        settings, seed = self.settings, self.recipe.run.seed
        self.painter = Painter(self.catalogue, settings.side, on.device)
        yield from self.painter.read([style for style, _ in self.mix.pairs("styles")])
        source = SceneSource(self.catalogue, self.mix, seed)
        self.scenes = [source.scene(i)[0] for i in range(settings.pool)]
        self.texts = Texts(settings.text, self.catalogue, on.device)
        yield from self.texts.read(self.scenes, settings.forms, seed)
        self.anchors = self.texts.names(class_codes(self.catalogue, self.mix))
        self.all_names = self.texts.names([c.code for c in self.catalogue.concepts])
        self.natural = Natural(self.painter) if settings.natural else None
        if self.natural:
            yield from self.natural.read([alone(*key) for key in self.painter.rows])
        shown = (gallery(self.catalogue, settings.style, split, self.config.size)
                 for split in ("train", "held-out"))  # fmt: skip
        self.galleries = dict(zip(("train", "held-out"), shown, strict=True))

    def batch(self, step: int, rank: int, world: int) -> TowersBatch:
        run, settings, size = self.recipe.run, self.settings, self.config.size
        generator = generator_of(run.seed, step, rank)
        chosen = torch.randint(settings.pool, (run.batch,), generator=generator)
        forms = torch.rand(run.batch, settings.forms, generator=generator).argsort(1)
        chosen, forms = chosen.to(self.device), forms[:, : settings.drawn].to(self.device)
        scenes = picked(self.scenes, chosen)
        pictures = crops(self.painter.paint(scenes, size), size, (settings.least, 1.0), generator)
        texts = self.texts.vectors[chosen[:, None], forms].flatten(0, 1).float()
        things = self.texts.things[chosen]
        known = (things >= 0)[..., None]
        names = F.normalize((self.all_names[things.clamp_min(0)] * known).sum(1), dim=-1)
        natural = self.natural.of(scenes) if self.natural else None
        pictures = recoloured(pictures, settings.colours, generator)
        return TowersBatch(pictures, texts, *self.texts.content(chosen, forms), names, natural)

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        data, learner, settings = cast(TowersBatch, batch), cast(Learner, network), self.settings
        towers = learner.towers
        pictures, texts = towers(data.pictures), towers.text(data.texts)
        scale, bias = towers.scale(), towers.bias.float()
        terms = {"contrast": self.contrast(pictures, texts, scale, bias, data.shown, data.said)}
        relations = relation_loss(pictures @ self.anchors.T, data.names @ self.anchors.T)
        terms["relations"] = relations
        loss = terms["contrast"] + settings.relations * relations
        if data.natural is not None:
            guess = F.normalize(learner.natural(pictures).float(), dim=-1)
            terms["natural"] = 1 - (guess * data.natural).sum(-1).mean()
            loss = loss + settings.natural * terms["natural"]
        return {"loss": loss, **terms}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Picture to label, R@1 and R@5: among the labels trained on, and among those held out."""
        towers, figures = cast(Learner, network).towers, {}
        for split, shown in self.galleries.items():
            with self.on.autocast():
                parts = [towers(to_tensor(part.numpy(), self.device))
                         for part in shown.pictures.split(128)]  # fmt: skip
            texts = towers.text(self.texts.pooled(shown.phrases))
            for k, value in recall(torch.cat(parts) @ texts.T, (1, 5)).items():
                figures[f"{split}_r{k}"] = value
        return figures

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        extra = {"text": self.settings.text}
        export(cast(Learner, network).towers, "towers", self.config, folder, about, extra)


TASK = TowersTask
