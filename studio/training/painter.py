"""Scenes painted a batch at a time from small sprites, and the views that augment them.

Every picture is composed anew, so that no two are alike, and in a few milliseconds: PIL is only
asked once, when the sprites are read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Scene
from studio.training.task import Stage

GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601


class Painter:
    """The catalogue's pictures at `side` pixels, as premultiplied RGBA bytes on `device`."""

    def __init__(self, catalogue: Catalogue, side: int, device: torch.device) -> None:
        self.catalogue, self.side, self.device = catalogue, side, device
        self.rows: dict[tuple[str, str], int] = {}

    def read(self, styles: Sequence[str]) -> Iterator[Stage]:
        """The sprites of these styles; says how far it is."""
        named = [(style, code) for style in styles for code in self.catalogue.codes(style)]
        self.rows = {key: row for row, key in enumerate(named)}
        shape = (len(named) + 1, 4, self.side, self.side)  # the last is nothing
        sprites = np.zeros(shape, np.uint8)
        for row, (style, code) in enumerate(named):
            if row % 64 == 0:
                yield Stage("reading pictures", row, len(named))
            image = Image.fromarray(self.catalogue.picture(code, style)).convert("RGBa")
            small = image.resize((self.side, self.side), Image.Resampling.HAMMING)
            sprites[row] = np.asarray(small).transpose(2, 0, 1)
        self.sprites = torch.from_numpy(sprites).to(self.device)
        yield Stage("reading pictures", len(named), len(named))

    def paint(self, scenes: Sequence[Scene], size: int) -> Tensor:
        """(B, 3, size, size) in [-1, 1]; as `dataset.scenes.compose` but for its finer edges, and
        things in their own colours only."""
        canvas = self._backdrops(scenes, size)
        for k in range(max(len(scene.objects) for scene in scenes)):
            canvas = self._over(canvas, scenes, k)
        return canvas / 127.5 - 1.0

    def _backdrops(self, scenes: Sequence[Scene], size: int) -> Tensor:
        """(B, 3, size, size) in [0, 255]."""
        values = np.array([[s.ground.values[0], s.ground.values[-1]] for s in scenes], np.float32)
        first, last = torch.from_numpy(values).to(self.device)[..., None, None].unbind(1)
        line = (torch.arange(size, device=self.device) + 0.5) / size
        down = line[:, None].expand(size, size)
        out = torch.hypot(line[:, None] - 0.5, line - 0.5) / math.sqrt(0.5)
        kinds = torch.tensor([s.ground.kind == "radial" for s in scenes], device=self.device)
        return first + torch.where(kinds[:, None, None, None], out, down) * (last - first)

    def _over(self, canvas: Tensor, scenes: Sequence[Scene], k: int) -> Tensor:
        """Each scene's k-th drawn thing over its canvas."""
        rows, boxes = [], []
        for scene in scenes:
            drawn = scene.drawn
            thing = drawn[k] if k < len(drawn) else None
            rows.append(self.rows[scene.style, thing.code] if thing else len(self.rows))
            box = (thing.x, thing.y, thing.size) if thing else (0.5, 0.5, 1.0)
            half = box[2] / 2  # things stay in the frame
            boxes.append([*(min(max(c, half), 1 - half) for c in box[:2]), box[2]])
        x, y, size = torch.tensor(boxes, device=self.device).unbind(1)
        theta = torch.zeros(len(boxes), 2, 3, device=self.device)
        theta[:, 0, 0] = theta[:, 1, 1] = 1 / size
        theta[:, 0, 2], theta[:, 1, 2] = (1 - 2 * x) / size, (1 - 2 * y) / size
        sprites = self.sprites[torch.tensor(rows, device=self.device)].float()
        layer = sampled(sprites, theta, canvas.shape[-1], "zeros")
        return layer[:, :3] + canvas * (1 - layer[:, 3:] / 255)


def sampled(pictures: Tensor, theta: Tensor, size: int, padding: str = "border") -> Tensor:
    """(B, C, size, size): what affine maps (B, 2, 3) of the frame [-1, 1]^2 see of the pictures."""
    grid = F.affine_grid(theta, [len(pictures), pictures.shape[1], size, size], align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode=padding, align_corners=False)


def drawn(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator) * (high - low) + low


def crops(
    pictures: Tensor, size: int, area: tuple[float, float], generator: torch.Generator,
    turn: float = 0.1,
) -> Tensor:  # fmt: skip
    """(B, 3, size, size): of each picture a window of so much of its area, its sides in a ratio of
    3/4 to 4/3, turned by up to `turn` radians. Nothing is mirrored."""
    count = len(pictures)
    side, ratio = drawn(*area, count, generator).sqrt(), drawn(-0.14, 0.14, count, generator).exp()
    wide, high = (side * ratio).clamp_max(1), (side / ratio).clamp_max(1)
    across, down = (drawn(-1, 1, count, generator) * (1 - s) for s in (wide, high))
    angle = drawn(-turn, turn, count, generator)
    cos, sin = angle.cos(), angle.sin()
    rows = (wide * cos, -high * sin, across), (wide * sin, high * cos, down)
    theta = torch.stack([torch.stack(row, -1) for row in rows], 1)
    return sampled(pictures, theta.to(pictures.device), size)


def recoloured(
    pictures: Tensor, strength: float, generator: torch.Generator, p_grey: float = 0.0
) -> Tensor:
    """Brightness, contrast and saturation changed by up to `strength`; now and then made grey."""
    count, device = len(pictures), pictures.device
    light, contrast, saturation = (
        drawn(1 - strength, 1 + strength, count, generator).to(device)[:, None, None, None]
        for _ in range(3)
    )
    grey_ones = (torch.rand(count, generator=generator) < p_grey).to(device)[:, None, None, None]
    grey = (pictures * pictures.new_tensor(GREY)[:, None, None]).sum(1, keepdim=True)
    pictures = torch.lerp(grey, pictures, torch.where(grey_ones, 0.0, saturation))
    mean = pictures.mean((1, 2, 3), keepdim=True)
    return (mean + (pictures - mean) * contrast + light - 1).clamp(-1, 1)
