"""What a network that has seen natural pictures says of the catalogue's: SqueezeNet's features, a
second teacher for picture towers, in training only (Iandola et al. 2016; its weights' place is
TORCH_HOME)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from studio.dataset.scenes import Scene
from studio.metrics.perceptual import load_lpips
from studio.training.painter import Painter
from studio.training.task import Stage

SIZE, PART = 128, 32  # pixels, and pictures at a time
WIDTH = 512


class Natural:
    """A vector (512,) for every sprite: the mean over places of SqueezeNet's last features, less
    the mean of all sprites, in units of their spread."""

    def __init__(self, painter: Painter) -> None:
        self.painter = painter

    @torch.no_grad()
    def read(self, scenes: Sequence[Scene]) -> Iterator[Stage]:
        """`scenes`: each sprite alone, in the order of the painter's rows. Raises ModelError."""
        network = load_lpips(self.painter.device)
        parts = []
        for start in range(0, len(scenes), PART):
            yield Stage("asking SqueezeNet", start, len(scenes))
            pictures = self.painter.paint(scenes[start : start + PART], SIZE)
            features = network.net(network.scaling_layer(pictures))[-1]  # type: ignore[operator]
            parts.append(features.float().mean((2, 3)))
        vectors = torch.cat(parts)
        spread = vectors.std(0).clamp_min(1e-3)
        self.vectors = F.normalize((vectors - vectors.mean(0)) / spread, dim=-1)

    def of(self, scenes: Sequence[Scene]) -> Tensor:
        """(B, 512), unit length: the mean of each scene's things."""
        rows = self.painter.rows
        means = [
            self.vectors[[rows[scene.style, thing.code] for thing in scene.objects]].mean(0)
            for scene in scenes
        ]
        return F.normalize(torch.stack(means), dim=-1)
