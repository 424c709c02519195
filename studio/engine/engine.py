"""The engine: one thread that owns the device, a queue of requests, a stream of events.

torch is imported in the engine's thread only, so that a window can be shown first.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from studio.core.accidents import noted
from studio.core.errors import Cancelled, EndedEarly, StudioError, is_out_of_memory
from studio.core.learning import Paused, Train, TrainStep
from studio.core.messages import CancelledAt, Event, Failed, Finished, Progress, Queued, Request
from studio.core.prompts import Phrase
from studio.core.tokens import Counted
from studio.engine.worker import OpenModel, Worker, open_from_disk, sentence

if TYPE_CHECKING:
    from studio.models.memory import Fit

log = logging.getLogger(__name__)

Listener = Callable[[Event], None]


@dataclass(frozen=True)
class Job:
    number: int
    request: Request
    stop: threading.Event = field(default_factory=threading.Event)
    pause: threading.Event = field(default_factory=threading.Event)
    keep: threading.Event = field(default_factory=threading.Event)

    @property
    def gives_way(self) -> bool:
        """Whether other jobs may be done between its steps."""
        return isinstance(self.request, Train)

    @property
    def rests(self) -> bool:
        return self.pause.is_set() and not (self.stop.is_set() or self.keep.is_set())

    def check(self) -> None:
        """Raises Cancelled once the job has been asked to stop."""
        if self.stop.is_set():
            raise Cancelled


class Engine:
    """Runs requests one after another in a thread of its own.

    `listener` gets every event. It is called in the engine's thread, except for Queued and for the
    CancelledAt of a job that had not begun, which come in the thread that asked. It must not block.

    A job's events: Queued, [Loading, Ready], Started, (Progress | Preview | Picture)*, then exactly
    one of Finished, CancelledAt, Failed. LoadModel: Queued, [Loading], Ready, Finished.
    Pictures count from 0 and picture i has the seed settings.seed + i. Pictures of one batch make
    their steps together; Progress then names the first of them.
    """

    def __init__(
        self, listener: Listener, open_model: OpenModel = open_from_disk, device: str = "auto"
    ) -> None:
        """`device`: auto, cpu, cuda or mps, else UsageError; looked for when the first job begins
        (that job fails when the machine lacks it)."""
        self._listener = listener
        self._worker = Worker(device, open_model)
        self._waiting: deque[Job] = deque()
        self._begun: list[Job] = []  # the last one runs; those before it have given way
        self._last = 0
        self._closed = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    def submit(self, request: Request, front: bool = False) -> int:
        """Queues a request, before the waiting ones if `front`; returns its job number.

        Raises UsageError, before any work, for a request that makes no sense.
        """
        request.check()
        with self._change:
            if self._closed:
                raise StudioError("The engine has been closed.")
            self._last += 1
            job = Job(self._last, request)
            running = sum(not each.gives_way for each in self._begun)
            ahead = running + (0 if front else len(self._waiting))
            self._tell(Queued(job.number, ahead))
            if front:
                self._waiting.appendleft(job)
            else:
                self._waiting.append(job)
            self._change.notify()
        return job.number

    def cancel(self, job: int) -> None:
        """Asks a job to stop: at once if it waits, within a step (or a file, while loading) if it
        runs. Jobs that have ended are left alone."""
        with self._change:
            for begun in [each for each in self._begun if each.number == job]:
                begun.stop.set()
                self._change.notify()
            for waiting in [each for each in self._waiting if each.number == job]:
                self._waiting.remove(waiting)
                self._tell(CancelledAt(job, 0))

    def move(self, job: int, place: int) -> None:
        """Puts a waiting job at `place` among those that wait, 0 the next; others stay."""
        with self._change:
            for waiting in [each for each in self._waiting if each.number == job]:
                self._waiting.remove(waiting)
                self._waiting.insert(max(0, place), waiting)

    def cancel_all(self) -> None:
        """Asks every job to stop, the last one first."""
        with self._change:
            for job in reversed([each.number for each in self._waiting]):
                self.cancel(job)
            for begun in self._begun:
                begun.stop.set()
            self._change.notify()

    def pause(self, job: int, paused: bool = True) -> None:
        """Lets a training wait after its step, or go on; Paused follows. Others take no notice."""
        with self._change:
            for each in [*self._begun, *self._waiting]:
                if each.number == job and each.gives_way and each.pause.is_set() != paused:
                    (each.pause.set if paused else each.pause.clear)()
                    self._tell(Paused(job, paused))
            self._change.notify()

    def keep(self, job: int) -> None:
        """Ends a training early as if its time were over: Trained, Finished follow."""
        with self._change:
            for each in [*self._begun, *self._waiting]:
                if each.number == job and each.gives_way:
                    each.keep.set()
            self._change.notify()

    def counting(self, model: str) -> Callable[[Phrase], Counted] | None:
        """How a model counts tokens, at once and in any thread; None unless it is loaded."""
        return self._worker.counting(model)

    def weigh(self, model: str) -> Fit:
        """At once, in the caller's thread: what a model needs here. Raises as the worker's."""
        return self._worker.weigh(model)

    def close(self, timeout: float | None = None) -> None:
        """Cancels everything and waits for the thread to end (`timeout` seconds at most)."""
        with self._change:
            self._closed = True
            self.cancel_all()
            self._change.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._run(job)
        self._forget()

    def _run(self, job: Job) -> None:
        end = self._end_of(job)
        with self._change:
            self._begun.remove(job)
        self._tell(end)

    def _next(self) -> Job | None:
        """Waits for a job; None once the engine is closed."""
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            self._begun.append(self._waiting.popleft())
            return self._begun[-1]

    def _run_waiting(self, job: Job) -> None:
        """Between two steps of a training: does what waits, rests while it is paused.

        Raises Cancelled, or EndedEarly once it shall end early.
        """
        while True:
            job.check()
            with self._change:
                self._change.wait_for(lambda: self._other() is not None or not job.rests)
                other = self._other()
                if other is not None:
                    self._waiting.remove(other)
                    self._begun.append(other)
            if other is None:
                break
            self._run(other)
        job.check()
        if job.keep.is_set():
            raise EndedEarly

    def _other(self) -> Job | None:
        """The first that waits and is no training."""
        return next((each for each in self._waiting if not each.gives_way), None)

    def _end_of(self, job: Job) -> Event:
        """Runs a job to its end, whatever happens; the event that says how it ended."""
        step = 0
        check = partial(self._run_waiting, job) if job.gives_way else job.check
        try:
            for event in self._worker.run(job.request, check, job.number, self._tell):
                if isinstance(event, Finished):
                    return event
                step = event.step if isinstance(event, Progress | TrainStep) else step
                self._tell(event)
        except Cancelled:
            return CancelledAt(job.number, step)
        except BaseException as error:  # a library's SystemExit too: the thread has other jobs
            message, full = sentence(error), is_out_of_memory(error)
        else:
            raise AssertionError("a worker ends with Finished")
        if full:  # out here the traceback, and the tensors it held, are gone
            self._forget(but_model=True)
        return Failed(job.number, message)

    def _forget(self, but_model: bool = False) -> None:
        try:
            self._worker.forget(but_model)
        except BaseException as error:  # a GPU in a bad state; the next job will say so
            noted(error)

    def _tell(self, event: Event) -> None:
        try:
            self._listener(event)
        except BaseException as error:
            log.error("%s: %s", type(event).__name__, noted(error))
