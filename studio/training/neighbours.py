"""What a picture encoder is worth without any training on top: nearest neighbours of pictures held
out, beside their pixels' (chance: one in the gallery)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from studio.dataset.catalogue import Catalogue
from studio.dataset.layout import SINGLE_SIZE
from studio.dataset.scenes import WHITE, Mix, Placed, Scene, sample_scene

Embed = Callable[[Tensor], Tensor]  # (B, 3, S, S) in [-1, 1] -> (B, D)
LONE = Mix(p_pair=0, p_count=0, p_hue=0, p_colour_ground=0.8, groups=(), split="held-out")
PART = 128


class Paints(Protocol):
    """A Painter, or what composes with finer edges."""

    catalogue: Catalogue

    def paint(self, scenes: Sequence[Scene], size: int) -> Tensor: ...


class Neighbours:
    """Every picture of `style` alone on white is the gallery. The queries are pictures of things
    that no training saw:

    `scene`: in the same style, elsewhere, on other grounds; right is the same thing.
    `style`: in `other` style, on white; right is the same thing.
    `group`: on white, in the gallery without what is held out; right is the same group.
    """

    def __init__(
        self,
        painter: Paints,
        size: int,
        style: str = "fluent-3d",
        other: str = "noto",
        count: int = 400,
    ) -> None:
        self.catalogue = catalogue = painter.catalogue
        both = set(catalogue.codes(other))
        self.codes = [code for code in catalogue.codes(style) if code in both]
        self.unseen = [c for c in self.codes if catalogue.by_code[c].split == "held-out"]
        self.groups = [catalogue.by_code[code].group for code in self.codes]
        self.gallery = painter.paint([alone(style, code) for code in self.codes], size)
        self.styled = painter.paint([alone(other, code) for code in self.unseen], size)
        scenes = elsewhere(catalogue, style, set(self.unseen), count)
        self.shown = [scene.objects[0].code for scene in scenes]
        self.scenes = painter.paint(scenes, size)
        number = {code: k for k, code in enumerate(self.codes)}
        self.held = torch.tensor([number[code] for code in self.unseen])
        self.right = torch.tensor([number[code] for code in self.shown])

    def figures(self, embed: Embed) -> Mapping[str, float]:
        """The parts, 0 to 1, of the queries whose nearest neighbour by cosine is right."""
        return self.figures_of(*self.embedded(embed))

    @torch.no_grad()
    def embedded(self, embed: Embed) -> tuple[Tensor, Tensor, Tensor]:
        """Unit vectors of the gallery, of what is held out in the other style, and of scenes."""
        gallery, styled, scenes = (
            F.normalize(torch.cat([embed(part) for part in x.split(PART)]).float(), dim=-1).cpu()
            for x in (self.gallery, self.styled, self.scenes)
        )
        return gallery, styled, scenes

    def figures_of(self, gallery: Tensor, styled: Tensor, scenes: Tensor) -> Mapping[str, float]:
        return {
            "knn_scene": float(((scenes @ gallery.T).argmax(1) == self.right).float().mean()),
            "knn_style": float(((styled @ gallery.T).argmax(1) == self.held).float().mean()),
            "knn_group": self.group_share(gallery),
        }

    def group_share(self, gallery: Tensor) -> float:
        """How often what is held out has a neighbour of its group among the rest."""
        among = gallery[self.held] @ gallery.T
        among[:, self.held] = -torch.inf
        found = zip(self.held.tolist(), among.argmax(1).tolist(), strict=True)
        return float(np.mean([self.groups[a] == self.groups[b] for a, b in found]))


def pixels(pictures: Tensor) -> Tensor:
    """The baseline: the pixels themselves."""
    return pictures.flatten(1)


def alone(style: str, code: str) -> Scene:
    return Scene(style, WHITE, (Placed(code, 0.5, 0.5, SINGLE_SIZE),))


def elsewhere(catalogue: Catalogue, style: str, codes: set[str], count: int) -> list[Scene]:
    """Always the same scenes of held-out things, each alone at some place on some ground."""
    rng, mix = np.random.default_rng(7), replace(LONE, styles=((style, 1.0),), jitter=1.0)
    scenes = (sample_scene(rng, catalogue, mix) for _ in range(2 * count))
    return [scene for scene in scenes if scene.objects[0].code in codes][:count]
