"""Trains a toy classifier of noisy points of the plane, for the laboratory; or one of clean points
alone, to show what guidance by it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from studio.diffusion.distributions import find_distribution
from studio.diffusion.paths import RectifiedFlow
from studio.networks.toy import ToyConfig, ToyNetwork
from studio.objectives.classification import noisy_cross_entropy
from studio.objectives.denoising import uniform_times
from studio.training.bundle import export
from studio.training.recipe import Recipe
from studio.training.task import Noised, generator_of
from studio.training.tasks.toy import JUDGED, ToyTask

PATH = RectifiedFlow()
LEVELS = (0.0, 0.5, 0.9)  # the noise of validation


@dataclass(frozen=True)
class ToyClassifierSettings:
    """`noise`: whether it learns from points at all noise levels alike, or clean ones alone."""

    distribution: str = "trio"
    noise: bool = True


class ToyClassifierTask(ToyTask):
    """`train toy-trio-noisy-classifier`: classes of fresh points on the rectified flow.

    Raises UsageError for a distribution that does not exist.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        chosen = recipe.read(ToyClassifierSettings, "settings")
        self.noise = chosen.noise
        self.distribution = find_distribution(chosen.distribution)
        self.mixture = self.distribution.mixture
        self.config = recipe.read(ToyConfig, "network", outputs=len(self.distribution.classes))
        self.network: nn.Module = ToyNetwork(self.config)

    def batch(self, step: int, rank: int, world: int) -> Noised:
        count, generator = self.recipe.run.batch, generator_of(self.recipe.run.seed, step, rank)
        points = self.mixture.sample(count, generator)
        labels = self.distribution.draw_labels(points, generator)
        times = uniform_times(count, generator, PATH) * self.noise
        noise = torch.randn(points.shape, generator=generator)
        return Noised(*(part.to(self.device) for part in (points, times, noise, labels)))

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        data = cast(Noised, batch)
        parts = data.clean, data.times, data.noise, data.known
        with torch.autocast(self.device.type, enabled=False):
            return {"loss": noisy_cross_entropy(network, *parts, PATH).mean()}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """How far its answer is from p(class | x) at some noise levels: KL divergences in nats."""
        points, generator = self._true_points(0), torch.Generator().manual_seed(99)
        noise = torch.randn(JUDGED, 2, generator=generator)
        figures = {}
        for t in LEVELS:
            x = PATH.mix(points, noise, t)
            exact = self.distribution.log_classes(x, *PATH.point(t))
            times = torch.full((JUDGED,), t * self.noise, device=self.device)
            said = network(x.to(self.device), times).log_softmax(-1).cpu()
            figures[f"divergence_at_{t:g}"] = float((exact.exp() * (exact - said)).sum(-1).mean())
        return figures

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        trained_on = {"path": "rectified-flow"} if self.noise else {}
        export(network, "toy", self.config, folder, about, trained_on)


TASK = ToyClassifierTask
