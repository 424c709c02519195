"""A frozen text tower's vectors of all the texts that a training on pictures needs, made once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from studio.core.installation import bundled
from studio.dataset.captions import caption
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Scene
from studio.dataset.wording import noun
from studio.models.registry import open_network
from studio.networks.text import TextTower
from studio.networks.tokenizer import Tokenizer
from studio.objectives.positives import Content
from studio.training.task import Stage

PART = 256
P_NAME = 0.5  # of a lone thing's texts that only name it, whatever its style and ground
MOST = 3  # things in a scene


class Texts:
    """`forms` texts for each scene: captions, and for lone things names, also other words.

    `vectors` (N, forms, D); `named` (N, forms), True where a text does no more than name a thing;
    `things` (N, 3) its things by number, -1 where fewer; `lone` (N,).
    """

    def __init__(self, folder: str, catalogue: Catalogue, device: torch.device) -> None:
        self.catalogue, self.device = catalogue, device
        path = bundled(folder)
        self.tower = cast(TextTower, open_network(str(path), "text")).to(device)
        self.tokenizer = Tokenizer(path / "tokenizer.json")

    def read(self, scenes: Sequence[Scene], forms: int, seed: int) -> Iterator[Stage]:
        number = {c.code: k for k, c in enumerate(self.catalogue.concepts)}
        things = [[number[thing.code] for thing in dict.fromkeys(s.objects)] for s in scenes]
        padded = [sorted(set(each)) + [-1] * (MOST - len(set(each))) for each in things]
        self.things = torch.tensor(padded, device=self.device)
        self.lone = torch.tensor([len(s.objects) == 1 for s in scenes], device=self.device)
        rng = np.random.default_rng([seed, 1])
        self.named = torch.from_numpy(rng.random((len(scenes), forms)) < P_NAME).to(self.device)
        self.named &= self.lone[:, None]
        says = [
            name(self.catalogue, scene.objects[0].code, rng)
            if named
            else caption(scene, self.catalogue, rng)
            for scene, row in zip(scenes, self.named.tolist(), strict=True)
            for named in row
        ]
        different = sorted(set(says), key=len)  # alike in length: little padding
        parts = []
        for start in range(0, len(different), PART):
            yield Stage("reading texts", start, len(different))
            parts.append(self.pooled(different[start : start + PART]).half())
        place = {text: k for k, text in enumerate(different)}
        self.says = says
        chosen = torch.tensor([place[text] for text in says])
        self.vectors = torch.cat(parts)[chosen.to(self.device)].view(len(scenes), forms, -1)

    @torch.no_grad()
    def pooled(self, texts: Sequence[str]) -> Tensor:
        """(T, D), unit length."""
        ids, mask = self.tokenizer(texts)
        vectors: Tensor = self.tower(ids.to(self.device), mask.to(self.device)).pooled
        return vectors

    def names(self, codes: Sequence[str]) -> Tensor:
        """(K, D): of each thing the mean direction of all its names."""
        names = [[self.catalogue.by_code[code].label, *self.catalogue.words.get(code, ())]
                 for code in codes]  # fmt: skip
        vectors = self.pooled([noun(each).phrase for some in names for each in some])
        parts = vectors.split([len(some) for some in names])
        return F.normalize(torch.stack([part.mean(0) for part in parts]), dim=-1)

    def content(self, scenes: Tensor, forms: Tensor) -> tuple[Content, Content]:
        """Of the pictures of these scenes (B,), and of their texts of these forms (B, F), all of a
        picture's after one another."""
        shown = Content(scenes, self.things[scenes], self.lone[scenes])
        each = scenes.repeat_interleave(forms.shape[1])
        said = Content(each, self.things[each], self.named[each, forms.flatten()])
        return shown, said


def name(catalogue: Catalogue, code: str, rng: np.random.Generator) -> str:
    """A thing by one of its names, in words that say nothing of style or ground."""
    names = (catalogue.by_code[code].label, *catalogue.words.get(code, ()))
    label = names[0] if rng.random() < 0.6 else names[int(rng.integers(len(names)))]
    thing = noun(label)
    return (thing.singular, thing.phrase, f"a picture of {thing.phrase}")[int(rng.integers(3))]
