"""How far a training's preparation is: a bar in a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from tqdm import tqdm

if TYPE_CHECKING:
    from studio.training.task import Stage

EVERY = 10.0  # seconds between two lines


class Preparation:
    """Goes on saying how long a stage has taken while it is silent itself, as compiling is."""

    def __init__(self, report: Callable[[str], None], silent: bool = False) -> None:
        self._report = (lambda _: None) if silent else report
        disable = True if silent else None
        self._bar = tqdm(leave=False, disable=disable, file=sys.stderr, bar_format=_FORMAT)
        self._stage: Stage | None = None
        self._began = time.monotonic()
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def saw(self, stage: Stage) -> None:
        """A stage as `Run.prepare` yields it; the last one is "ready"."""
        if self._stage is None or stage.what != self._stage.what:
            self._began = time.monotonic()
            self._bar.reset(stage.total)
            self._bar.set_description_str(stage.what)
            self._stage = stage
            self._say()
        self._stage = stage
        self._bar.update(stage.done - self._bar.n)
        if stage.what == "ready":
            self._end()

    def _end(self) -> None:
        self._over.set()
        self._bar.close()

    def _beat(self) -> None:
        while not self._over.wait(EVERY if self._bar.disable else 1.0):
            self._say()

    def _say(self) -> None:
        if not self._bar.disable:
            self._bar.refresh()
        elif (stage := self._stage) is not None and not self._over.is_set():
            self._report(_line(stage, time.monotonic() - self._began))


_FORMAT = "{desc}: {n_fmt} of {total_fmt} |{bar}| {elapsed} gone, {remaining} left"


def _line(stage: Stage, seconds: float) -> str:
    if stage.total == 1:
        return f"{stage.what}, {seconds:.0f} s" if seconds >= 1 else stage.what
    counted = f"{stage.what}: {stage.done} of {stage.total}"
    if not stage.done:
        return counted
    return f"{counted}, {seconds * (stage.total / stage.done - 1):.0f} s left"
