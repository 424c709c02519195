"""A bridge that records what it is asked and says what a test tells it to say."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from studio.core import events
from studio.core.requests import Generate, LoadModel, Request


class FakeBridge(QObject):
    """The signals and methods of EngineBridge, without an engine."""

    queued = Signal(object)
    loading = Signal(object)
    started = Signal(object)
    progress = Signal(object)
    preview = Signal(object)
    picture = Signal(object)
    finished = Signal(object)
    cancelled = Signal(object)
    failed = Signal(object)
    ready = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.submitted: list[tuple[int, Request, bool]] = []
        self.cancels: list[int] = []

    def submit(self, request: Request, front: bool = False) -> int:
        job = len(self.submitted) + 1
        self.submitted.append((job, request, front))
        return job

    def cancel(self, job: int) -> None:
        self.cancels.append(job)

    def requests(self) -> list[Generate]:
        return [request for _, request, _ in self.submitted if isinstance(request, Generate)]

    def jobs(self) -> list[int]:
        return [job for job, request, _ in self.submitted if isinstance(request, Generate)]

    # What an engine would say.

    def say_ready(self) -> None:
        load = next(job for job, request, _ in self.submitted if isinstance(request, LoadModel))
        self.ready.emit(events.Ready(load, "studio-256", "CPU", "float32", 1.0))
        self.finished.emit(events.Finished(load, 1.0))

    def say_step(self, job: int, step: int, picture: int = 0, seconds_left: float = 3.0) -> None:
        request = dict((j, r) for j, r, _ in self.submitted)[job]
        assert isinstance(request, Generate)
        steps = request.settings.steps
        self.progress.emit(
            events.Progress(job, picture, request.count, step, steps, seconds_left)
        )

    def say_picture(self, job: int, picture: int = 0, image: np.ndarray | None = None) -> None:
        request = dict((j, r) for j, r, _ in self.submitted)[job]
        assert isinstance(request, Generate)
        made = request.settings
        from dataclasses import replace

        settings = replace(made, seed=made.seed + picture)
        pixels = painted(settings.seed) if image is None else image
        self.picture.emit(events.Picture(job, picture, pixels, settings, 1.5, made.steps))

    def run(self, job: int) -> None:
        """A whole job of one picture."""
        self.started.emit(events.Started(job))
        self.say_step(job, 1)
        self.preview.emit(events.Preview(job, 0, painted(1, side=16)))
        self.say_picture(job)
        self.finished.emit(events.Finished(job, 1.5))


def painted(seed: int, side: int = 256) -> np.ndarray:
    """A round something on a graded ground, in colours drawn from the seed."""
    draw = np.random.default_rng(seed)
    ground, ball = draw.integers(40, 230, (2, 3)).astype(float)
    down, across = np.mgrid[0:side, 0:side] / side
    graded = ground * (0.75 + 0.4 * down[..., None])
    light = np.clip(1.35 - 1.6 * np.hypot(across - 0.42, down - 0.4), 0.3, 1.2)[..., None]
    inside = np.clip((0.3 - np.hypot(across - 0.5, down - 0.52)) * side / 1.5, 0, 1)[..., None]
    return np.clip(graded * (1 - inside) + ball * light * inside, 0, 255).astype(np.uint8)
