"""What is left of a job, from what it has taken so far. Must not import torch or Qt."""

from __future__ import annotations

import time


class Clock:
    """Of a job of so much `work` (evaluations, runs, pixels), a share of which is done.

    Work is taken to last as long as it has until now. Where `decodes` pictures are counted apart
    from it, a decode lasts as long as those measured, and the first as long as `guess` of the work.
    """

    def __init__(self, work: float, decodes: int = 0, guess: float = 1.0) -> None:
        self._work, self._decodes, self._guess = work, decodes, guess
        self._began = self._batch = self._stepped = time.perf_counter()
        self._decoding, self._decoded = 0.0, 0  # seconds, pictures

    def begin(self) -> None:
        """A batch begins."""
        self._batch = time.perf_counter()

    def seconds_left(self, done: float) -> float:
        """Now that so much of the work is done."""
        self._stepped = time.perf_counter()
        pace = (self._stepped - self._began - self._decoding) / done
        decode = self._decoding / self._decoded if self._decoded else self._guess * pace
        return max(0.0, self._work - done) * pace + (self._decodes - self._decoded) * decode

    def decoded(self, pictures: int) -> float:
        """Ends a batch of so many pictures; the seconds it took."""
        now = time.perf_counter()
        if self._decodes:
            self._decoding += now - self._stepped
            self._decoded += pictures
        return now - self._batch
