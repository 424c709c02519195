"""Trains the picture tower against the text tower; the text tower may learn too, on a leash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import numpy as np
import torch
from torch import Tensor, nn

from studio.core.errors import UsageError
from studio.core.installation import bundled
from studio.core.tables import Weight, Within
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.models.registry import open_network
from studio.networks.picture import PictureConfig, PictureTower
from studio.networks.text import TextTower
from studio.networks.tokenizer import Tokenizer
from studio.objectives.contrastive import sigmoid_loss
from studio.objectives.distillation import sentence_loss, similarity_loss
from studio.training.bundle import export
from studio.training.corpus import Corpus
from studio.training.data import SceneSource, to_tensor
from studio.training.hardware import Hardware
from studio.training.pairs import PairPool, Pairs, gallery
from studio.training.recipe import Recipe
from studio.training.task import Stage
from studio.training.teacher import Teacher, read_weights


@dataclass(frozen=True)
class ContrastiveSettings:
    """`text` holds the text tower to start from. `anchor` 0 leaves it as it is (LiT, Zhai et al.
    2022: what was trained on its features stays valid); above 0 it learns as well, and the
    distillation loss, that many times, on `anchored` texts a step keeps it near its teacher.
    `pool` scenes are kept at the tower's size."""

    text: str = "studio-256/text"
    pool: Annotated[int, Within(1, 2**20)] = 12288
    anchor: Weight = 0.0
    anchored: Annotated[int, Within(1, 2**16)] = 64
    style: str = "fluent-3d"


@dataclass(frozen=True)
class ContrastiveBatch:
    """Pairs with their texts' tokens; with an anchor, texts and the teacher's vectors of them."""

    pairs: Pairs
    ids: Tensor
    mask: Tensor
    anchor_ids: Tensor | None = None
    anchor_mask: Tensor | None = None
    anchor_target: Tensor | None = None


class Towers(nn.Module):
    def __init__(self, picture: PictureTower, text: TextTower) -> None:
        super().__init__()
        self.picture, self.text = picture, text


class ContrastiveTask:
    """`train contrastive`: data, losses and figures for the loop.

    Raises:
        UsageError: the two towers' vectors have different widths.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(ContrastiveSettings, "settings")
        self.mix = recipe.read(Mix, "data")
        self.config = recipe.read(PictureConfig, "network")
        folder = bundled(self.settings.text)
        text = cast(TextTower, open_network(str(folder), "text"))
        if text.config.output != self.config.output:
            raise UsageError(f"The text tower gives {text.config.output} numbers: set output so.")
        text.requires_grad_(self.settings.anchor > 0)
        self.tokenizer = Tokenizer(folder / "tokenizer.json")
        self.network: nn.Module = Towers(PictureTower(self.config), text)

    @property
    def hot(self) -> tuple[nn.Module, ...]:
        return (cast(Towers, self.network).picture,)

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        self.on, self.device = on, on.device
        catalogue, size = Catalogue(self.recipe.dataset), self.config.size
        source = SceneSource(catalogue, self.mix, self.recipe.run.seed, size)
        self.pool = PairPool(source, self.settings.pool, self.device)
        yield from self.pool.fill()
        self.galleries = {
            split: gallery(catalogue, self.settings.style, split, size)
            for split in ("train", "held-out")
        }
        if self.settings.anchor:
            self.teacher = Teacher(read_weights()).to(self.device).eval()
            self.corpus = Corpus.bundled(self.recipe.dataset)

    def _tokens(self, texts: tuple[str, ...] | list[str]) -> tuple[Tensor, Tensor]:
        ids, mask = self.tokenizer(texts)
        return ids.to(self.device), mask.to(self.device)

    def batch(self, step: int, rank: int, world: int) -> ContrastiveBatch:
        seed = [self.recipe.run.seed, step, rank]
        pairs = self.pool.draw(np.random.default_rng(seed), self.recipe.run.batch)
        ids, mask = self._tokens(pairs.texts)
        if not self.settings.anchor:
            return ContrastiveBatch(pairs, ids, mask)
        anchor = self._tokens(self.corpus.texts(seed, self.settings.anchored))
        with self.on.autocast():
            target = self.teacher(*anchor).pooled
        return ContrastiveBatch(pairs, ids, mask, *anchor, target)

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        data, towers = cast(ContrastiveBatch, batch), cast(Towers, network)
        texts = towers.text(data.ids, data.mask).pooled
        pictures = towers.picture(data.pairs.pictures)
        contrast = sigmoid_loss(towers.picture.logits(pictures, texts), data.pairs.fits)
        terms = {"contrast": contrast}
        if data.anchor_ids is None:
            return {"loss": contrast, **terms}
        student = towers.text(data.anchor_ids, data.anchor_mask).pooled
        target = cast(Tensor, data.anchor_target)
        terms["anchor"] = sentence_loss(student, target) + similarity_loss(student, target)
        return {"loss": contrast + self.settings.anchor * terms["anchor"], **terms}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Picture to label, R@1 and R@5: among the labels trained on, and among those held out."""
        towers = cast(Towers, network)
        figures = {}
        for split, shown in self.galleries.items():
            with self.on.autocast():
                pictures = torch.cat(
                    [
                        towers.picture(to_tensor(part.numpy(), self.device))
                        for part in torch.split(shown.pictures, 128)
                    ]
                )
                texts = towers.text(*self._tokens(shown.phrases)).pooled
            for k, value in recall(pictures @ texts.T, (1, 5)).items():
                figures[f"{split}_r{k}"] = value
        return figures

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        """`folder/picture`, and `folder/text` if the text tower learnt too."""
        towers = cast(Towers, network)
        export(towers.picture, "picture", self.config, folder / "picture", about)
        if self.settings.anchor:
            words = {
                "tokenizer.json": (bundled(self.settings.text) / "tokenizer.json").read_bytes()
            }
            config = towers.text.config
            export(towers.text, "text", config, folder / "text", about, beside=words)


def recall(similarity: Tensor, ranks: tuple[int, ...]) -> dict[int, float]:
    """The part of rows whose own column (the diagonal) is among the k highest, for each k."""
    better = (similarity > similarity.diagonal()[:, None]).sum(1)
    return {k: float((better < k).float().mean()) for k in ranks}


TASK = ContrastiveTask
