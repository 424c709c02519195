"""Pictures that are made together: their steps, their progress, and what came of them.

Imports torch (the rest of the engine imports this lazily). Must not import Qt.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from studio.core.generating import Preview, Trajectory
from studio.core.messages import Progress
from studio.core.settings import Settings
from studio.diffusion.guidance import Watch
from studio.diffusion.state import State
from studio.engine.clock import Clock
from studio.engine.finite import Watched
from studio.engine.starting import Seeds, Source, starting_point
from studio.engine.trajectories import Recorder
from studio.models.model import Model
from studio.models.plan import Plan

MOST_AT_ONCE = 4  # pictures a batch: on two cores a picture of four takes a third of one alone
HOST_AHEAD = 2  # steps queued on a GPU beyond the one that runs

Check = Callable[[], None]
#: What a caller shows of a step: its previews, if any.
Shown = Callable[[State], Iterable[Preview]]


@dataclass(frozen=True)
class Batch:
    """Pictures that differ in their seeds only: `indices` among all, one seed for each."""

    plan: Plan
    indices: tuple[int, ...]
    seeds: Seeds
    source: Source | None = None

    @property
    def settings(self) -> Settings:
        """Those of the first."""
        return self.plan.settings

    @property
    def together(self) -> int:
        """How many pictures a Progress can name: those that follow the first without a gap."""
        first = self.indices[0]
        return sum(index == first + i for i, index in enumerate(self.indices))

    @property
    def cost(self) -> int:
        """Denoiser evaluations, roughly."""
        return len(self.indices) * self.plan.cost

    def start(self, model: Model) -> Tensor:
        """Where the states begin: see `starting_point`."""
        return starting_point(model, self.settings, self.seeds, self.source, self.plan.times[0])

    def states(self, model: Model, watch: Watch | None = None) -> Iterator[State]:
        """The sampler's. Raises UsageError, before the first, for a class or a size that the model
        does not know."""
        denoiser = self.plan.guided(model, len(self.indices), watch)
        if self.source is not None:
            denoiser = self.source.held(denoiser)
        return self.plan.states(denoiser, self.start(model), self.seeds.stream())


def at_once(plan: Plan) -> int:
    """How many pictures may make their steps together: one where the error of all would choose the
    steps of each."""
    return MOST_AT_ONCE if plan.sampler.spec.nfe_per_step else 1


def batches(all_settings: Sequence[Settings]) -> tuple[Batch, ...]:
    """Pictures that can be made together, in even numbers: no picture's time then stands out.

    Raises UsageError for settings that make no picture.
    """
    alike: dict[Settings, list[int]] = {}
    for index, settings in enumerate(all_settings):
        alike.setdefault(replace(settings, seed=0, variation_seed=0), []).append(index)
    made = []
    for indices in alike.values():
        plan = Plan.of(all_settings[indices[0]])
        count = -(-len(indices) // at_once(plan))
        for i in range(count):
            part = indices[i * len(indices) // count : (i + 1) * len(indices) // count]
            seeds = Seeds.of([all_settings[index] for index in part])
            made.append(Batch(plan, tuple(part), seeds))
    return tuple(made)


@dataclass(frozen=True, eq=False)
class Made:
    """What came of a batch, by place in it: `images` (H, W, 3) uint8 of all whose numbers are
    sound. `seconds` are a picture's share."""

    end: State
    images: dict[int, np.ndarray]
    seconds: float
    recorder: Recorder | None

    def trajectories(self, model: Model, check: Check) -> Iterator[Trajectory | None]:
        """One for each picture of the batch, None where none were recorded."""
        if self.recorder is None:
            return iter([None] * len(self.end.x))
        return self.recorder.trajectories(model, check)


class Runner:
    """Makes the batches of a job of so many `pictures`: a Progress after every step.

    `check` is called between steps and around the decoder and may raise Cancelled. The host is
    never far ahead of a GPU.
    """

    def __init__(self, model: Model, clock: Clock, pictures: int, check: Check, job: int) -> None:
        self.lost: dict[int, int] = {}  # pictures whose numbers ran over, and at which step
        self.pace = Pace(model.device)
        self._model, self._clock, self._pictures = model, clock, pictures
        self._check, self._job = check, job
        self._done = 0.0

    @torch.inference_mode()  # entered anew whenever the generator goes on
    def made(
        self, batch: Batch, recorded: bool = False, shown: Shown = lambda state: ()
    ) -> Generator[Progress | Preview, None, Made]:
        """A batch's steps and its pictures; `recorded` keeps every step."""
        model, watched = self._model, Watched()
        self._clock.begin()
        recorder = Recorder(batch.start(model), batch.plan.times[0]) if recorded else None
        states = watched.passed(batch.states(model, recorder.watch if recorder else None))
        if recorder is not None:
            states = recorder.passed(states)
        steps = self.steps(states, batch.cost, batch.indices[0], batch.together, shown)
        end = yield from steps
        lost = watched.lost()
        self.lost.update({batch.indices[i]: step for i, step in lost.items()})
        sound, images = [i for i in range(len(end.x)) if i not in lost], np.empty(0)
        if sound:
            images = model.decode(end.x[sound] if lost else end.x)
            images = images if batch.source is None else batch.source.composed(images)
        self._check()
        seconds = self._clock.decoded(len(batch.indices)) / len(batch.indices)
        return Made(end, dict(zip(sound, images, strict=True)), seconds, recorder)

    def steps(
        self,
        states: Iterator[State],
        work: float,
        picture: int,
        together: int = 1,
        shown: Shown = lambda state: (),
    ) -> Generator[Progress | Preview, None, State]:
        """One run of a sampler, `work` of what the clock counts, under the number `picture`."""
        state = None
        self._check()
        for state in states:
            self.pace.step()
            left = self._clock.seconds_left(self._done + work * state.step / state.steps)
            counts = self._pictures, state.step, state.steps
            yield Progress(self._job, picture, *counts, left, together)
            self._check()
            yield from shown(state)
        assert state is not None
        self._done += work
        return state


class Pace:
    """Keeps the host at most HOST_AHEAD steps before a GPU: progress is true, cancelling acts."""

    def __init__(self, device: str) -> None:
        self._marks: deque[torch.cuda.Event] | None = deque() if device == "cuda" else None

    def step(self) -> None:
        if self._marks is None:
            return
        mark = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        mark.record()
        self._marks.append(mark)
        if len(self._marks) > HOST_AHEAD:
            self._marks.popleft().synchronize()

    def wait(self) -> None:
        """Until the device is done: what is timed next is its own cost, not the steps'."""
        if self._marks:
            self._marks.pop().synchronize()
            self._marks.clear()
