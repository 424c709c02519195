"""What the engine is doing for this window: the running job, the queue, cancelling and errors.

The only part of the window that talks to the bridge. Must not import widgets or torch.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from studio.core import events
from studio.core.requests import Decode, Generate, LoadModel, Request, Settings

if TYPE_CHECKING:
    from studio.bridge.bridge import EngineBridge


PASSED_ON = (
    "cell", "distance", "decoded", "lab", "reconstructed", "probed", "train_step", "train_sample",
    "paused", "trained", "inverted", "frame", "spaced",
)  # fmt: skip


class Jobs(QObject):
    """Follows the jobs of one window. `changed` says that something to show has changed."""

    changed = Signal()
    started = Signal()
    preview = Signal(object)  # events.Preview
    picture = Signal(object)  # events.Picture
    cell = Signal(object)  # events.Cell
    distance = Signal(object)  # events.Distance
    decoded = Signal(object)  # events.Decoded
    lab = Signal(object)  # events.LabRun
    reconstructed = Signal(object)  # autoencoding.Reconstructed
    probed = Signal(object)  # autoencoding.Probed
    train_step = Signal(object)  # autoencoding.TrainStep
    train_sample = Signal(object)  # autoencoding.TrainSample
    paused = Signal(object)  # autoencoding.Paused
    trained = Signal(object)  # autoencoding.Trained
    inverted = Signal(object)  # walks.Inverted
    frame = Signal(object)  # walks.Frame
    spaced = Signal(object)  # walks.Spaced
    finished = Signal(int)  # the job, however it ended
    failed = Signal(int, str)  # the job (0: no job of this window) and one sentence
    ready = Signal(object)  # events.Ready

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge: EngineBridge | None = None
        self._warming: set[int] = set()
        self._requests: dict[int, Request] = {}
        self.open: list[int] = []  # submitted, neither finished nor failed nor cancelled
        self.running: int | None = None
        self._began = 0.0
        self.progress: events.Progress | None = None
        self.loading = ""  # the model that is being loaded
        self.cancelling = False
        self.model: events.Ready | None = None
        self.last_words = ""  # how the last job ended
        self.problem = ""  # why there is no model

    @property
    def busy(self) -> bool:
        return bool(self.open)

    @property
    def waiting(self) -> int:
        """Jobs behind the one that is running (or about to)."""
        return max(0, len(self.open) - 1)

    def attach(self, bridge: EngineBridge, model: str) -> None:
        """Connects the engine and asks it to load `model`."""
        self._bridge = bridge
        for name in ("loading", "started", "progress", "preview", "picture"):
            getattr(bridge, name).connect(getattr(self, f"_on_{name}"))
        for name in PASSED_ON:
            getattr(bridge, name).connect(getattr(self, name))
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
            self.open.insert(1 if self.running is not None else 0, job)
        else:
            self.open.append(job)
        if not isinstance(request, Decode):
            self.last_words = ""
        self.changed.emit()
        return job

    def cancel(self) -> None:
        """Asks for the end of the job at the head of the queue."""
        if self._bridge is not None and self.open and not self.cancelling:
            self.cancelling = True
            self._bridge.cancel(self.open[0])
            self.changed.emit()

    def cancel_job(self, job: int) -> None:
        """Asks for the end of one job, wherever it is in the queue."""
        if self._bridge is not None:
            self._bridge.cancel(job)

    def move(self, job: int, place: int) -> None:
        """Puts a waiting job at `place` among those that wait, 0 the next."""
        waiting = [each for each in self.open if each != self.running]
        if self._bridge is None or job not in waiting:
            return
        waiting.remove(job)
        waiting.insert(max(0, place), job)
        self.open = [each for each in self.open if each == self.running] + waiting
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
        if self._bridge is not None:
            for job in reversed(self.open[1:]):
                self._bridge.cancel(job)
            self.cancel()

    def settings(self) -> Settings | None:
        """The settings of the picture that is being made, its own seed included."""
        request = self._requests.get(self.running or 0)
        if not isinstance(request, Generate):
            return None
        settings = request.settings
        made = self.progress.picture if self.progress is not None else 0
        return replace(settings, seed=settings.seed + made)

    def share_done(self) -> float | None:
        """How much of the running job is done, 0 to 1; None before its first step."""
        at = self.progress
        if at is None:
            return None
        if at.pictures == 1:
            return at.step / at.steps
        gone = time.monotonic() - self._began  # pictures come in batches: only time is even
        return gone / max(gone + at.seconds_left, 1e-9)

    def sentence(self) -> str:
        """What is happening, in a few words."""
        if not self.open:
            return self.last_words
        if self.cancelling:
            return "Cancelling…"
        words = [self._now()]
        if self.waiting:
            words.append(f"{self.waiting} queued")
        return " · ".join(words)

    def _now(self) -> str:
        at = self.progress
        if at is not None:
            which = f"{self._which(at)} · " if at.pictures > 1 else ""
            left = f" · {_duration(at.seconds_left)} left" if at.seconds_left > 0 else ""
            return f"{which}Step {at.step} of {at.steps}{left}"
        return f"Loading {self.loading}…" if self.loading else "Starting…"

    @staticmethod
    def _which(at: events.Progress) -> str:
        """Pictures of one batch make their steps together."""
        last = at.picture + at.together
        span = f"{at.picture + 1} to {last}" if at.together > 1 else f"{last}"
        return f"Picture{'s' if at.together > 1 else ''} {span} of {at.pictures}"

    def _close(self, job: int, words: str) -> bool:
        """Ends a job of ours; false when it was only warming the model."""
        self._warming.discard(job)
        if self.loading and job != self.running:
            self.loading = ""
        if job not in self.open:
            self.changed.emit()
            return False
        self.open.remove(job)
        quiet = isinstance(self._requests.pop(job), Decode)  # done in passing
        self.running = self.progress = None
        self.cancelling = False
        if not quiet:
            self.last_words = words
        self.changed.emit()
        return True

    @Slot(object)
    def _on_loading(self, event: events.Loading) -> None:
        self.loading = event.model
        self.changed.emit()

    @Slot(object)
    def _on_started(self, event: events.Started) -> None:
        if event.job in self.open:
            self.running, self.progress, self.loading = event.job, None, ""
            self._began = time.monotonic()
            self.open.remove(event.job)
            self.open.insert(0, event.job)
            self.changed.emit()
            self.started.emit()

    @Slot(object)
    def _on_progress(self, event: events.Progress) -> None:
        if event.job == self.running:
            self.progress = event
            self.changed.emit()

    @Slot(object)
    def _on_preview(self, event: events.Preview) -> None:
        if event.job == self.running and not self.cancelling:
            self.preview.emit(event)

    @Slot(object)
    def _on_picture(self, event: events.Picture) -> None:
        self.picture.emit(event)

    @Slot(object)
    def _on_finished(self, event: events.Finished) -> None:
        if self._close(event.job, f"Done in {_duration(event.seconds)}"):
            self.finished.emit(event.job)

    @Slot(object)
    def _on_cancelled(self, event: events.CancelledAt) -> None:
        where = f"Cancelled at step {event.step}" if event.step else "Cancelled"
        if self._close(event.job, where):
            self.finished.emit(event.job)

    @Slot(object)
    def _on_failed(self, event: events.Failed) -> None:
        if self.model is None:
            self.problem = event.message
        ours = self._close(event.job, "Failed")
        self.failed.emit(event.job if ours else 0, event.message)
        if ours:
            self.finished.emit(event.job)

    @Slot(object)
    def _on_ready(self, event: events.Ready) -> None:
        self.model, self.loading, self.problem = event, "", ""
        self.ready.emit(event)
        self.changed.emit()


def _duration(seconds: float) -> str:
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
