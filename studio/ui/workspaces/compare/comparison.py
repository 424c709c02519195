"""The comparison that is shown: its cells as they come in, their distances, which one is selected.

Must not import widgets or torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from studio.core import comparing
from studio.core.comparing import Compare
from studio.core.grid import Axis, Grid
from studio.core.settings import Settings
from studio.core.specs import SamplerSpec
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
    def times(self) -> tuple[float, ...]:
        """Where its frames lie, 1 noise to 0 clean; none without a trajectory."""
        kept = self.cell.trajectory if self.cell is not None else None
        return kept.times if kept is not None else ()


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
        self._session = session
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
        return self._session.samplers.get(self.results[index].settings.sampler)

    def place(self, index: int) -> tuple[int, int, int]:
        """(tab, row, column) of a cell."""
        assert self.grid is not None
        _, rows, columns = self.grid.shape
        return index // (rows * columns), index // columns % rows, index % columns

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

    def under_way(self) -> tuple[int, float] | None:
        """The cell being made and how much of it is done, 0 to 1."""
        at = self._jobs.progress
        if self.job is None or self._jobs.running is not self.job or at is None:
            return None
        return at.picture, at.step / max(at.steps, 1)

    def value_label(self, axis: Axis, value: Any) -> str:
        """A value of an axis in words."""
        session = self._session
        match axis.name:
            case "sampler" | "rule" | "schedule":
                specs: dict[str, Any] = getattr(session, f"{axis.name}s")
                spec = specs.get(value)
                return spec.label if spec is not None else str(value) or "Sampler's default"
            case "steps":
                return f"{value} steps" if value != 1 else "1 step"
            case "guidance":
                return f"w = {value:g}"
            case "seed":
                return f"seed {value}"
        return str(value) or "No prompt"

    @property
    def samplers(self) -> dict[str, SamplerSpec]:
        return self._session.samplers

    def sampler_label(self, name: str) -> str:
        spec = self._session.samplers.get(name)
        return spec.label if spec is not None else name

    def label(self, index: int) -> str:
        """What sets a cell apart from the others."""
        if self.grid is None:
            return ""
        settings = self.results[index].settings
        axes = (axis for axis in reversed(self.grid.axes))
        return " · ".join(self.value_label(each, getattr(settings, each.name)) for each in axes)

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
