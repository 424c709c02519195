"""What the engine is doing for this window: the running job, the queue, cancelling and errors.

The only part of the window that talks to the bridge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from studio.core.generating import Decode, Preview
from studio.core.learning import Paused, Preparing, Train, TrainStep
from studio.core.messages import (
    CancelledAt,
    Event,
    Failed,
    Finished,
    Loading,
    LoadModel,
    Progress,
    Ready,
    Request,
    Started,
)
from studio.core.tokens import Tokens
from studio.core.wording import model_name, size_text
from studio.ui.job import End, Events, Job, told

if TYPE_CHECKING:
    from studio.bridge.bridge import EngineBridge

TokensOf = Callable[[str, str, bool], Tokens]  # of a prompt, by a model, whether AND joins


class Jobs(Events):
    """Follows the jobs of one window; `on` listens to the events of all of them."""

    changed = Signal()  # something to show
    ended = Signal(object)  # a Job, however it ended
    unavailable = Signal(str)  # why there is no engine or no model

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge: EngineBridge | None = None
        self._numbers: dict[int, Job] = {}
        self.open: list[Job] = []  # those begun, the running one first, then those that wait
        self.begun: list[Job] = []  # the running one, then the trainings that have given way to it
        self.loading = ""  # the model that is being loaded
        self._bytes = 0  # of it
        self._loader = 0  # the number of the job that waits for it
        self.model: Ready | None = None
        self._last_words = ""  # how the last job ended
        self.problem = ""  # why there is no model

    @property
    def busy(self) -> bool:
        return bool(self.open)

    @property
    def free(self) -> bool:
        """Nothing is to be done but trainings, which give way to what is asked next."""
        return all(isinstance(job.request, Train) for job in self.open)

    @property
    def waiting(self) -> list[Job]:
        """The jobs that have not begun, the next one first."""
        return self.open[len(self.begun) :]

    @property
    def running(self) -> Job | None:
        return self.begun[0] if self.begun else None

    @property
    def progress(self) -> Progress | None:
        """How far the pictures being made are."""
        at = self.running.at if self.running is not None else None
        return at if isinstance(at, Progress) else None

    @property
    def tokens_of(self) -> TokensOf | None:
        """What counts tokens without waiting for a job, in any thread; None without an engine."""
        return self._bridge.tokens_of if self._bridge is not None else None

    @property
    def cancelling(self) -> bool:
        """The job at the head of the queue has been asked to end."""
        return bool(self.open) and self.open[0].stopping

    def attach(self, bridge: EngineBridge, model: str) -> None:
        """Connects the engine and asks it to load `model`."""
        self._bridge = bridge
        bridge.arrived.connect(self._arrived)
        bridge.submit(LoadModel(model))
        self.changed.emit()

    def no_engine(self, sentence: str) -> None:
        """Says why the engine could not start."""
        self.problem = sentence
        self.changed.emit()
        self.unavailable.emit(sentence)

    def submit(self, request: Request, front: bool = False) -> Job | None:
        """Queues a request, at the front if asked; its job, None while there is no engine.

        Raises UsageError for a request that makes no sense.
        """
        if self._bridge is None:
            starting = "The engine is starting; try again in a moment."
            self.unavailable.emit(self.problem or starting)
            return None
        job = Job(self._bridge.submit(request, front=front), request)
        self._numbers[job.number] = job
        self.open.insert(len(self.begun) if front else len(self.open), job)
        if not isinstance(request, Decode):
            self._last_words = ""
        self.changed.emit()
        return job

    def job(self, number: int) -> Job:
        """An open job by its number."""
        return self._numbers[number]

    @Slot()
    def cancel(self) -> None:
        """Asks for the end of the job at the head of the queue."""
        if self.open and not self.cancelling:
            self.cancel_job(self.open[0])

    def cancel_job(self, job: Job) -> None:
        """Asks for the end of one job, wherever it is in the queue."""
        if self._bridge is not None and job.end is None:
            job.stopping = True
            self._bridge.cancel(job.number)
            self.changed.emit()

    def cancel_all(self) -> None:
        """Asks for the end of every job."""
        for job in reversed(self.open[1:]):
            self.cancel_job(job)
        self.cancel()

    def move(self, job: Job, place: int) -> None:
        """Puts a waiting job at `place` among those that wait, 0 the next."""
        waiting = self.waiting
        if self._bridge is None or job not in waiting:
            return
        waiting.remove(job)
        waiting.insert(max(0, place), job)
        self.open = [*self.begun, *waiting]
        self._bridge.move(job.number, place)
        self.changed.emit()

    def pause(self, job: Job, paused: bool) -> None:
        """Lets a training wait, or go on."""
        if self._bridge is not None:
            self._bridge.pause(job.number, paused)

    def keep(self, job: Job) -> None:
        """Ends a training early and keeps what it has learnt."""
        if self._bridge is not None:
            self._bridge.keep(job.number)

    def share_done(self) -> float | None:
        """Progress of the running job, 0 to 1; None before its first step."""
        return self.running.share_done() if self.running is not None else None

    def sentence(self) -> str:
        """What is happening, in a few words."""
        if not self.open:
            return self._last_words
        if self.cancelling:
            return "Cancelling…"
        now = self.running.words() if self.running is not None else ""
        size = f", {size_text(self._bytes)}" if self._bytes else ""
        loading = f"Loading {model_name(self.loading)}{size}…" if self.loading else "Starting…"
        words = [now or loading]
        if behind := len(self.open) - max(1, len(self.begun)):
            words.append(f"{behind} queued")
        return " · ".join(words)

    @Slot(object)
    def _arrived(self, event: Event) -> None:
        """Notes what an event says of the queue and passes it on."""
        job = self._numbers.get(event.job)
        match event:
            case Finished() | CancelledAt() | Failed():
                self._end(event, job)
                return
            case Preview() if job is not self.running or self.cancelling:
                return
            case Loading(model=model, bytes=size):
                self.loading, self._bytes, self._loader = model, size, event.job
                self._begin(job)
            case Started() if job is not None:
                self.loading = ""
                self._begin(job)
            case Ready():
                self.model, self.loading, self.problem = event, "", ""
            case Progress() | Preparing() | TrainStep() if job is not None and job is self.running:
                job.at = event
            case Paused(paused=paused) if job is not None:
                job.resting = paused
            case _:
                self._pass_on(event, job)
                return
        self._pass_on(event, job)
        self.changed.emit()

    def _pass_on(self, event: Event, job: Job | None) -> None:
        if job is not None:
            job.pass_on(event)
        self.pass_on(event)

    def _begin(self, job: Job | None) -> None:
        """From now on it does not wait: it cannot be moved."""
        if job is not None:
            waiting = [each for each in self.waiting if each is not job]
            self.begun = [job, *(each for each in self.begun if each is not job)]
            self.open = [*self.begun, *waiting]
            job.begin()

    def _end(self, end: End, job: Job | None) -> None:
        """A job has ended, or else the model that was asked for first is there, or is not."""
        if end.job == self._loader:
            self.loading = ""
        if isinstance(end, Failed) and self.model is None:
            self.problem = end.message
        if job is not None:
            job.end = end
            del self._numbers[job.number]
            self.open = [each for each in self.open if each is not job]
            self.begun = [each for each in self.begun if each is not job]
            if not isinstance(job.request, Decode):  # those are done in passing
                self._last_words = told(end)
        self.changed.emit()
        self._pass_on(end, job)
        if job is not None:
            job.ended.emit()
            self.ended.emit(job)
        elif isinstance(end, Failed):
            self.unavailable.emit(end.message)
