"""From a request to pictures: noise, sampler loop, decoder. Pure but for the device's work.

Imports torch (the rest of the engine imports this lazily). Must not import Qt.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from studio.core.generating import Generate, Picture, Preview
from studio.core.messages import Progress
from studio.core.settings import Settings
from studio.diffusion import samplers
from studio.diffusion.state import State
from studio.engine import finite
from studio.engine.sampling import at_once, schedule_of, start_of, states
from studio.engine.starting import Seeds, Source, source_of
from studio.engine.trajectories import Recorder
from studio.models.model import Model

PREVIEW_SHARE = 0.05  # of the time
HOST_AHEAD = 2  # steps queued on a GPU beyond the one that runs


def generate(
    model: Model, request: Generate, check: Callable[[], None] = lambda: None, job: int = 0
) -> Iterator[Progress | Preview | Picture]:
    """Makes request.count pictures; yields what happens, a Progress after every step.

    Picture i is fixed by settings.numbered(i), however many are made in one batch (batches
    round differently in the last bits of the network's precision, as devices do).
    `check` is called between steps and around the decoder and may raise Cancelled.
    Raises UsageError for a sampler that does not exist or a size the model cannot make, and
    StudioError, after all others are made, for pictures whose numbers ran over.
    """
    sampler = samplers.find(request.settings.sampler)
    model.latent_shape(request.settings.size)
    settings = replace(request.settings, sampler=sampler.spec.name)
    clock = Clock(settings.steps)
    most = at_once(settings)
    source, lost = source_of(model, settings, request.inputs), dict[int, int]()
    for first in range(0, request.count, most):
        size = min(most, request.count - first)
        batch = Batch(model, settings, range(first, first + size), clock, lost, source)
        yield from batch.run(replace(request, settings=settings), check, job)
    if lost:
        raise finite.lost("Picture", lost, settings)


@dataclass(frozen=True)
class Batch:
    """The pictures `indices` of a request: their steps are made together."""

    model: Model
    settings: Settings
    indices: range
    clock: Clock
    lost: dict[int, int]  # takes the step at which a picture's numbers ran over
    source: Source | None = None

    @torch.inference_mode()  # entered anew whenever the generator goes on
    def run(
        self, request: Generate, check: Callable[[], None], job: int
    ) -> Iterator[Progress | Preview | Picture]:
        check()
        self.clock.begin(len(self.indices))
        budget = PreviewBudget(request.preview_every)
        pace = Pace(self.model.device)
        x, nfe, watched = None, 0, finite.Watched()
        recorder = self._recorder() if request.trajectories else None
        for state in self._states(pace, recorder):
            self.clock.stepped(state.step)
            watched.add(state)
            yield Progress(
                job,
                self.indices[0],
                request.count,
                state.step,
                state.steps,
                self.clock.seconds_left(state.step, request.count - self.indices.stop),
                len(self.indices),
            )
            check()
            if state.step < state.steps and budget.allows(state.step):
                pace.wait()
                previews = budget.timed(self.model.preview, state.x0)
                for index, image in zip(self.indices, previews, strict=True):
                    yield Preview(job, index, image)
                check()
            x, nfe = state.x, state.nfe
        assert x is not None
        lost = watched.lost()
        self.lost.update({self.indices[i]: step for i, step in lost.items()})
        images = self._decoded(x, [i for i in range(len(x)) if i not in lost])
        check()
        seconds = self.clock.decoded() / len(self.indices)
        kept = recorder.trajectories(self.model, check) if recorder else None
        for i, index in enumerate(self.indices):
            trajectory, mine = next(kept) if kept else None, self.settings.numbered(index)
            if i in images:
                yield Picture(job, index, images[i], mine, seconds, nfe, trajectory)

    def _decoded(self, x: torch.Tensor, sound: list[int]) -> dict[int, np.ndarray]:
        """The pictures of these numbers in the batch."""
        if not sound:
            return {}
        images = self.model.decode(x[sound] if len(sound) < len(x) else x)
        if self.source is not None:
            images = self.source.composed(images)
        return dict(zip(sound, images, strict=True))

    @property
    def _seeds(self) -> Seeds:
        return Seeds.of([self.settings.numbered(index) for index in self.indices])

    def _recorder(self) -> Recorder:
        start = start_of(self.model, self.settings, self._seeds, self.source)
        return Recorder(start, schedule_of(self.settings)(self.settings.steps)[0])

    def _states(self, pace: Pace, recorder: Recorder | None) -> Iterator[State]:
        watch = recorder.watch if recorder else None
        for state in states(self.model, self.settings, self._seeds, watch, self.source):
            pace.step()
            if recorder is not None:
                recorder.add(state)
            yield state


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


class PreviewBudget:
    """Lets a preview happen every few steps while previews take under 5 % of the time."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._began = time.perf_counter()
        self._spent = self._last = 0.0

    def allows(self, step: int) -> bool:
        if not self._every or step % self._every:
            return False
        elapsed = time.perf_counter() - self._began
        return self._spent + self._last <= PREVIEW_SHARE * elapsed

    def timed(self, preview: Callable[[torch.Tensor], np.ndarray], x0: torch.Tensor) -> np.ndarray:
        """Makes the preview and books its time."""
        began = time.perf_counter()
        images = preview(x0)
        self._last = time.perf_counter() - began
        self._spent += self._last
        return images


class Clock:
    """Measures steps and decoding of this request, and says what is left of it."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._size = 1
        self._began = self._stepping = time.perf_counter()
        self._step = self._decode = 0.0  # seconds a picture, as measured last

    def begin(self, size: int) -> None:
        self._size = size
        self._began = time.perf_counter()

    def stepped(self, step: int) -> None:
        self._stepping = time.perf_counter()
        self._step = (self._stepping - self._began) / (step * self._size)

    def decoded(self) -> float:
        """Ends a batch; the seconds it took."""
        now = time.perf_counter()
        self._decode = (now - self._stepping) / self._size
        return now - self._began

    def seconds_left(self, step: int, pictures_after: int) -> float:
        """After `step` of this batch, with `pictures_after` pictures in later batches.

        The first decode is taken to last as long as a step until one has been measured.
        """
        decode = self._decode or self._step
        this = (self._steps - step) * self._step + decode
        return this * self._size + pictures_after * (self._steps * self._step + decode)
