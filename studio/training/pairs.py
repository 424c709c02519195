"""Pictures and texts for contrastive training: a pool of composed scenes, and what fits what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from studio.dataset.captions import caption
from studio.dataset.catalogue import Catalogue
from studio.dataset.layout import SINGLE_SIZE
from studio.dataset.scenes import WHITE, Placed, Scene, compose
from studio.dataset.wording import noun
from studio.training.data import Ahead, SceneSource, to_tensor, workers_for
from studio.training.task import Stage

CHUNK = 64
P_NAME = 0.4  # of a lone thing's texts that only name it, whatever its style and ground
SHIFT = 6  # pixels that a picture may be moved by


@dataclass(frozen=True)
class Pairs:
    """`pictures` (B, 3, S, S) in [-1, 1], a text each, and which text `fits` which picture: (B, B),
    +1 yes, -1 no, 0 cannot be said."""

    pictures: Tensor
    texts: tuple[str, ...]
    fits: Tensor


def fitting(codes: list[frozenset[str]], alone: list[bool], named: list[bool]) -> np.ndarray:
    """Which text fits which picture (B, B), from what each shows and says.

    A text that only names a thing fits every picture of that thing alone, in any style and on any
    ground. A full caption surely fits its own picture only; of others that share a thing with it,
    nothing is said.
    """
    size = len(codes)
    fits = np.full((size, size), -1.0, np.float32)
    for i in range(size):
        for j in range(size):
            if codes[i] & codes[j]:
                fits[i, j] = 1.0 if i == j or (named[j] and alone[i]) else 0.0
    return fits


class PairPool:
    """`size` small scenes kept as bytes; every draw has fresh texts and small shifts."""

    def __init__(self, source: SceneSource, size: int, device: torch.device) -> None:
        self.source, self.size, self.device = source, size, device

    def fill(self) -> Iterator[Stage]:
        """Composes its scenes."""
        ahead = Ahead(partial(self.source.many, count=CHUNK), workers_for(self.device))
        parts = []
        for start in range(0, self.size, CHUNK):
            yield Stage("composing scenes", start, self.size)
            parts.append(ahead.get(start, CHUNK)[0])
        ahead.close()
        self.pictures = np.concatenate(parts)[: self.size]
        self.scenes = [self.source.scene(i)[0] for i in range(self.size)]
        yield Stage("composing scenes", self.size, self.size)

    def draw(self, rng: np.random.Generator, count: int) -> Pairs:
        chosen = rng.integers(len(self.scenes), size=count)
        scenes = [self.scenes[i] for i in chosen]
        alone = [len(scene.objects) == 1 and not scene.objects[0].colour for scene in scenes]
        named = [one and rng.random() < P_NAME for one in alone]
        catalogue = self.source.catalogue
        texts = tuple(
            name(catalogue, scene.objects[0].code, rng) if n else caption(scene, catalogue, rng)
            for scene, n in zip(scenes, named, strict=True)
        )
        codes = [frozenset(thing.code for thing in scene.objects) for scene in scenes]
        fits = torch.from_numpy(fitting(codes, alone, named)).to(self.device)
        pictures = to_tensor(shifted(self.pictures[chosen], rng), self.device)
        return Pairs(pictures, texts, fits)


def name(catalogue: Catalogue, code: str, rng: np.random.Generator) -> str:
    """The thing in words that say nothing of style or ground."""
    thing = noun(catalogue.by_code[code].label)
    return (thing.singular, thing.phrase, f"a picture of {thing.phrase}")[int(rng.integers(3))]


def shifted(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(B, S, S, 3), each moved by up to SHIFT pixels, its edge pixels repeated."""
    size, line = pictures.shape[1], np.arange(pictures.shape[1])
    moves = rng.integers(-SHIFT, SHIFT + 1, (len(pictures), 2))
    places = np.clip(line + moves[..., None], 0, size - 1)  # (B, 2, S)
    batch = np.arange(len(pictures))[:, None, None]
    moved: np.ndarray = pictures[batch, places[:, 0, :, None], places[:, 1, None, :]]
    return moved


@dataclass(frozen=True)
class Gallery:
    """One style's pictures of a split, each alone on white, and a phrase for each."""

    pictures: Tensor
    phrases: tuple[str, ...]


def gallery(catalogue: Catalogue, style: str, split: str, size: int) -> Gallery:
    """Pictures (N, size, size, 3) uint8 on the CPU."""
    codes = [c for c in catalogue.codes(style) if catalogue.by_code[c].split == split]
    scenes = [Scene(style, WHITE, (Placed(c, 0.5, 0.5, SINGLE_SIZE),)) for c in codes]
    pictures = np.stack([compose(scene, catalogue, size) for scene in scenes])
    phrases = tuple(noun(catalogue.by_code[code].label).phrase for code in codes)
    return Gallery(torch.from_numpy(pictures), phrases)
