"""Whole runs of k steps, to put beside what a longer run predicts at its step k."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from studio.core import comparing
from studio.core.comparing import Compare
from studio.core.settings import Settings
from studio.core.specs import SamplerSpec
from studio.ui.image.scaled import Picture
from studio.ui.job import Requester
from studio.ui.jobs import Jobs
from studio.ui.workspaces.compare.comparison import Comparison


class TrueRuns(Requester):
    """Runs by their settings; `changed` says that one more has come."""

    changed = Signal()

    def __init__(self, comparison: Comparison, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(jobs, parent)
        self._comparison = comparison
        self._made: dict[Settings, Picture] = {}
        self._wanted: tuple[Settings, ...] = ()
        self._asked: tuple[Settings, ...] = ()
        comparison.began.connect(self._forget)

    def picture(self, settings: Settings) -> Picture | None:
        """The end of that run, once it is there; a cell of the comparison may be just that."""
        if settings in self._made:
            return self._made[settings]
        cells = self._comparison.results
        return next((cell.picture for cell in cells if cell.settings == settings), None)

    def want(self, runs: Iterable[Settings]) -> None:
        """Makes these; a request that is no longer wanted is cancelled."""
        self._wanted = tuple(dict.fromkeys(runs))
        if self.job is None:
            self._ask()
        elif self._missing() and self._jobs.running is self.job:
            self._jobs.cancel()

    def _missing(self) -> tuple[Settings, ...]:
        return tuple(each for each in self._wanted if self.picture(each) is None)

    def _ask(self) -> None:
        missing = self._missing()
        if missing and self._comparison.job is None:
            self._asked = missing
            request = Compare(missing, trajectories=False, distances=False)
            if (job := self.ask(request, front=True)) is not None:
                job.on(comparing.Cell, self._cell)

    @Slot()
    def _forget(self) -> None:
        self._made.clear()
        self._wanted = ()

    @Slot(object)
    def _cell(self, event: comparing.Cell) -> None:
        self._made[self._asked[event.index]] = Picture(event.image)
        self.changed.emit()

    def over(self) -> None:
        if not set(self._missing()) <= set(self._asked):
            self._ask()  # others are wanted by now; what failed is not tried again by itself


def true_run(settings: Settings, spec: SamplerSpec | None, frame: int) -> Settings | None:
    """The settings of the whole run with as many steps as were taken up to a frame (one at least).

    None where that means nothing: noise makes every run another one, and an adaptive solver has no
    steps to count.
    """
    if spec is None or spec.stochastic or not spec.nfe_per_step:
        return None
    return replace(settings, steps=max(1, frame))
