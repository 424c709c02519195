"""The engine: one thread that owns the device, a queue of requests, a stream of events.

torch is imported in the engine's thread only, so that a window can be shown first.
Must not import Qt.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studio.core import events
from studio.core.errors import Cancelled, StudioError
from studio.core.requests import Generate, LoadModel, Request

if TYPE_CHECKING:
    from studio.engine.devices import Device
    from studio.models.model import Model

log = logging.getLogger(__name__)

Listener = Callable[[events.Event], None]
#: open_model(name or path, device, check): `check` raises Cancelled when the load should stop.
OpenModel = Callable[[str, "Device", Callable[[], None]], "Model"]


def open_from_disk(name: str, device: Device, check: Callable[[], None]) -> Model:
    """The usual `open_model`: what `studio.models.registry` finds. Raises ModelError."""
    from studio.models.registry import open_model

    return open_model(name, device.name, device.precision, check)


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
        """`device`: auto, cpu, cuda or mps; looked up when the first job begins."""

    def submit(self, request: Request, front: bool = False) -> int:
        """Queues a request, before the waiting ones if `front`; returns its job number.

        Raises UsageError, before any work, for a request that makes no sense.
        """

    def cancel(self, job: int) -> None:
        """Asks a job to stop: at once if it waits, within a step (or a file, while loading) if it
        runs. Jobs that have ended are left alone."""

    def cancel_all(self) -> None:
        """Asks every job to stop."""

    def close(self, timeout: float | None = None) -> None:
        """Cancels everything and waits for the thread to end (`timeout` seconds at most)."""
