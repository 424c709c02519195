"""The pictures of a trajectory's steps: small ones at once, full ones when they are decoded."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QObject

from studio.core.generating import Picture, Trajectory
from studio.ui.jobs import Jobs
from studio.ui.output.channels import last_of, latents, small, strongest
from studio.ui.output.decoder import Batch, Decoder

MOST_BYTES = 300_000_000  # of full pictures; what does not fit stays small
DECODED = ("clean", "noisy")
FILM = "film"


class Decoding(Decoder):
    """A Decoder of one picture's steps, by channel and frame."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(jobs, 1, parent)
        self.made: Picture | None = None
        self.kept: Trajectory | None = None
        self.most = 0.0  # the gap that is drawn palest; 0 where there is none

    def show(self, made: Picture | None) -> None:
        """Forgets the pictures of the one before."""
        self.forget()
        self.made, self.kept = made, made.trajectory if made is not None else None
        self.most = strongest(self.kept) if self.kept is not None else 0.0
        if made is not None:
            self.pictures.most = max(1, MOST_BYTES // made.image.nbytes)

    def picture(self, channel: str, frame: int) -> tuple[np.ndarray, bool]:
        """The best there is, (h, w, 3) uint8, and whether it is the full one."""
        assert self.made is not None and self.kept is not None
        if channel in DECODED and frame == last_of(channel, self.kept):
            return self.made.image, True
        found = self.pictures.look((channel, frame))
        if found is not None:
            return found, True
        pixels = small(self.kept, channel, frame, self.most)
        return pixels, pixels.shape == self.made.image.shape

    def look(self, channel: str, frame: int) -> None:
        """Asks for the full picture of a step, unless it is there."""
        self.want("look", self._batches(channel, (frame,)))

    def want_film(self, channel: str, frames: Iterable[int]) -> None:
        """Asks for all of these; `ended` follows."""
        batches = self._batches(channel, frames)
        fits = sum(len(steps) for _, steps in batches) <= self.pictures.most
        self.want(FILM, batches if fits else ())

    def _batches(self, channel: str, frames: Iterable[int]) -> tuple[Batch, ...]:
        """At the end itself nothing is left to be decoded."""
        if self.made is None or self.kept is None or channel not in DECODED:
            return ()
        way, end = latents(self.kept, channel), last_of(channel, self.kept)
        steps = {(channel, frame): way[frame] for frame in frames if frame < end}
        return ((self.made.settings.model, steps),)
