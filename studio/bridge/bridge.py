"""The engine's events as Qt signals, in the thread of whoever listens."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal, Slot

from studio.core import autoencoding, comparing, generating, laboratory, learning, messages, walks
from studio.core.messages import Request
from studio.engine.engine import Engine
from studio.engine.worker import OpenModel, open_from_disk


class EngineBridge(QObject):
    """An engine, its events as signals. Each signal carries the event of its name as an object.

    Every signal is emitted in the thread this object lives in (the UI thread), in the order of
    the events, and only from the event loop: never inside `submit` or `cancel`.
    After `close` nothing is emitted any more.
    """

    queued = Signal(object)  # messages.Queued
    loading = Signal(object)  # messages.Loading
    started = Signal(object)  # messages.Started
    progress = Signal(object)  # messages.Progress
    preview = Signal(object)  # generating.Preview
    picture = Signal(object)  # generating.Picture
    cell = Signal(object)  # comparing.Cell
    distance = Signal(object)  # comparing.Distance
    decoded = Signal(object)  # generating.Decoded
    lab = Signal(object)  # laboratory.LabRun
    reconstructed = Signal(object)  # autoencoding.Reconstructed
    probed = Signal(object)  # autoencoding.Probed
    preparing = Signal(object)  # learning.Preparing
    train_step = Signal(object)  # learning.TrainStep
    train_sample = Signal(object)  # learning.TrainSample
    paused = Signal(object)  # learning.Paused
    trained = Signal(object)  # learning.Trained
    inverted = Signal(object)  # walks.Inverted
    frame = Signal(object)  # walks.Frame
    spaced = Signal(object)  # walks.Spaced
    finished = Signal(object)  # messages.Finished
    cancelled = Signal(object)  # messages.CancelledAt
    failed = Signal(object)  # messages.Failed
    ready = Signal(object)  # messages.Ready

    _arrived = Signal(object)

    def __init__(
        self,
        device: str = "auto",
        open_model: OpenModel = open_from_disk,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._closed = False
        self._signals = {
            messages.Queued: self.queued,
            messages.Loading: self.loading,
            messages.Started: self.started,
            messages.Progress: self.progress,
            generating.Preview: self.preview,
            generating.Picture: self.picture,
            comparing.Cell: self.cell,
            comparing.Distance: self.distance,
            generating.Decoded: self.decoded,
            laboratory.LabRun: self.lab,
            autoencoding.Reconstructed: self.reconstructed,
            autoencoding.Probed: self.probed,
            learning.Preparing: self.preparing,
            learning.TrainStep: self.train_step,
            learning.TrainSample: self.train_sample,
            learning.Paused: self.paused,
            learning.Trained: self.trained,
            walks.Inverted: self.inverted,
            walks.Frame: self.frame,
            walks.Spaced: self.spaced,
            messages.Finished: self.finished,
            messages.CancelledAt: self.cancelled,
            messages.Failed: self.failed,
            messages.Ready: self.ready,
        }
        # queued even within one thread: a listener never runs inside submit() or cancel()
        self._arrived.connect(self._announce, Qt.ConnectionType.QueuedConnection)
        self._engine = Engine(self._arrived.emit, open_model=open_model, device=device)

    def submit(self, request: Request, front: bool = False) -> int:
        """Queues a request, at the front if asked; returns its job number.

        Raises UsageError, before any work, for a request that makes no sense.
        """
        return self._engine.submit(request, front=front)

    def cancel(self, job: int) -> None:
        """Asks a job to stop; `cancelled` follows. Jobs that have ended are left alone."""
        self._engine.cancel(job)

    def move(self, job: int, place: int) -> None:
        """Puts a waiting job at `place` among those that wait, 0 the next."""
        self._engine.move(job, place)

    def cancel_all(self) -> None:
        """Asks every job to stop, waiting ones first."""
        self._engine.cancel_all()

    def pause(self, job: int, paused: bool = True) -> None:
        """Lets a training wait, or go on; `paused` follows."""
        self._engine.pause(job, paused)

    def keep(self, job: int) -> None:
        """Ends a training early and keeps what it has learnt; `trained` follows."""
        self._engine.keep(job)

    def close(self) -> None:
        """Stops within a step, waits for the engine's thread. The bridge is of no more use."""
        self._closed = True
        self._engine.close()

    @Slot(object)
    def _announce(self, event: messages.Event) -> None:
        if not self._closed:
            self._signals[type(event)].emit(event)
