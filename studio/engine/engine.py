"""The engine: one thread that owns the device, a queue of requests, a stream of events.

torch is imported in the engine's thread only, so that a window can be shown first.
Must not import Qt.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from studio.core.errors import Cancelled, StudioError
from studio.core.events import CancelledAt, Event, Failed, Finished, Progress, Queued
from studio.core.requests import Request
from studio.engine import devices
from studio.engine.worker import OpenModel, Worker, open_from_disk, sentence, validate

log = logging.getLogger(__name__)

Listener = Callable[[Event], None]


@dataclass(frozen=True)
class Job:
    number: int
    request: Request
    stop: threading.Event = field(default_factory=threading.Event)

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
        self._running: Job | None = None
        self._last = 0
        self._closed = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    def submit(self, request: Request, front: bool = False) -> int:
        """Queues a request, before the waiting ones if `front`; returns its job number.

        Raises UsageError, before any work, for a request that makes no sense.
        """
        validate(request)
        with self._change:
            if self._closed:
                raise StudioError("The engine has been closed.")
            self._last += 1
            job = Job(self._last, request)
            ahead = int(self._running is not None) + (0 if front else len(self._waiting))
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
            if self._running is not None and self._running.number == job:
                self._running.stop.set()
            for waiting in [each for each in self._waiting if each.number == job]:
                self._waiting.remove(waiting)
                self._tell(CancelledAt(job, 0))

    def cancel_all(self) -> None:
        """Asks every job to stop, the last one first."""
        with self._change:
            for job in reversed([each.number for each in self._waiting]):
                self.cancel(job)
            if self._running is not None:
                self._running.stop.set()

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
            end = self._end_of(job)
            with self._change:
                self._running = None
            self._tell(end)
        self._forget()

    def _next(self) -> Job | None:
        """Waits for a job; None once the engine is closed."""
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._closed)
            self._running = self._waiting.popleft() if self._waiting else None
            return self._running

    def _end_of(self, job: Job) -> Event:
        """Runs a job to its end, whatever happens; the event that says how it ended."""
        step = 0
        try:
            for event in self._worker.run(job.request, job.check, job.number):
                if isinstance(event, Finished):
                    return event
                step = event.step if isinstance(event, Progress) else step
                self._tell(event)
        except Cancelled:
            return CancelledAt(job.number, step)
        except Exception as error:
            if not isinstance(error, StudioError):
                log.exception("job %d failed", job.number)
            message, full = sentence(error), devices.is_out_of_memory(error)
        else:
            raise AssertionError("a worker ends with Finished")
        if full:  # out here the traceback, and the tensors it held, are gone
            self._forget()
        return Failed(job.number, message)

    def _forget(self) -> None:
        try:
            self._worker.forget()
        except Exception:  # a GPU in a bad state refuses even this; the next job will say so
            log.exception("memory could not be given back")

    def _tell(self, event: Event) -> None:
        try:
            self._listener(event)
        except Exception:
            log.exception("a listener failed on %s", type(event).__name__)
