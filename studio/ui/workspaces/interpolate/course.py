"""The walk that is shown: its frames as they come in, what stands between them, its cross-fade.

One walk is kept at a time, every frame once as pixels and once as a QImage with its halves: at most
MOST_BYTES in all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from studio.core.errors import UsageError
from studio.core.sizes import Size
from studio.core.walks import Frame, Inverted, Spaced, Walk, places, weights
from studio.ui.image.scaled import Picture
from studio.ui.job import Requester
from studio.ui.jobs import Jobs

MOST_BYTES = 400_000_000
BYTES_A_PIXEL = 3 + 16 / 3  # RGB, and RGB32 with its halves, quarters, ...


class Course(Requester):
    """Follows the jobs; frames are known by their index, row by row."""

    began = Signal()
    framed = Signal(int)  # a frame came, or came anew
    returned = Signal(int)  # an end came back from its noise
    measured = Signal()
    ended = Signal()

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(jobs, parent)
        self.walk: Walk | None = None
        self.frames: dict[int, Frame] = {}
        self.pictures: dict[int, Picture] = {}
        self.returns: dict[int, Inverted] = {}
        self.spacings: list[Spaced] = []
        self._near: list[tuple[float, int | None]] = []  # how far, squared, the nearest finished is

    def begin(self, walk: Walk) -> bool:
        """Asks for the frames; false when there is no engine yet. Raises UsageError."""
        walk.check()
        size = walk.ends[0].settings.size
        needed = walk.columns * walk.rows * size.width * size.height * BYTES_A_PIXEL
        if needed > MOST_BYTES:
            raise UsageError("that many frames of this size do not fit into memory; use fewer.")
        job = self.ask(walk)
        if job is None:
            return False
        job.on(Frame, self._frame)
        job.on(Inverted, self._inverted)
        job.on(Spaced, self._spaced)
        self.walk = walk
        self.frames, self.pictures, self.returns, self.spacings = {}, {}, {}, []
        self._near = [(math.inf, None)] * self.count
        self.began.emit()
        return True

    def cancel(self) -> None:
        """Ends the walk, also while it waits; without one, what the engine does now."""
        if self.job is None or self.job is self._jobs.open[0]:
            self._jobs.cancel()
        else:
            self._jobs.cancel_job(self.job)

    @property
    def count(self) -> int:
        """How many frames the walk has, made or not."""
        rows, columns = self.shape
        return rows * columns

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return (self.walk.rows, self.walk.columns) if self.walk is not None else (1, 0)

    @property
    def wide(self) -> float:
        """How wide a frame is for its height."""
        size = self.walk.ends[0].settings.size if self.walk is not None else Size(1, 1)
        return size.width / size.height

    @property
    def spaced(self) -> Spaced | None:
        return self.spacings[-1] if self.spacings else None

    def place(self, index: int) -> tuple[float, float]:
        """Where a frame lies, or will."""
        assert self.walk is not None
        made = self.frames.get(index)
        return made.place if made is not None else places(self.walk)[index]

    def nearest(self, index: int) -> int | None:
        """The finished frame nearest to a frame, itself if it is finished."""
        return self._near[index][1]

    def _draw_near(self, made: int) -> None:
        """A frame came: it may be nearer to others than what was there."""
        across = self.shape[1]
        row, column = divmod(made, across)
        for index, near in enumerate(self._near):
            down, right = divmod(index, across)
            far = (down - row) ** 2 + (right - column) ** 2
            self._near[index] = (far, made) if far < near[0] else near

    def route(self) -> tuple[int, ...]:
        """All frames in the order they are played: left to right, in a grid there and back."""
        rows, columns = self.shape
        lines = (range(row * columns, (row + 1) * columns) for row in range(rows))
        return tuple(
            index for row, line in enumerate(lines) for index in (line[::-1] if row % 2 else line)
        )

    def ends(self) -> tuple[int, ...]:
        """The frames at the ends, in the order of the ends."""
        rows, columns = self.shape
        if rows == 1:
            return 0, columns - 1
        return 0, columns - 1, (rows - 1) * columns, rows * columns - 1

    def end_at(self, index: int) -> int | None:
        """Which end a frame is."""
        ends = self.ends()
        return ends.index(index) if index in ends else None

    def share(self, index: int) -> tuple[float, ...]:
        """How much each end counts at a frame."""
        return weights(len(self.ends()), self.place(index))

    def fade(self, index: int) -> np.ndarray | None:
        """The cross-fade of the ends' pixels at the place of a frame, (H, W, 3) uint8; None until
        all ends are there."""
        ends = self.ends() if self.walk is not None else ()
        if not ends or not set(ends) <= set(self.frames):
            return None
        return cross_fade([self.frames[end].image for end in ends], self.share(index))

    @Slot(object)
    def _frame(self, event: Frame) -> None:
        self.frames[event.index] = event
        self.pictures[event.index] = Picture(event.image)
        self._draw_near(event.index)
        self.framed.emit(event.index)

    @Slot(object)
    def _inverted(self, event: Inverted) -> None:
        self.returns[event.index] = event
        self.returned.emit(event.index)

    @Slot(object)
    def _spaced(self, event: Spaced) -> None:
        self.spacings.append(event)
        self.measured.emit()

    def over(self) -> None:
        self.ended.emit()


def cross_fade(images: Sequence[np.ndarray], share: tuple[float, ...]) -> np.ndarray:
    """The mean of pictures (H, W, 3) uint8, each counted by its share; the shares sum to 1."""
    if 1.0 in share:
        return images[share.index(1.0)]
    mixed = np.zeros(images[0].shape, np.float32)
    for image, weight in zip(images, share, strict=True):
        mixed += np.float32(weight) * image
    return np.rint(mixed).astype(np.uint8)
