"""Pictures that are made together: their steps, their progress, and what came of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from studio.core.errors import StudioError
from studio.core.generating import Preview, Trajectory
from studio.core.messages import Progress
from studio.core.settings import Settings
from studio.diffusion.guidance import Watch
from studio.diffusion.state import State
from studio.engine.starting import Seeds, Source, starting_point
from studio.engine.trajectories import Recorder
from studio.models.format import Check
from studio.models.model import Model
from studio.models.plan import Plan

MOST_AT_ONCE = 4  # pictures a batch: on two cores a picture of four takes a third of one alone
HOST_AHEAD = 2  # steps queued on a GPU beyond the one that runs
ADVICE = "Use less guidance, more steps or another sampler."

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
        return starting_point(
            model, self.settings, self.seeds, self.source, self.plan.on(model).times[0]
        )

    def states(self, model: Model, watch: Watch | None = None) -> Iterator[State]:
        """The sampler's. Raises UsageError, before the first, for a class or a size that the model
        does not know."""
        plan = self.plan.on(model)
        denoiser = plan.guided(model, len(self.indices), watch)
        if self.source is not None:
            denoiser = self.source.held(denoiser)
        return plan.states(denoiser, self.start(model), self.seeds.stream())


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
        recorder = Recorder(batch.start(model), batch.plan.on(model).times[0]) if recorded else None
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


class Clock:
    """Of a job of so much `work` (evaluations, runs, pixels), a share of which is done.

    Work is taken to last as long as it has until now. Where `decodes` pictures are counted apart
    from it, a decode lasts as long as those measured, and the first as long as `guess` of the work.
    """

    def __init__(self, work: float, decodes: int = 0, guess: float = 1.0) -> None:
        self._work, self._decodes, self._guess = work, decodes, guess
        self._began = self._batch = self._stepped = time.perf_counter()
        self._decoding, self._decoded = 0.0, 0  # seconds, pictures

    def begin(self) -> None:
        """A batch begins."""
        self._batch = time.perf_counter()

    def seconds_left(self, done: float) -> float:
        """Now that so much of the work is done."""
        self._stepped = time.perf_counter()
        pace = (self._stepped - self._began - self._decoding) / done
        decode = self._decoding / self._decoded if self._decoded else self._guess * pace
        return max(0.0, self._work - done) * pace + (self._decodes - self._decoded) * decode

    def decoded(self, pictures: int) -> float:
        """Ends a batch of so many pictures; the seconds it took."""
        now = time.perf_counter()
        if self._decodes:
            self._decoding += now - self._stepped
            self._decoded += pictures
        return now - self._batch


class Watched:
    """Asks the device at every step, and waits for its answers once, at the end."""

    def __init__(self) -> None:
        self._sound: list[Tensor] = []

    def passed(self, states: Iterable[State]) -> Iterator[State]:
        """The same states, each looked at on its way."""
        for state in states:
            self._sound.append(state.x.flatten(1).isfinite().all(1))
            yield state

    def lost(self) -> dict[int, int]:
        """The batch's pictures whose samples are not all numbers: the first step that gave such."""
        table = torch.stack(self._sound, 1).tolist()
        return {i: steps.index(False) + 1 for i, steps in enumerate(table) if not steps[-1]}


def lost_numbers(kind: str, found: Mapping[int, int], settings: Settings) -> StudioError:
    """The error for pictures (`kind`) of these numbers, lost at those steps under settings like
    these."""
    (first, step), *others = sorted(found.items())
    more = f", and {len(others)} more" if others else ""
    return StudioError(
        f"{kind} {first + 1} was lost{more}: its values overflowed at step {step} of"
        f" {settings.steps} ({settings.sampler}). {ADVICE}"
    )
