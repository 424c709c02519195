"""Trains a Vision Transformer without labels: DINO, on crops of things before changing grounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, cast

import torch
from torch import Tensor, nn

from studio.core.tables import Share, Within
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Scene
from studio.networks.self_distillation import Dino, DinoConfig
from studio.networks.vision import VisionConfig
from studio.objectives.contrastive import together
from studio.objectives.self_distillation import (
    averaging,
    balanced,
    centred,
    dino_loss,
    follow,
    sharpened,
    spread,
)
from studio.training import distributed, states
from studio.training.bundle import export
from studio.training.data import SceneSource
from studio.training.hardware import Hardware
from studio.training.neighbours import Neighbours, pixels
from studio.training.painter import Painter, crops, recoloured
from studio.training.recipe import Recipe
from studio.training.task import Stage, Task, generator_of
from studio.training.tasks.vision import lone, picked

GLOBAL, LOCAL = (0.5, 1.0), (0.25, 0.5)  # parts of the area; small pictures bear no less


@dataclass(frozen=True)
class DinoSettings:
    """Each of `pool` scenes is painted twice, the second time before another's ground and at its
    place; each painting gives a global crop of `seen` pixels and half of the `crops` local ones of
    `small`. The teacher's decay goes from `momentum` to 1. With `rounds` its
    answers are balanced, not centred, together with its last `queue` ones (a batch alone has too
    few for every prototype to get its share); `koleo` weighs the spread of the students' [CLS]."""

    pool: Annotated[int, Within(1, 2**20)] = 16384
    side: Annotated[int, Within(1, 256)] = 72
    seen: Annotated[int, Within(1, 1024)] = 60
    small: Annotated[int, Within(1, 1024)] = 36
    crops: Annotated[int, Within(0, 64)] = 4
    colours: Share = 0.4
    grey: Share = 0.2
    momentum: Share = 0.99
    student_temperature: Annotated[float, Within(0.001, 10)] = 0.1
    teacher_temperature: Annotated[float, Within(0.001, 10)] = 0.04
    rounds: Annotated[int, Within(0, 64)] = 0
    queue: Annotated[int, Within(0, 2**16)] = 0
    koleo: Annotated[float, Within(0, 100)] = 0.0


class AveragedTeacher:
    """The student's running average, the centre of what it says and the last it said; never sees
    a gradient."""

    def __init__(
        self, student: nn.Module, prototypes: int, momentum: float, steps: int, queue: int = 0
    ) -> None:
        self.student, self.momentum, self.steps = student, momentum, steps
        self.network = deepcopy(student).requires_grad_(False)
        device = next(student.parameters()).device
        self.centre = torch.zeros(prototypes, device=device)
        self.taken = torch.zeros((), device=device)
        self.queue = torch.zeros(queue, prototypes, device=device)  # filled from the front
        self._said: Tensor | None = None

    @torch.no_grad()
    def __call__(self, views: Tensor, count: int) -> Tensor:
        """(G, B, K) of the G global crops (G B, 3, S, S)."""
        said: Tensor = self.network(views)[1]
        self._said = said.float()
        return said.unflatten(0, (count, -1))

    def balanced(self, said: Tensor, temperature: float, rounds: int) -> Tensor:
        """`balanced` of (G, B, K), beside what is in the queue, which the first steps fill."""
        rows = said.flatten(0, 1).float()
        among = self.queue[: int(self.taken) * len(rows) * distributed.world().size]
        return balanced(torch.cat([rows, among]), temperature, rounds)[: len(rows)].view_as(said)

    def step(self) -> None:
        if self._said is not None:
            said = together(self._said)
            self.centre = centred(self.centre, said.mean(0))
            self.queue = torch.cat([said, self.queue])[: len(self.queue)]
            self._said = None
        decay = averaging(float(self.taken) / self.steps, self.momentum)
        follow(self.network, self.student, decay)
        self.taken += 1

    def state_dict(self) -> dict[str, Any]:
        rest = {"centre": self.centre, "taken": self.taken, "queue": self.queue}
        return {"teacher": self.network.state_dict(), "rest": rest}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Raises ValueError for what is not of this teacher, which is then untouched."""
        own = self.state_dict()
        network = states.tensors(state.get("teacher"), own["teacher"], "teacher")
        rest = states.tensors(state.get("rest"), own["rest"], "centre")
        self.network.load_state_dict(network)
        self.centre, self.taken = rest["centre"].clone(), rest["taken"].clone()
        self.queue = rest["queue"].clone()


class DinoTask(Task):
    """`train dino`. Raises UsageError for scenes of more than one thing, or of changed colours."""

    companion: AveragedTeacher | None

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(DinoSettings, "settings")
        self.mix = lone(recipe)
        self.catalogue = Catalogue(recipe.dataset)
        self.config = recipe.read(DinoConfig, "network")
        self.network: nn.Module = Dino(self.config)
        self.companion = None

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        self.on, self.device = on, on.device
        settings, run = self.settings, self.recipe.run
        self.painter = Painter(self.catalogue, settings.side, on.device)
        yield from self.painter.read([style for style, _ in self.mix.pairs("styles")])
        source = SceneSource(self.catalogue, self.mix, run.seed)
        self.scenes = [source.scene(i)[0] for i in range(settings.pool)]
        self.neighbours = Neighbours(self.painter, self.config.size)
        self.baseline = self.neighbours.figures(pixels)
        self.companion = AveragedTeacher(
            self.network, self.config.prototypes, settings.momentum, run.steps, settings.queue
        )

    def batch(self, step: int, rank: int, world: int) -> tuple[Tensor, Tensor]:
        """Global crops (2 B, 3, S, S), and local ones (crops B, 3, s, s)."""
        settings, count = self.settings, self.recipe.run.batch
        generator = generator_of(self.recipe.run.seed, step, rank)
        chosen = torch.randint(settings.pool, (2, count), generator=generator)
        ours, others = (picked(self.scenes, some) for some in chosen)
        moved = [before(a, b) for a, b in zip(ours, others, strict=True)]
        paintings = self.painter.paint([*ours, *moved], self.config.size)

        def views(pictures: Tensor, size: int, area: tuple[float, float]) -> Tensor:
            seen = crops(pictures, size, area, generator)
            return recoloured(seen, settings.colours, generator, settings.grey)

        local = paintings.repeat(max(1, settings.crops // 2), 1, 1, 1)
        return views(paintings, settings.seen, GLOBAL), views(local, settings.small, LOCAL)

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        assert self.companion is not None
        wide, narrow = cast(tuple[Tensor, Tensor], batch)
        settings, count = self.settings, self.recipe.run.batch
        features, said = network(wide)
        if settings.crops:
            said = torch.cat([said, network(narrow)[1]])
        teacher = self.companion(wide, 2)
        target = (
            self.companion.balanced(teacher, settings.teacher_temperature, settings.rounds)
            if settings.rounds
            else sharpened(teacher, self.companion.centre, settings.teacher_temperature)
        )
        loss = dino_loss(said.unflatten(0, (-1, count)), target, settings.student_temperature)
        if settings.koleo:
            loss = loss + settings.koleo * sum(spread(view) for view in features.split(count)) / 2
        entropy = -(target * target.clamp_min(1e-9).log()).sum(-1).mean()
        return {"loss": loss, "teacher_entropy": entropy}  # 0 or log K: it has collapsed

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Neighbours of the things held out, beside those by pixels."""
        vision = cast(Dino, network).vision
        with self.on.autocast():
            figures = self.neighbours.figures(lambda x: vision(x).cls)
        return {**figures, **{f"pixels_{k}": value for k, value in self.baseline.items()}}

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        """The transformer; the head has done its work."""
        config = self.recipe.network
        kept = {k: v for k, v in config.items() if k in VisionConfig.__dataclass_fields__}
        export(cast(Dino, network).vision, "vision", VisionConfig(**kept), folder, about)


def before(scene: Scene, other: Scene) -> Scene:
    """The thing of a scene before the other's ground, at the place of its thing."""
    thing, place = scene.objects[0], other.objects[0]
    moved = replace(thing, x=place.x, y=place.y, size=place.size, scale=place.scale)
    return replace(scene, ground=other.ground, objects=(moved,))


TASK = DinoTask
