"""Every thing of a split alone on white, to look for among words; and how often it is found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from studio.dataset.catalogue import Catalogue
from studio.dataset.layout import SINGLE_SIZE
from studio.dataset.scenes import WHITE, Placed, Scene, compose
from studio.dataset.wording import noun


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


def recall(similarity: Tensor, ranks: tuple[int, ...]) -> dict[int, float]:
    """The part of rows whose own column (the diagonal) is among the k highest, for each k."""
    better = (similarity > similarity.diagonal()[:, None]).sum(1)
    return {k: float((better < k).float().mean()) for k in ranks}
