"""What the engine is doing for this window: the running job, the queue, cancelling and errors.

The only part of the window that talks to the bridge. Must not import widgets or torch.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from studio.core import generating, messages
from studio.core.generating import Decode, Generate
from studio.core.learning import Paused, Preparing, Train, TrainStep
from studio.core.messages import LoadModel, Request
from studio.core.settings import Settings

if TYPE_CHECKING:
    from studio.bridge.bridge import EngineBridge


PASSED_ON = (
    "cell", "distance", "decoded", "lab", "reconstructed", "probed", "preparing", "train_step",
    "train_sample", "paused", "trained", "inverted", "frame", "spaced",
)  # fmt: skip


Reached = messages.Progress | Preparing | TrainStep


@dataclass
class _Run:
    """A job that has begun, and how far it is once that is known."""

    job: int
    began: float = field(default_factory=time.monotonic)
    at: Reached | None = None


class Jobs(QObject):
    """Follows the jobs of one window. `changed` says that something to show has changed."""

    changed = Signal()
    started = Signal()
    preview = Signal(object)  # generating.Preview
    picture = Signal(object)  # generating.Picture
    cell = Signal(object)  # comparing.Cell
    distance = Signal(object)  # comparing.Distance
    decoded = Signal(object)  # generating.Decoded
    lab = Signal(object)  # laboratory.LabRun
    reconstructed = Signal(object)  # autoencoding.Reconstructed
    probed = Signal(object)  # autoencoding.Probed
    preparing = Signal(object)  # autoencoding.Preparing
    train_step = Signal(object)  # autoencoding.TrainStep
    train_sample = Signal(object)  # autoencoding.TrainSample
    paused = Signal(object)  # autoencoding.Paused
    trained = Signal(object)  # autoencoding.Trained
    inverted = Signal(object)  # walks.Inverted
    frame = Signal(object)  # walks.Frame
    spaced = Signal(object)  # walks.Spaced
    finished = Signal(int)  # the job, however it ended
    failed = Signal(int, str)  # the job (0: no job of this window) and one sentence
    ready = Signal(object)  # messages.Ready

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge: EngineBridge | None = None
        self._warming: set[int] = set()
        self._requests: dict[int, Request] = {}
        self.open: list[int] = []  # those begun, the running one first, then those that wait
        self._runs: list[_Run] = []  # the last one runs; those before it have given way
        self._stopping: set[int] = set()  # asked to end
        self._resting: set[int] = set()  # trainings that are paused
        self.loading = ""  # the model that is being loaded
        self._loader = 0  # the job that waits for it
        self.model: messages.Ready | None = None
        self.last_words = ""  # how the last job ended
        self.problem = ""  # why there is no model

    @property
    def busy(self) -> bool:
        return bool(self.open)

    @property
    def free(self) -> bool:
        """Nothing is to be done but trainings, which give way to what is asked next."""
        return all(isinstance(self._requests[job], Train) for job in self.open)

    @property
    def begun(self) -> list[int]:
        """The running job, then the trainings that have given way to it."""
        return [run.job for run in reversed(self._runs)]

    @property
    def waiting(self) -> list[int]:
        """The jobs that have not begun, the next one first."""
        return self.open[len(self._runs) :]

    @property
    def running(self) -> int | None:
        return self._runs[-1].job if self._runs else None

    @property
    def progress(self) -> messages.Progress | None:
        """How far the pictures being made are."""
        at = self._runs[-1].at if self._runs else None
        return at if isinstance(at, messages.Progress) else None

    @property
    def cancelling(self) -> bool:
        """The job at the head of the queue has been asked to end."""
        return bool(self.open) and self.open[0] in self._stopping

    def attach(self, bridge: EngineBridge, model: str) -> None:
        """Connects the engine and asks it to load `model`."""
        self._bridge = bridge
        for name in ("loading", "started", "progress", "preview", "picture"):
            getattr(bridge, name).connect(getattr(self, f"_on_{name}"))
        for name in PASSED_ON:
            getattr(bridge, name).connect(getattr(self, name))
        for name in ("preparing", "train_step", "paused"):
            getattr(bridge, name).connect(getattr(self, f"_on_{name}"))
        for name in ("finished", "cancelled", "failed", "ready"):
            getattr(bridge, name).connect(getattr(self, f"_on_{name}"))
        self._warming.add(bridge.submit(LoadModel(model)))
        self.changed.emit()

    def no_engine(self, sentence: str) -> None:
        """Says why the engine could not start."""
        self.problem = sentence
        self.changed.emit()
        self.failed.emit(0, sentence)

    def submit(self, request: Request, front: bool = False) -> int | None:
        """Queues a request, at the front if asked; its job, None while there is no engine.

        Raises UsageError for a request that makes no sense.
        """
        if self._bridge is None:
            self.failed.emit(0, self.problem or "The engine is starting; try again in a moment.")
            return None
        job = self._bridge.submit(request, front=front)
        self._requests[job] = request
        if front and self.open:
            self.open.insert(len(self._runs), job)
        else:
            self.open.append(job)
        if not isinstance(request, Decode):
            self.last_words = ""
        self.changed.emit()
        return job

    def cancel(self) -> None:
        """Asks for the end of the job at the head of the queue."""
        if self.open and not self.cancelling:
            self.cancel_job(self.open[0])

    def cancel_job(self, job: int) -> None:
        """Asks for the end of one job, wherever it is in the queue."""
        if self._bridge is not None and job in self.open:
            self._stopping.add(job)
            self._bridge.cancel(job)
            self.changed.emit()

    def move(self, job: int, place: int) -> None:
        """Puts a waiting job at `place` among those that wait, 0 the next."""
        waiting = self.waiting
        if self._bridge is None or job not in waiting:
            return
        waiting.remove(job)
        waiting.insert(max(0, place), job)
        self.open = [*self.begun, *waiting]
        self._bridge.move(job, place)
        self.changed.emit()

    def request(self, job: int) -> Request:
        """What an open job was asked for."""
        return self._requests[job]

    def pause(self, job: int, paused: bool) -> None:
        """Lets a training wait, or go on."""
        if self._bridge is not None:
            self._bridge.pause(job, paused)

    def keep(self, job: int) -> None:
        """Ends a training early and keeps what it has learnt."""
        if self._bridge is not None:
            self._bridge.keep(job)

    def cancel_all(self) -> None:
        """Asks for the end of every job."""
        for job in reversed(self.open[1:]):
            self.cancel_job(job)
        self.cancel()

    def settings(self) -> Settings | None:
        """The settings of the picture that is being made, its own seeds included."""
        request = self._requests.get(self.running or 0)
        if not isinstance(request, Generate):
            return None
        return request.settings.numbered(self.progress.picture if self.progress is not None else 0)

    def share_done(self) -> float | None:
        """How much of the running job is done, 0 to 1; None before its first step."""
        run = self._runs[-1] if self._runs else None
        if run is None or run.at is None:
            return None
        if isinstance(run.at, TrainStep):
            return run.at.share
        if isinstance(run.at, Preparing):
            return share_prepared(run.at)
        if run.at.pictures == 1:
            return run.at.step / run.at.steps
        gone = time.monotonic() - run.began  # pictures come in batches: only time is even
        return gone / max(gone + run.at.seconds_left, 1e-9)

    def sentence(self) -> str:
        """What is happening, in a few words."""
        if not self.open:
            return self.last_words
        if self.cancelling:
            return "Cancelling…"
        words = [self._now()]
        if behind := len(self.open) - max(1, len(self._runs)):
            words.append(f"{behind} queued")
        return " · ".join(words)

    def _now(self) -> str:
        run = self._runs[-1] if self._runs else None
        at = run.at if run is not None else None
        if isinstance(at, messages.Progress):
            which = f"{self._which(at)} · " if at.pictures > 1 else ""
            return f"{which}Step {at.step} of {at.steps}{_left(at.seconds_left)}"
        if run is not None and isinstance(self._requests[run.job], Train):
            return self._training(run)
        return f"Loading {self.loading}…" if self.loading else "Starting…"

    def _training(self, run: _Run) -> str:
        rests = run.job in self._resting
        match run.at:
            case Preparing() as at if not rests:
                return prepared(at)
            case TrainStep(step=step, seconds_left=seconds):
                told = f"The training rests · Step {step:,}"
                return told if rests else f"Training · Step {step:,}{_left(seconds)}"
        return "The training rests" if rests else "Training…"

    @staticmethod
    def _which(at: messages.Progress) -> str:
        """Pictures of one batch make their steps together."""
        last = at.picture + at.together
        span = f"{at.picture + 1} to {last}" if at.together > 1 else f"{last}"
        return f"Picture{'s' if at.together > 1 else ''} {span} of {at.pictures}"

    def _close(self, job: int, words: str) -> bool:
        """Ends a job of ours; false when it was only warming the model."""
        self._warming.discard(job)
        if job == self._loader:
            self.loading = ""
        if job not in self.open:
            self.changed.emit()
            return False
        self.open.remove(job)
        quiet = isinstance(self._requests.pop(job), Decode)  # done in passing
        self._runs = [run for run in self._runs if run.job != job]
        self._stopping.discard(job)
        self._resting.discard(job)
        if not quiet:
            self.last_words = words
        self.changed.emit()
        return True

    def _begin(self, job: int) -> None:
        """From now on it does not wait: it cannot be moved."""
        if job in self.open:
            waiting = [each for each in self.waiting if each != job]
            self._runs = [run for run in self._runs if run.job != job] + [_Run(job)]
            self.open = [*self.begun, *waiting]

    @Slot(object)
    def _on_loading(self, event: messages.Loading) -> None:
        self.loading, self._loader = event.model, event.job
        self._begin(event.job)
        self.changed.emit()

    @Slot(object)
    def _on_started(self, event: messages.Started) -> None:
        if event.job in self.open:
            self.loading = ""
            self._begin(event.job)
            self.changed.emit()
            self.started.emit()

    @Slot(object)
    def _on_progress(self, event: messages.Progress) -> None:
        self._reached(event)

    @Slot(object)
    def _on_preparing(self, event: Preparing) -> None:
        self._reached(event)

    @Slot(object)
    def _on_train_step(self, event: TrainStep) -> None:
        self._reached(event)

    def _reached(self, at: Reached) -> None:
        if at.job == self.running:
            self._runs[-1].at = at
            self.changed.emit()

    @Slot(object)
    def _on_paused(self, event: Paused) -> None:
        (self._resting.add if event.paused else self._resting.discard)(event.job)
        self.changed.emit()

    @Slot(object)
    def _on_preview(self, event: generating.Preview) -> None:
        if event.job == self.running and not self.cancelling:
            self.preview.emit(event)

    @Slot(object)
    def _on_picture(self, event: generating.Picture) -> None:
        self.picture.emit(event)

    @Slot(object)
    def _on_finished(self, event: messages.Finished) -> None:
        if self._close(event.job, f"Done in {_duration(event.seconds)}"):
            self.finished.emit(event.job)

    @Slot(object)
    def _on_cancelled(self, event: messages.CancelledAt) -> None:
        where = f"Cancelled at step {event.step}" if event.step else "Cancelled"
        if self._close(event.job, where):
            self.finished.emit(event.job)

    @Slot(object)
    def _on_failed(self, event: messages.Failed) -> None:
        if self.model is None:
            self.problem = event.message
        ours = self._close(event.job, "Failed")
        self.failed.emit(event.job if ours else 0, event.message)
        if ours:
            self.finished.emit(event.job)

    @Slot(object)
    def _on_ready(self, event: messages.Ready) -> None:
        self.model, self.loading, self.problem = event, "", ""
        self.ready.emit(event)
        self.changed.emit()


def prepared(at: Preparing) -> str:
    """How far the preparation of a training is, in a few words."""
    what = f"{at.what[:1].upper()}{at.what[1:]}"
    if at.total <= 1:  # nobody can count it
        return f"{what}…"
    return f"{what}: {at.done:,} of {at.total:,}{_left(at.seconds_left or 0)}"


def share_prepared(at: Preparing) -> float | None:
    """0 to 1 of this part; None where nobody can count it."""
    return at.done / at.total if at.total > 1 else None


def _left(seconds: float) -> str:
    return f" · {_duration(seconds)} left" if seconds > 0 else ""


def _duration(seconds: float) -> str:
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
