"""Trains an adapter that draws in four evaluations what the shipped denoiser draws in many.

A picture is a function of its noise and its prompt, so the teacher's guided way from one to the
other is made once (guidance distillation, Meng et al. 2023, arXiv:2210.03142). The student jumps
between fixed times of that way; each jump is a straight line, and what it learns is the mean
velocity over it (progressive distillation, Salimans & Ho 2022, arXiv:2202.00512, without the
halving). After `forced` steps it jumps from where it came to itself, so that errors do not add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, cast

import torch
from torch import Tensor, nn

from studio.core.errors import UsageError
from studio.core.installation import bundled
from studio.core.settings import Settings
from studio.core.tables import Within
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.diffusion.samplers.turbo import SAMPLER, SCHEDULE
from studio.models.digests import weights_digest
from studio.models.latent_diffusion import LatentDiffusion
from studio.models.registry import open_model, open_network
from studio.networks import lora
from studio.networks.autoencoder import Autoencoder
from studio.networks.denoiser import DenoiserTransformer
from studio.networks.lora import AdapterConfig
from studio.networks.text import TextFeatures
from studio.training.bundle import export_state
from studio.training.data import SceneSource
from studio.training.hardware import Hardware
from studio.training.recipe import Recipe
from studio.training.task import Stage, Task, generator_of
from studio.training.tasks.denoiser import picture_energy
from studio.training.trajectories import SHARD, Trajectories

VALIDATION = 2 * SHARD  # trajectories that are not learnt from


@dataclass(frozen=True)
class TurboSettings:
    """`trajectories` (a multiple of 32) are kept in `folder`; the first `forced` steps begin each
    jump where the teacher was; `channel_power` is as a denoiser's."""

    bundle: str = "studio-256"
    folder: str = "runs/trajectories"
    trajectories: Annotated[int, Within(3 * SHARD, 2**20)] = 6144
    rank: Annotated[int, Within(1, 1024)] = 20
    forced: Annotated[int, Within(0, 10**9)] = 400
    channel_power: Annotated[float, Within(0, 10)] = 0.4


@dataclass(frozen=True)
class Ways:
    """The teacher's states at the jumps' ends (B, jumps + 1, C, h, w), and of what prompts."""

    states: Tensor
    text: TextFeatures


class TurboTask(Task):
    """`train turbo`: data, losses and figures for the loop."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = settings = recipe.read(TurboSettings, "settings")
        self.mix, self.teacher = recipe.read(Mix, "data"), Settings("", model=settings.bundle)
        if settings.trajectories % SHARD:
            raise UsageError(f"trajectories must be a multiple of {SHARD}.")
        every = self.teacher.steps // SAMPLER.default_steps  # whose times lie on the teacher's way
        self.points = tuple(range(0, self.teacher.steps + 1, every))
        self.times = SCHEDULE(SAMPLER.default_steps)
        self.config = AdapterConfig(settings.rank, float(settings.rank))
        self.base = bundled(settings.bundle) / "denoiser"
        self.network: nn.Module = open_network(str(self.base), "denoiser")
        torch.manual_seed(recipe.run.seed)
        lora.add(self.network, self.config)
        if (layout := cast(DenoiserTransformer, self.network).layout) is not None:
            lora.remove(layout)  # who is where stays as it is

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        self.on, settings = on, self.settings
        model = cast(LatentDiffusion, open_model(settings.bundle, on.device.type, on.words))
        model.networks.denoiser.compile(dynamic=False)
        source = SceneSource(Catalogue(self.recipe.dataset), self.mix, self.recipe.run.seed)
        parts = self.base, bundled(settings.bundle) / "text"
        self.ways = Trajectories(
            model,
            " ".join(weights_digest(part) for part in parts),
            self.teacher,
            source,
            Path(settings.folder),
            settings.trajectories,
        )
        yield from self.ways.fill(self.points)
        self.tower = model.networks.text
        latents = self.ways.states[:8, -1].float().to(on.device)
        autoencoder = open_network(settings.bundle, "autoencoder", on.device.type)
        energy = picture_energy(cast(Autoencoder, autoencoder), latents)
        weights = energy**settings.channel_power
        self.channel_weights = (weights / weights.mean())[:, None, None]
        self.fixed = self._ways(torch.arange(VALIDATION))

    @torch.no_grad()
    def _ways(self, chosen: Tensor) -> Ways:
        device = self.on.device
        ids = self.ways.ids[chosen].long().to(device)
        return Ways(self.ways.states[chosen].to(device).float(), self.tower(ids, ids != 0))

    def batch(self, step: int, rank: int, world: int) -> Ways:
        run = self.recipe.run
        generator = generator_of(run.seed, step, rank)
        count = len(self.ways.states)
        return self._ways(torch.randint(VALIDATION, count, (run.batch,), generator=generator))

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        ways = cast(Ways, batch)
        errors = self._errors(network, ways, forced=step < self.settings.forced)
        return {"loss": errors.sum(), "last": errors[-1]}

    def _errors(self, network: nn.Module, ways: Ways, forced: bool) -> Tensor:
        """The mean squared error at the end of each jump, (jumps,). `forced` jumps begin where the
        teacher was; the others where the jump before ended."""
        prompt = cast(DenoiserTransformer, network).prompt(ways.text)
        # one kind of input for the compiler, forced or not: another is compiled anew
        x, errors = ways.states[:, 0].clone().requires_grad_(), []
        for jump, (at, to) in enumerate(pairwise(self.times), start=1):
            t = torch.full((len(x),), at, device=x.device)
            x = x + (to - at) * network(x, t, prompt)
            wanted = ways.states[:, jump]
            errors.append(((x - wanted).square() * self.channel_weights).mean())
            x = wanted.clone().requires_grad_() if forced else x
        return torch.stack(errors)

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """The error of whole pictures of trajectories that were not learnt from."""
        with self.on.autocast():
            return {"fixed_error": float(self._errors(network, self.fixed, forced=False)[-1])}

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        extra = {"made_for": weights_digest(self.base)}
        export_state(lora.state_of(network), "adapter", self.config, folder, about, extra)


TASK = TurboTask
