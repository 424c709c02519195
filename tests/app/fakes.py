"""A bridge that records what it is asked and says what the test tells it to."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from studio.core import generating, messages
from studio.core.device import Device
from studio.core.generating import Generate
from studio.core.messages import LoadModel, Request
from studio.core.settings import Settings
from studio.core.sizes import Size, Sizes
from studio.core.tokens import Tokens
from studio.models.memory import Fit, Need
from studio.models.tokens import tokens_of

CPU = Device("cpu", "bfloat16", "CPU")


class RecordingBridge(QObject):
    """EngineBridge's signal and methods, without an engine."""

    arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.front: list[bool] = []
        self.cancels: list[int] = []
        self.pauses: list[tuple[int, bool]] = []
        self.kept: list[int] = []
        self.moves: list[tuple[int, int]] = []
        self.answered: set[int] = set()  # by tests that answer many

    def submit(self, request: Request, front: bool = False) -> int:
        if not isinstance(request, LoadModel):
            request.check()
        self.requests.append(request)
        self.front.append(front)
        return len(self.requests) - 1

    def cancel(self, job: int) -> None:
        self.cancels.append(job)

    def pause(self, job: int, paused: bool = True) -> None:
        self.pauses.append((job, paused))

    def keep(self, job: int) -> None:
        self.kept.append(job)

    def move(self, job: int, place: int) -> None:
        self.moves.append((job, place))

    @staticmethod
    def tokens_of(prompt: str, model: str, joins: bool = True) -> Tokens:
        return tokens_of(prompt, model, joins)

    @staticmethod
    def weigh(model: str) -> Fit:
        return Fit(model, Need({"model": 5 * 10**9}, 10**8, 0), 18 * 10**9, CPU)

    def close(self) -> None:
        pass

    @property
    def jobs(self) -> list[Generate]:
        return [request for request in self.requests if isinstance(request, Generate)]

    def get_ready(self) -> None:
        """The model that the window asked for is loaded."""
        assert isinstance(self.requests[0], LoadModel)
        self.arrived.emit(
            messages.Ready(
                0, self.requests[0].model, "CPU", "bfloat16", 0.5, Sizes(Size.square(256))
            )
        )
        self.arrived.emit(messages.Finished(0, 0.5))

    def begin(self, job: int) -> None:
        self.arrived.emit(messages.Started(job))

    def step(self, job: int, step: int, steps: int = 10) -> None:
        self.arrived.emit(messages.Progress(job, 0, 1, step, steps, 1.5))
        self.arrived.emit(generating.Preview(job, 0, np.full((16, 16, 3), 90, np.uint8)))

    def make(self, job: int, settings: Settings | None = None, grey: int = 200) -> None:
        """One picture, then the end of the job."""
        request = self.requests[job]
        assert isinstance(request, Generate)
        image = np.full((256, 256, 3), grey, np.uint8)
        made = generating.Picture(job, 0, image, settings or request.settings, 1.0, 25)
        self.arrived.emit(made)
        self.arrived.emit(messages.Finished(job, 1.0))
