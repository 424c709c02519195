"""What a picture encoder is worth without any training on top: nearest neighbours of pictures held
out, beside their pixels' (chance: one in the gallery)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from studio.dataset.catalogue import Catalogue
from studio.dataset.layout import SINGLE_SIZE
from studio.dataset.scenes import WHITE, Mix, Placed, Scene, sample_scene
from studio.training.painter import Painter

Embed = Callable[[Tensor], Tensor]  # (B, 3, S, S) in [-1, 1] -> (B, D)
LONE = Mix(p_pair=0, p_count=0, p_hue=0, p_colour_ground=0.8, groups=(), split="held-out")
PART = 128


class Neighbours:
    """Every picture of `style` alone on white is the gallery. The queries are pictures of things
    that no training saw:

    `scene`: in the same style, elsewhere, on other grounds; right is the same thing.
    `style`: in `other` style, on white; right is the same thing.
    `group`: on white, in the gallery without what is held out; right is the same group.
    """

    def __init__(
        self, painter: Painter, size: int, style: str = "fluent-3d", other: str = "noto"
    ) -> None:
        catalogue = painter.catalogue
        both = set(catalogue.codes(other))
        self.codes = [code for code in catalogue.codes(style) if code in both]
        self.unseen = [c for c in self.codes if catalogue.by_code[c].split == "held-out"]
        self.groups = [catalogue.by_code[code].group for code in self.codes]
        self.gallery = painter.paint([alone(style, code) for code in self.codes], size)
        self.styled = painter.paint([alone(other, code) for code in self.unseen], size)
        scenes = elsewhere(catalogue, style, set(self.unseen))
        self.shown = [scene.objects[0].code for scene in scenes]
        self.scenes = painter.paint(scenes, size)

    @torch.no_grad()
    def figures(self, embed: Embed) -> Mapping[str, float]:
        """The parts, 0 to 1, of the queries whose nearest neighbour by cosine is right."""
        gallery, styled, scenes = (
            F.normalize(torch.cat([embed(part) for part in x.split(PART)]).float(), dim=-1)
            for x in (self.gallery, self.styled, self.scenes)
        )
        number = {code: k for k, code in enumerate(self.codes)}
        held = torch.tensor([number[code] for code in self.unseen], device=gallery.device)
        shown = torch.tensor([number[code] for code in self.shown], device=gallery.device)
        among = gallery[held] @ gallery.T
        among[:, held] = -torch.inf
        nearest = among.argmax(1).tolist()
        right = [
            self.groups[a] == self.groups[b] for a, b in zip(held.tolist(), nearest, strict=True)
        ]
        return {
            "knn_scene": float(((scenes @ gallery.T).argmax(1) == shown).float().mean()),
            "knn_style": float(((styled @ gallery.T).argmax(1) == held).float().mean()),
            "knn_group": float(np.mean(right)),
        }


def pixels(pictures: Tensor) -> Tensor:
    """The baseline: the pixels themselves."""
    return pictures.flatten(1)


def alone(style: str, code: str) -> Scene:
    return Scene(style, WHITE, (Placed(code, 0.5, 0.5, SINGLE_SIZE),))


def elsewhere(catalogue: Catalogue, style: str, codes: set[str], count: int = 400) -> list[Scene]:
    """Always the same scenes of held-out things, each alone at some place on some ground."""
    rng, mix = np.random.default_rng(7), replace(LONE, styles=((style, 1.0),), jitter=1.0)
    scenes = (sample_scene(rng, catalogue, mix) for _ in range(2 * count))
    return [scene for scene in scenes if scene.objects[0].code in codes][:count]
