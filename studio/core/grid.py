"""The grid of a comparison: axes over settings, and the cells they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from studio.core.comparing import MAX_CELLS
from studio.core.errors import UsageError
from studio.core.settings import Settings

#: What an axis can vary: the name of a setting, and its label.
AXES = {
    "sampler": "Sampler",
    "steps": "Steps",
    "guidance": "Guidance",
    "seed": "Seed",
    "prompt": "Prompt",
    "rule": "Guidance rule",
    "schedule": "Schedule",
}


@dataclass(frozen=True)
class Axis:
    """One direction of a grid: a setting of AXES and the values it takes."""

    name: str
    values: tuple[Any, ...]

    def check(self) -> None:
        """Raises UsageError for an unknown setting, no values, or a value twice."""
        if self.name not in AXES:
            raise UsageError(f"{self.name!r} cannot be compared; choose {', '.join(AXES)}.")
        if not self.values:
            raise UsageError(f"{AXES[self.name]} needs at least one value to compare.")
        if len(set(self.values)) < len(self.values):
            raise UsageError(f"{AXES[self.name]} lists the same value twice.")


@dataclass(frozen=True)
class Grid:
    """Columns, rows and tabs; rows and tabs may be absent."""

    columns: Axis
    rows: Axis | None = None
    tabs: Axis | None = None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Those there are, outermost first."""
        return tuple(axis for axis in (self.tabs, self.rows, self.columns) if axis is not None)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(tabs, rows, columns)."""
        lengths = (len(axis.values) if axis else 1 for axis in (self.tabs, self.rows, self.columns))
        tabs, rows, columns = lengths
        return tabs, rows, columns

    def check(self) -> None:
        """Raises UsageError before any cell is made."""
        for axis in self.axes:
            axis.check()
        names = [axis.name for axis in self.axes]
        if len(set(names)) < len(names):
            raise UsageError("each axis of a comparison must vary a different setting.")
        tabs, rows, columns = self.shape
        count = tabs * rows * columns
        if count > MAX_CELLS:
            raise UsageError(
                f"that would make {count:,} pictures; a comparison has at most {MAX_CELLS}."
            )

    def cells(
        self, base: Settings, default_steps: Mapping[str, int] | None = None
    ) -> tuple[Settings, ...]:
        """The settings of every cell, tab by tab, row by row. Raises UsageError.

        Where samplers are compared but steps are not, each takes its own of `default_steps`, if
        given. A sampler's own options go only where it stays `base`'s.
        """
        self.check()
        made = [base]
        for axis in self.axes:
            made = [_with(cell, axis.name, value) for cell in made for value in axis.values]
        names = {axis.name for axis in self.axes}
        if default_steps is not None and "sampler" in names and "steps" not in names:
            made = [replace(cell, steps=default_steps[cell.sampler]) for cell in made]
        for cell in made:
            cell.check()
        return tuple(made)


def _with(cell: Settings, name: str, value: Any) -> Settings:
    changed = replace(cell, **{name: value})
    if name == "sampler" and value != cell.sampler:
        changed = replace(changed, options=())
    if name == "rule" and value != cell.rule:
        changed = replace(changed, rule_options=())
    return changed
