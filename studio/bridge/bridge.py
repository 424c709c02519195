"""The engine's events as one Qt signal, in the thread of whoever listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot

from studio.core.messages import Event, Request
from studio.core.tokens import Tokens
from studio.engine.engine import Engine
from studio.engine.worker import OpenModel, open_from_disk
from studio.models.tokens import tokens_of

if TYPE_CHECKING:
    from studio.models.memory import Fit


class EngineBridge(QObject):
    """An engine; `arrived` carries each of its events, whatever their kind.

    It is emitted in the thread this object lives in (the UI thread), in the order of the events,
    and only from the event loop: never inside `submit` or `cancel`. After `close` nothing is
    emitted any more.
    """

    arrived = Signal(object)  # core.messages.Event
    _told = Signal(object)  # the same, in the engine's thread

    def __init__(
        self,
        device: str = "auto",
        open_model: OpenModel = open_from_disk,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._closed = False
        # queued even within one thread: a listener never runs inside submit() or cancel()
        self._told.connect(self._pass_on, Qt.ConnectionType.QueuedConnection)
        self._engine = Engine(self._told.emit, open_model=open_model, device=device)

    def submit(self, request: Request, front: bool = False) -> int:
        """Queues a request, at the front if asked; returns its job number.

        Raises UsageError, before any work, for a request that makes no sense.
        """
        return self._engine.submit(request, front=front)

    def cancel(self, job: int) -> None:
        """Asks a job to stop; CancelledAt follows. Jobs that have ended are left alone."""
        self._engine.cancel(job)

    def move(self, job: int, place: int) -> None:
        """Puts a waiting job at `place` among those that wait, 0 the next."""
        self._engine.move(job, place)

    def cancel_all(self) -> None:
        """Asks every job to stop, waiting ones first."""
        self._engine.cancel_all()

    def pause(self, job: int, paused: bool = True) -> None:
        """Lets a training wait, or go on; Paused follows."""
        self._engine.pause(job, paused)

    def keep(self, job: int) -> None:
        """Ends a training early and keeps what it has learnt; Trained follows."""
        self._engine.keep(job)

    def tokens_of(self, prompt: str, model: str, joins: bool = True) -> Tokens:
        """At once, in the caller's thread; no model is loaded for it. Raises ModelError for a
        checkpoint that is not."""
        return tokens_of(prompt, model, joins, self._engine.counting(model))

    def weigh(self, model: str) -> Fit:
        """What a model needs here, and what is free for it. May wait for disks, and for torch: for
        a thread beside. Raises ModelError, UsageError."""
        return self._engine.weigh(model)

    def close(self) -> None:
        """Stops within a step, waits for the engine's thread. The bridge is of no more use."""
        self._closed = True
        self._engine.close()

    @Slot(object)
    def _pass_on(self, event: Event) -> None:
        if not self._closed:
            self.arrived.emit(event)
