"""Trains a toy network on a distribution of the plane, for the two-dimensional laboratory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from studio.core.tables import Share
from studio.diffusion import samplers
from studio.diffusion.denoiser import NetworkDenoiser
from studio.diffusion.distributions import Distribution, find_distribution
from studio.diffusion.noise import NoiseStream
from studio.diffusion.schedules import Schedule, Uniform, UniformLambda
from studio.metrics.distributions import mean_distance, pairwise_distance
from studio.networks.toy import ToyConfig, ToyNetwork
from studio.objectives.denoising import Denoising, uniform_times
from studio.training.bundle import export
from studio.training.hardware import Hardware
from studio.training.recipe import Recipe
from studio.training.task import Noised, Stage, Task, generator_of

JUDGED = 2000  # points of each side of a distance
TRUTHS = 4  # sets of true points that a distance is the mean to: one is chance
#: On grids of their own, so that the figures outlive the samplers' defaults.
SAMPLERS: Mapping[str, Schedule] = {"dpmpp-2m": UniformLambda(), "flow-heun": Uniform()}
STEPS = 50


@dataclass(frozen=True)
class ToySettings:
    """What is learnt, and how it is put: a distribution, a path and a prediction by name. Where the
    network can be told classes, it is not told them in the share `p_uncond` of all cases."""

    distribution: str = "moons"
    path: str = "rectified-flow"
    prediction: str = "velocity"
    p_uncond: Share = 0.1


class ToyTask(Task):
    """`train toy-...`: fresh points every step, times uniform on the path.

    Raises UsageError for a distribution, a path or a prediction that does not exist.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(ToySettings, "settings")
        self.objective = Denoising.named(self.settings.path, self.settings.prediction)
        self.distribution = find_distribution(self.settings.distribution)
        self.mixture = self.distribution.mixture
        self.config = recipe.read(ToyConfig, "network")
        self.network: nn.Module = ToyNetwork(self.config)

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        self.device = on.device
        yield from ()

    def batch(self, step: int, rank: int, world: int) -> Noised:
        run = self.recipe.run
        generator = generator_of(run.seed, step, rank)
        points = self.mixture.sample(run.batch, generator)
        times = uniform_times(run.batch, generator, self.objective.path)
        noise = torch.randn(points.shape, generator=generator)
        labels = self.labels(points, generator)
        known = None if labels is None else labels.to(self.device)
        device = self.device
        return Noised(points.to(device), times.to(device), noise.to(device), known)

    def labels(self, points: Tensor, generator: torch.Generator) -> Tensor | None:
        """What the network is told of each point, (N,)."""
        if not self.config.classes:
            return None
        untold = torch.rand(len(points), generator=generator) < self.settings.p_uncond
        labels = self.distribution.draw_labels(points, generator)
        return labels.masked_fill(untold, self.config.classes)

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        data = cast(Noised, batch)
        with torch.autocast(self.device.type, enabled=False):  # bf16 is coarser than the parts
            told = network if data.known is None else partial(network, label=data.known)
            losses = self.objective.losses(told, data.clean, data.times, data.noise)
        return {"loss": losses.mean()}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Of samples: their energy distance to the truth, and their mean log density there, which
        strays between the parts lower soonest. "true" is what other true points reach."""

        def predict(x: Tensor, t: Tensor, condition: Any) -> Tensor:
            return cast(Tensor, network(x, t))

        denoiser = NetworkDenoiser(predict, self.objective.path, self.objective.prediction)
        figures = self._judged("true", self._true_points(TRUTHS))
        for name, grid in SAMPLERS.items():
            stream = NoiseStream(range(JUDGED))
            start = stream.initial((2,), self.device)
            *_, last = samplers.find(name).run(denoiser, start, STEPS, stream, grid)
            figures |= self._judged(name, last.x.cpu())
        return figures

    def _judged(self, name: str, points: Tensor) -> dict[str, float]:
        truths = [_truth(self.distribution, JUDGED, k) for k in range(TRUTHS)]
        here = points.double()
        apart = [2 * mean_distance(here, there.double()) - within for there, within in truths]
        return {
            f"{name}_energy": sum(apart) / TRUTHS - pairwise_distance(here),
            f"{name}_log_density": float(self.mixture.log_density(points).mean()),
        }

    def _true_points(self, number: int) -> Tensor:
        return _truth(self.distribution, JUDGED, number)[0]

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        trained_to = {"path": self.settings.path, "prediction": self.settings.prediction}
        export(network, "toy", self.config, folder, about, trained_to)


@lru_cache(maxsize=16)
def _truth(distribution: Distribution, count: int, number: int) -> tuple[Tensor, float]:
    """True points (count, 2), and their mean distance from each other."""
    generator = torch.Generator().manual_seed(98 + number)
    points = distribution.mixture.sample(count, generator)
    return points, pairwise_distance(points.double())


TASK = ToyTask
