"""Distils the text tower from all-MiniLM-L6-v2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from studio.core.installation import bundled
from studio.core.tables import Weight
from studio.models.registry import open_network
from studio.networks.text import TextConfig, TextFeatures, TextTower
from studio.networks.tokenizer import Tokenizer
from studio.objectives.distillation import sentence_loss, similarity_loss, token_loss
from studio.training.bundle import export
from studio.training.corpus import Corpus
from studio.training.hardware import Hardware
from studio.training.recipe import Recipe
from studio.training.task import Stage
from studio.training.teacher import Teacher, read_weights

GROUP = 8
# A word, and the label of the catalogue that means the same or comes nearest.
SYNONYMS = (
    ("puppy", "dog"), ("kitty", "cat"), ("car", "automobile"), ("sneakers", "running shoe"),
    ("airliner", "airplane"), ("bunny", "rabbit"), ("beefburger", "hamburger"), ("hog", "pig"),
    ("cellphone", "mobile phone"), ("present", "wrapped gift"), ("hen", "chicken"),
    ("fiddle", "violin"), ("spectacles", "glasses"), ("notebook computer", "laptop"),
    ("parasol", "umbrella"), ("spud", "potato"), ("steed", "horse"), ("plush bear", "teddy bear"),
    ("spaceship", "rocket"), ("telly", "television"), ("bike", "bicycle"), ("cab", "taxi"),
    ("frankfurter", "hot dog"), ("maize", "ear of corn"), ("serpent", "snake"),
    ("dwelling", "house"), ("infant", "baby"), ("fire truck", "fire engine"),
    ("donut", "doughnut"), ("motorbike", "motorcycle"),
)  # fmt: skip


@dataclass(frozen=True)
class TextSettings:
    """`tokenizer` is the teacher's own; `tower` a text tower to begin from, so that what was
    trained on its tokens need not learn a new language (empty: begin from the teacher's words);
    weights of the three terms."""

    tokenizer: str = "studio-256/text/tokenizer.json"
    tower: str = ""
    sentence: Weight = 1.0
    similarity: Weight = 2.0
    token: Weight = 0.5


@dataclass(frozen=True)
class TextBatch:
    ids: Tensor
    mask: Tensor
    target: TextFeatures


class Distilled(nn.Module):
    """The tower, and a training-only head from its tokens to the teacher's."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.tower = TextTower(config)
        self.head = nn.Linear(config.width, config.output)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[TextFeatures, Tensor]:
        features = self.tower(ids, mask)
        return features, self.head(features.tokens)


class TextTask:
    """`train text`: data, losses and figures for the loop."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(TextSettings, "settings")
        self.config = recipe.read(TextConfig, "network")
        self.network: nn.Module = Distilled(self.config)

    @property
    def hot(self) -> tuple[nn.Module, ...]:
        return ()  # texts differ in length

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        yield Stage("reading the teacher")
        self.on, self.device, self.corpus = on, on.device, Corpus.bundled(self.recipe.dataset)
        self.tokenizer = Tokenizer(bundled(self.settings.tokenizer))
        self.teacher = Teacher(read_weights()).to(self.device).eval()
        self.begin(cast(Distilled, self.network).tower)
        self.unseen = [self._batch(self.corpus.unseen([2**31, i], 128)) for i in range(4)]

    @torch.no_grad()
    def begin(self, tower: TextTower) -> None:
        """As the tower that the settings name, or with the teacher's words' principal components
        for its factorised embedding."""
        if self.settings.tower:
            known = open_network(str(bundled(self.settings.tower)), "text", self.device.type)
            tower.load_state_dict(known.state_dict())
            return
        words = self.teacher.words.weight
        _, _, basis = torch.linalg.svd(words - words.mean(0), full_matrices=False)
        reduced = (words - words.mean(0)) @ basis[: self.config.embedding].T
        tower.embedding.weight.copy_(reduced / reduced.std())

    def _batch(self, texts: list[str]) -> TextBatch:
        ids, mask = (t.to(self.device) for t in self.tokenizer(texts))
        with self.on.autocast():
            return TextBatch(ids, mask, self.teacher(ids, mask))

    def batch(self, step: int, rank: int, world: int) -> TextBatch:
        group, place = divmod(step, GROUP)
        return self._batch(self._group(group, rank)[place])

    @lru_cache(maxsize=1)  # noqa: B019 (a task lives as long as its run)
    def _group(self, group: int, rank: int) -> list[list[str]]:
        """GROUP batches drawn together, each of texts about as long: half the padding."""
        size, seed = self.recipe.run.batch, [self.recipe.run.seed, group, rank]
        texts = sorted(self.corpus.texts(seed, GROUP * size), key=self.tokenizer.length)
        order = np.random.default_rng(seed).permutation(GROUP)
        return [texts[i * size : (i + 1) * size] for i in order]

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        data, weights = cast(TextBatch, batch), self.settings
        features, states = network(data.ids, data.mask)
        terms = {
            "sentence": sentence_loss(features.pooled, data.target.pooled),
            "similarity": similarity_loss(features.pooled, data.target.pooled),
            "token": token_loss(states, data.target.tokens, data.mask),
        }
        loss = sum(getattr(weights, name) * value for name, value in terms.items())
        return {"loss": cast(Tensor, loss), **terms}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """On unseen texts, cosine to the teacher and rank correlation of similarities; and the
        part of SYNONYMS whose nearest label, of the whole catalogue, is the right one."""
        distilled = cast(Distilled, network)
        pairs = [(distilled.tower(b.ids, b.mask).pooled, b.target.pooled) for b in self.unseen]
        student, teacher = (torch.cat(vectors) for vectors in zip(*pairs, strict=True))
        labels = [concept.label for concept in self.corpus.catalogue.concepts]
        words, right = zip(*SYNONYMS, strict=True)
        found = self._embed(distilled, words) @ self._embed(distilled, labels).T
        nearest = [labels[i] for i in found.argmax(1).tolist()]
        hits = sum(guess == label for guess, label in zip(nearest, right, strict=True))
        return {
            "cosine": float(1 - sentence_loss(student, teacher)),
            "rank_correlation": rank_correlation(student, teacher),
            "synonyms": hits / len(SYNONYMS),
        }

    def _embed(self, network: Distilled, texts: Sequence[str]) -> Tensor:
        ids, mask = self.tokenizer(texts)
        features: TextFeatures = network.tower(ids.to(self.device), mask.to(self.device))
        return features.pooled

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        words = {"tokenizer.json": bundled(self.settings.tokenizer).read_bytes()}
        tower = cast(Distilled, network).tower
        export(tower, "text", self.config, folder, about, beside=words)


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's, of the cosines between all pairs of rows in a and in b (N, D), unit length."""
    row, column = torch.triu_indices(len(a), len(a), 1)
    ranks = [(x @ x.T)[row, column].argsort().argsort().double() for x in (a, b)]
    return float(torch.corrcoef(torch.stack(ranks))[0, 1])


TASK = TextTask
