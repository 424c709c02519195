"""A job as the one that asked for it sees it: its request, its events, how far it is, its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studio.core.errors import UsageError
from studio.core.generating import Generate
from studio.core.learning import Preparing, Train, TrainStep
from studio.core.messages import CancelledAt, Event, Failed, Finished, Loading, Progress, Request
from studio.core.settings import Settings
from studio.core.wording import capitalised, loaded_text

if TYPE_CHECKING:
    from studio.ui.jobs import Jobs

Kind = TypeVar("Kind", bound=Event)
End = Finished | CancelledAt | Failed


class _Channel(QObject):
    came = Signal(object)


class Events(QObject):
    """Passes each event on to whoever asked for its kind."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._channels: dict[type, _Channel] = {}

    def on(self, kind: type[Kind], slot: Callable[[Kind], object]) -> None:
        """Calls `slot` with every event of a kind to come, as long as the slot's object lives."""
        if kind not in self._channels:
            self._channels[kind] = _Channel(self)
        self._channels[kind].came.connect(slot)

    def pass_on(self, event: Event) -> None:
        if channel := self._channels.get(type(event)):
            channel.came.emit(event)


class Job(Events):
    """Made by `Jobs.submit`. `ended` comes last, when `end` says how."""

    ended = Signal()

    def __init__(self, number: int, request: Request) -> None:
        super().__init__()
        self.number, self.request = number, request
        self.at: Progress | Preparing | TrainStep | None = None  # how far it is, once it is known
        self.end: End | None = None
        self.stopping = False  # asked to end
        self.resting = False  # a training that is paused
        self.began = 0.0

    def begin(self) -> None:
        self.at, self.began = None, time.monotonic()

    def leave(self) -> None:
        """Whoever listens hears nothing more of it."""
        self.blockSignals(True)
        for channel in self._channels.values():
            channel.blockSignals(True)

    def settings(self) -> Settings | None:
        """The settings of the picture that is being made, its own seeds included."""
        if not isinstance(self.request, Generate):
            return None
        return self.request.settings.numbered(
            self.at.picture if isinstance(self.at, Progress) else 0
        )

    def share_done(self) -> float | None:
        """How much is done, 0 to 1; None before its first step."""
        match self.at:
            case None:
                return None
            case TrainStep(share=share):
                return share
            case Preparing() as at:
                return share_prepared(at)
            case Progress(pictures=1, step=step, steps=steps):
                return step / steps
            case Progress(seconds_left=left):
                gone = time.monotonic() - self.began  # pictures come in batches: only time is even
                return gone / max(gone + left, 1e-9)

    def words(self) -> str:
        """How far it is, in a few words; nothing while nobody knows."""
        match self.at:
            case Progress() as at:
                which = f"{_which(at)} · " if at.pictures > 1 else ""
                return f"{which}Step {at.step} of {at.steps}{_left(at.seconds_left)}"
            case TrainStep(step=step) if self.resting:
                return f"Training paused · Step {step:,}"
            case TrainStep(step=step, seconds_left=seconds):
                return f"Training · Step {step:,}{_left(seconds)}"
            case Preparing() as at if not self.resting:
                return prepared(at)
        if not isinstance(self.request, Train):
            return ""
        return "Training paused" if self.resting else "Training…"


class Requester(QObject):
    """Asks the engine for one thing at a time; `failed` says why nothing came of it."""

    failed = Signal(str)

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.job: Job | None = None  # while it runs or waits

    def ask(self, request: Request, front: bool = False) -> Job | None:
        """Queues a request; None while there is no engine. Raises UsageError."""
        self.job = self._jobs.submit(request, front)
        if self.job is not None:
            self.job.on(Failed, self._job_failed)
            self.job.ended.connect(self._job_ended)
        return self.job

    def drop(self) -> None:
        """Cancels what was asked for and hears nothing more of it."""
        if self.job is not None:
            self._jobs.cancel_job(self.job)
            self.job.leave()
            self.job = None

    def over(self) -> None:
        """The job has ended, however; `job` is None again."""

    @Slot(object)
    def _job_failed(self, event: Failed) -> None:
        self.failed.emit(event.message)

    @Slot()
    def _job_ended(self) -> None:
        self.job = None
        self.over()


class Latest(Requester):
    """Asks for what was wanted last, a moment after the last wish, one thing at a time; `came`
    gives each event of the `kind` that is waited for."""

    came = Signal(object)

    def __init__(
        self, jobs: Jobs, kind: type[Event], parent: QObject | None = None, patience: int = 150
    ) -> None:
        """`patience` is in milliseconds."""
        super().__init__(jobs, parent)
        self._kind = kind
        self._wanted: Request | None = None
        self._settle = QTimer(self, interval=patience, singleShot=True)
        self._settle.timeout.connect(self._begin)

    def drop(self) -> None:
        self._settle.stop()
        self._wanted = None
        super().drop()

    def want(self, request: Request) -> None:
        self._wanted = request
        self._settle.start()

    def over(self) -> None:
        if not self._settle.isActive():
            self._begin()

    @Slot()
    def _begin(self) -> None:
        if self._wanted is None or self.job is not None:
            return
        request, self._wanted = self._wanted, None
        try:
            job = self.ask(request, front=True)
        except UsageError as error:
            self.failed.emit(capitalised(str(error)))
        else:
            if job is not None:
                job.on(self._kind, self.came.emit)


def loaded(at: Loading) -> str:
    """How far the loading of a model is, in a few words."""
    words = loaded_text(at.model, at.bytes, at.read)
    return f"Loading {words}{_left(at.seconds_left) or '…'}"


def prepared(at: Preparing) -> str:
    """How far the preparation of a training is, in a few words."""
    what = capitalised(at.what)
    if at.total <= 1:  # nobody can count it
        return f"{what}…"
    return f"{what}: {at.done:,} of {at.total:,}{_left(at.seconds_left or 0)}"


def share_prepared(at: Preparing) -> float | None:
    """0 to 1 of this part; None where nobody can count it."""
    return at.done / at.total if at.total > 1 else None


def told(end: End) -> str:
    """How a job ended, in a few words."""
    match end:
        case Finished(seconds=seconds):
            return f"Done in {_duration(seconds)}"
        case CancelledAt(step=step):
            return f"Cancelled at step {step}" if step else "Cancelled"
    return "Failed"


def _which(at: Progress) -> str:
    """Pictures of one batch make their steps together."""
    last = at.picture + at.together
    span = f"{at.picture + 1} to {last}" if at.together > 1 else f"{last}"
    return f"Picture{'s' if at.together > 1 else ''} {span} of {at.pictures}"


def _left(seconds: float) -> str:
    return f" · {_duration(seconds)} left" if seconds > 0 else ""


def _duration(seconds: float) -> str:
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
