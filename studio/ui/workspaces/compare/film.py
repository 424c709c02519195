"""The pictures of a film: every frame of every cell, decoded by the engine cell by cell.

Must not import widgets or torch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from studio.core import comparing, generating
from studio.core.generating import Decode
from studio.ui.jobs import Jobs

MOST_BYTES = 600_000_000  # of pictures; beyond, a film is made of the small ones


class FilmFrames(QObject):
    """`ready` gives the pictures by their latents' bytes; `stopped` says that there will be none,
    because the engine failed or the user cancelled."""

    ready = Signal(object)  # dict[bytes, np.ndarray]
    stopped = Signal()

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._waiting: list[comparing.Cell] = []
        self._pictures: dict[bytes, np.ndarray] = {}
        self._came = False  # what the job was asked for
        self.job: int | None = None
        jobs.decoded.connect(self._decoded)
        jobs.finished.connect(self._finished)

    @property
    def busy(self) -> bool:
        return self.job is not None

    def start(self, cells: Mapping[int, comparing.Cell]) -> None:
        """Decodes what is predicted at every step; nothing when that would fill the memory."""
        self._pictures = {}
        self._waiting = [cell for cell in cells.values() if cell.trajectory is not None]
        needed = sum(len(_steps(cell)) * cell.image.nbytes for cell in self._waiting)
        if needed > MOST_BYTES:
            self._waiting = []
        self._next()

    def _next(self) -> None:
        if not self._waiting:
            self.job = None
            self.ready.emit(self._pictures)
            return
        cell = self._waiting[0]
        latents = _steps(cell).astype(np.float32)
        self._came = False
        self.job = self._jobs.submit(Decode(cell.settings.model, latents))
        if self.job is None:
            self.stopped.emit()

    @Slot(object)
    def _decoded(self, event: generating.Decoded) -> None:
        if event.job == self.job:
            self._came = True
            steps = _steps(self._waiting.pop(0))
            for latents, image in zip(steps, event.images, strict=False):
                self._pictures[latents.tobytes()] = image

    @Slot(int)
    def _finished(self, job: int) -> None:
        if job != self.job:
            return
        if self._came:
            self._next()
        else:
            self.job = None
            self.stopped.emit()


def _steps(cell: comparing.Cell) -> np.ndarray:
    """x0 of every frame but the last, which is the picture itself: (n, C, h, w)."""
    assert cell.trajectory is not None
    return cell.trajectory.x0[:-1]
