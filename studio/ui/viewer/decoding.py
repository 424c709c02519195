"""The pictures of a trajectory's steps: small ones at once, full ones when the engine has decoded
them, one request at a time. Must not import widgets or torch.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from studio.core import generating
from studio.core.generating import Decode
from studio.ui.jobs import Jobs
from studio.ui.viewer.channels import last_of, latents, small, strongest

MOST_BYTES = 300_000_000  # of full pictures; what does not fit stays small
DECODED = ("clean", "noisy")
Step = tuple[str, int]  # the channel, the frame


class Decoding(QObject):
    """`changed` says that fuller pictures have come; `complete` that a film's are there, `stopped`
    that they will not come."""

    changed = Signal()
    complete = Signal()
    stopped = Signal()

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.made: generating.Picture | None = None
        self.most = 0.0  # the gap that is drawn palest; 0 where there is none
        self._full: dict[Step, np.ndarray] = {}
        self._film: tuple[Step, ...] | None = None
        self._look: tuple[Step, ...] = ()
        self._asked: tuple[Step, ...] = ()
        self.job: int | None = None
        jobs.decoded.connect(self._decoded)
        jobs.finished.connect(self._finished)

    def show(self, made: generating.Picture | None) -> None:
        """Forgets the pictures of the one before."""
        if made is self.made:
            return
        if self.job is not None:
            self._jobs.cancel_job(self.job)
        self.made, self.job = made, None
        kept = made.trajectory if made is not None else None
        self.most = strongest(kept) if kept is not None else 0.0
        self._full, self._film, self._look, self._asked = {}, None, (), ()

    def picture(self, channel: str, frame: int) -> tuple[np.ndarray, bool]:
        """The best there is, (h, w, 3) uint8, and whether it is the full one."""
        assert self.made is not None
        found = self._full.get((channel, frame))
        if found is not None:
            return found, True
        pixels = small(self.made, channel, frame, self.most)
        return pixels, pixels.shape == self.made.image.shape

    def look(self, channel: str, frame: int) -> None:
        """Asks for the full picture of a step, unless it is there."""
        self._look = ((channel, frame),)
        if self.job is None:
            self._go_on()

    def want_film(self, channel: str, frames: tuple[int, ...]) -> None:
        """Asks for all of these; `complete` or `stopped` follows."""
        self._film = tuple((channel, frame) for frame in frames)
        if self.job is None:
            self._go_on()

    def _go_on(self) -> None:
        """The next request: what is looked at, then the film."""
        for wish in (self._look, self._film or ()):
            missing = self._missing(wish)
            if missing:
                self._ask(missing)
                return
        if self._film is not None:
            self._film = None
            self.complete.emit()

    def _missing(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        made = self.made
        if made is None or made.trajectory is None or not steps or steps[0][0] not in DECODED:
            return ()
        end = last_of(steps[0][0], made.trajectory)
        missing = tuple(step for step in steps if step[1] < end and step not in self._full)
        if (len(self._full) + len(missing)) * made.image.nbytes <= MOST_BYTES:
            return missing
        if len(missing) > 1:
            return ()
        self._full = {}  # one that is looked at has room
        return missing

    def _ask(self, steps: tuple[Step, ...]) -> None:
        assert self.made is not None
        wanted = latents(self.made, steps[0][0], tuple(frame for _, frame in steps))
        self._asked = steps
        self.job = self._jobs.submit(Decode(self.made.settings.model, wanted), front=True)
        if self.job is None:
            self._give_up()

    def _give_up(self) -> None:
        """What failed or was cancelled is not asked again by itself."""
        filming, self._film, self._look = self._film is not None, None, ()
        if filming:
            self.stopped.emit()

    @Slot(object)
    def _decoded(self, event: generating.Decoded) -> None:
        if event.job == self.job:
            self._full.update(zip(self._asked, event.images, strict=False))
            self.changed.emit()

    @Slot(int)
    def _finished(self, job: int) -> None:
        if job == self.job:
            came = all(step in self._full for step in self._asked)
            self.job, self._asked = None, ()
            if came:
                self._go_on()
            else:
                self._give_up()
