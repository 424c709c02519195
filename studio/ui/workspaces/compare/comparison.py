"""The comparison that is shown: its cells as they come in, how far they are, which is selected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from studio.core import comparing
from studio.core.comparing import Compare
from studio.core.generating import Trajectory
from studio.core.grid import Grid
from studio.core.settings import Settings
from studio.core.specs import SamplerSpec
from studio.core.wording import many
from studio.ui.image.scaled import Picture
from studio.ui.job import Requester
from studio.ui.jobs import Jobs
from studio.ui.session import Session


@dataclass(eq=False)
class Result:
    """One cell: what was asked, and what came of it so far."""

    settings: Settings
    cell: comparing.Cell | None = None
    picture: Picture | None = None
    distance: comparing.Distance | None = None

    @property
    def trajectory(self) -> Trajectory | None:
        return self.cell.trajectory if self.cell is not None else None

    @property
    def times(self) -> tuple[float, ...]:
        """Where its frames lie, 1 noise to 0 clean; none without a trajectory."""
        return self.trajectory.times if self.trajectory is not None else ()


class Comparison(Requester):
    """Follows the jobs; `results` are in the grid's order: tab by tab, row by row."""

    began = Signal()
    made = Signal(int)  # a cell
    measured = Signal(int)  # a cell
    moved = Signal()  # the cell being made got on
    selected = Signal(int)
    ended = Signal()

    def __init__(self, session: Session, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(jobs, parent)
        self._session, self.samplers = session, session.samplers
        self.grid: Grid | None = None
        self.results: list[Result] = []
        self.current = 0
        jobs.changed.connect(self._jobs_changed)

    def begin(self, grid: Grid, cells: tuple[Settings, ...]) -> bool:
        """Asks for the cells; false when there is no engine yet. Raises UsageError."""
        job = self.ask(Compare(cells))
        if job is None:
            return False
        job.on(comparing.Cell, self._cell)
        job.on(comparing.Distance, self._distance)
        self.grid = grid
        self.results = [Result(settings) for settings in cells]
        self.current = 0
        self.began.emit()
        return True

    @property
    def done(self) -> int:
        """How many cells are made."""
        return sum(result.cell is not None for result in self.results)

    @property
    def measuring(self) -> bool:
        """All cells are made, their distances are not."""
        return self.job is not None and self.done == len(self.results)

    def spec(self, index: int) -> SamplerSpec | None:
        """The sampler of a cell."""
        return self.samplers.get(self.results[index].settings.sampler)

    def tab(self, number: int) -> range:
        """The cells of a tab."""
        if self.grid is None:
            return range(0)
        _, rows, columns = self.grid.shape
        return range(number * rows * columns, (number + 1) * rows * columns)

    def select(self, index: int) -> None:
        if self.results and index != self.current:
            self.current = min(max(index, 0), len(self.results) - 1)
            self.selected.emit(self.current)

    def share_done(self, index: int) -> float | None:
        """How much of the cell being made is done, 0 to 1; None for another."""
        at, cell = self._jobs.progress, self.results[index].cell
        ours = self.job is not None and self._jobs.running is self.job and cell is None
        return at.step / max(at.steps, 1) if at and ours and at.picture == index else None

    def value_label(self, axis: str, value: Any) -> str:
        """A value of an axis in words."""
        match axis:
            case "sampler" | "rule" | "schedule":
                spec = getattr(self._session, f"{axis}s").get(value)
                return spec.label if spec is not None else str(value) or "Sampler's default"
            case "steps":
                return many(value, "step")
            case "guidance":
                return f"w = {value:g}"
            case "seed":
                return f"seed {value}"
        return str(value) or "No prompt"

    def label(self, index: int) -> str:
        """What sets a cell apart from the others."""
        if self.grid is None:
            return ""
        settings, names = self.results[index].settings, [axis.name for axis in self.grid.axes]
        return " · ".join(self.value_label(n, getattr(settings, n)) for n in reversed(names))

    @Slot(object)
    def _cell(self, event: comparing.Cell) -> None:
        result = self.results[event.index]
        result.cell, result.picture = event, Picture(event.image)
        self.made.emit(event.index)

    @Slot(object)
    def _distance(self, event: comparing.Distance) -> None:
        self.results[event.index].distance = event
        self.measured.emit(event.index)

    @Slot()
    def _jobs_changed(self) -> None:
        if self.job is not None and self._jobs.running is self.job:
            self.moved.emit()

    def over(self) -> None:
        self.ended.emit()
