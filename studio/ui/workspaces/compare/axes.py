"""What is compared: up to three directions, each with a setting and its values."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.core import messages
from studio.core.errors import UsageError
from studio.core.grid import AXES, Axis, Grid
from studio.core.guided import NOT_AT_ALL, TWO_CALLS
from studio.core.specs import FAMILIES, GuidanceSpec, ScheduleSpec
from studio.ui.jobs import Jobs
from studio.ui.session import Session
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.form import caption, column, row
from studio.ui.widgets.guided import NO_NUMBER, NO_SECOND_CALL
from studio.ui.widgets.sampler_box import describe
from studio.ui.widgets.token_count import TokenCount
from studio.ui.workspaces.compare.editors import Checklist, Choice, NumberList, PromptList
from studio.ui.workspaces.compare.values import lines, real_numbers, whole_numbers

DIRECTIONS = {"columns": "Columns", "rows": "Rows", "tabs": "Tabs"}
NOTHING = ""
AT_FIRST: dict[str, tuple[Any, ...]] = {
    "steps": (5, 10, 20), "guidance": (1.0, 4.0, 8.0), "seed": (1, 2, 3, 4)
}  # fmt: skip
SAMPLERS = "Tick the samplers to compare (Space); a family's heading ticks all of it."
_RIGHT = Qt.AlignmentFlag.AlignRight
OWN_SCHEDULE = "", "Sampler's default", "This sampler's default schedule"


class AxesEditor(QWidget):
    """`edited` follows every change; `grid` reads what is chosen."""

    edited = Signal()

    def __init__(self, session: Session, jobs: Jobs, grid: Grid) -> None:
        super().__init__()
        self.setObjectName("axes")
        self._session = session
        self.editors = _editors(session)
        self._boxes: dict[str, ChoiceBox] = {}
        self._holders: dict[str, QVBoxLayout] = {}
        self._chosen = dict.fromkeys(DIRECTIONS, NOTHING)
        whole = column(gap=5, on=self)
        for direction, label in DIRECTIONS.items():
            self._add_direction(whole, direction, label)
        prompts = self.editors["prompt"]
        assert isinstance(prompts, PromptList)
        self._count = TokenCount(prompts, jobs, session.model, each_line=True)
        for hidden in (self._count, *self.editors.values()):
            hidden.setParent(self)
            hidden.hide()
        for editor in self.editors.values():
            editor.edited.connect(self.edited)
        self.set_grid(grid)

    def _add_direction(self, whole: QVBoxLayout, direction: str, label: str) -> None:
        tip = f"The setting that changes along the {label.lower()}"
        none = [] if direction == "columns" else [(NOTHING, "Nothing", "")]
        choices = [(name, AXES[name], "") for name in self.editors]
        box = ChoiceBox(f"axis-{direction}", label, tip, [*none, *choices])
        box.edited.connect(partial(self._choose, direction))
        title, holder = caption(label, "muted", buddy=box), column(gap=2)
        title.setFixedWidth(title.fontMetrics().horizontalAdvance(DIRECTIONS["columns"]) + 8)
        whole.addLayout(row(title, (box, 1)))
        whole.addLayout(holder)
        whole.addSpacing(4)
        self._boxes[direction], self._holders[direction] = box, holder

    def names(self) -> tuple[str, ...]:
        """The settings that are compared."""
        return tuple(name for name in self._chosen.values() if name)

    def take_focus(self) -> None:
        """To the first direction."""
        self._boxes["columns"].setFocus()

    def grid(self) -> Grid:
        """What is chosen. Raises UsageError for values that cannot be read."""
        columns, rows, tabs = (self._axis(direction) for direction in DIRECTIONS)
        assert columns is not None
        return Grid(columns, rows, tabs)

    def set_grid(self, grid: Grid) -> None:
        """Shows a grid."""
        axes = dict(zip(DIRECTIONS, (grid.columns, grid.rows, grid.tabs), strict=True))
        for direction, axis in axes.items():
            self._chosen[direction] = axis.name if axis is not None else NOTHING
            if axis is not None:
                self.editors[axis.name].set_values(axis.values)
        self._place()

    def remembered(self) -> dict[str, list[Any]]:
        """By direction the setting and its values; what is half typed is left out."""
        found: dict[str, list[Any]] = {}
        for direction in DIRECTIONS:
            with suppress(UsageError):
                if (axis := self._axis(direction)) is not None:
                    found[direction] = [axis.name, list(axis.values)]
        return found

    def restore(self, kept: Any) -> None:
        """Shows what `remembered` gave, if it still makes sense."""
        before = self.grid()
        try:
            axes = {way: Axis(name, tuple(values)) for way, (name, values) in kept.items()}
            self.set_grid(Grid(axes["columns"], axes.get("rows"), axes.get("tabs")))
            self.grid().check()
        except (AttributeError, TypeError, ValueError, LookupError, UsageError):
            self.set_grid(before)

    def _axis(self, direction: str) -> Axis | None:
        name = self._chosen[direction]
        return Axis(name, self.editors[name].values()) if name else None

    def _choose(self, direction: str, name: str) -> None:
        """A setting that another direction has already changes places with this one's."""
        for other, taken in self._chosen.items():
            if name and taken == name:
                self._chosen[other] = self._chosen[direction]
        self._chosen[direction] = name
        if not self._chosen["columns"]:  # they cannot be nothing
            free = (each for each in self.editors if each not in self._chosen.values())
            self._chosen["columns"] = next(free)
        if name == "prompt" and not self.editors[name].values():
            self.editors[name].set_values(lines(self._session.prompt.get()))
        self._place()

    def _place(self) -> None:
        for name, editor in self.editors.items():
            editor.setVisible(name in self._chosen.values())
        order: list[QWidget] = []
        for direction, name in self._chosen.items():
            self._boxes[direction].set_value(name)
            order.append(self._boxes[direction])
            if name:
                self._holders[direction].addWidget(self.editors[name])
                order.append(self.editors[name])
            if name == "prompt":
                self._holders[direction].insertWidget(0, self._count, 0, _RIGHT)
        self._count.setVisible("prompt" in self._chosen.values())
        for before, after in pairwise(order):
            self.setTabOrder(before, after)
        self.edited.emit()

    @Slot(object)
    def model_ready(self, model: messages.Ready) -> None:
        """Rules that need more than this model has cannot be chosen, nor what it does not heed."""
        rules, twice = self.editors.get("rule"), model.guided == TWO_CALLS
        if isinstance(rules, Checklist):
            for spec in self._session.rules.values():
                rules.enable(spec.name, not spec.needs or spec.needs in model.needs)
        unheeded = {"rule": "" if twice else NO_SECOND_CALL}
        unheeded["guidance"] = NO_NUMBER if model.guided == NOT_AT_ALL else ""
        for box in self._boxes.values():
            for name, why_not in unheeded.items():
                box.enable(name, why_not)


_Editor = Checklist | NumberList | PromptList


def _editors(session: Session) -> dict[str, _Editor]:
    """A control for the values of every setting that can be compared here."""
    families = [
        (
            label,
            [(s.name, s.label, describe(s)) for s in session.samplers.values() if s.family == f],
        )
        for f, label in FAMILIES.items()
    ]
    made: dict[str, _Editor] = {
        "sampler": _ticks("Samplers", SAMPLERS, [each for each in families if each[1]]),
        "steps": _numbers("Steps", "like 5, 10, 25 or 1-4", whole_numbers),
        "guidance": _numbers("Guidance", "like 0, 1, 2.5, 4", real_numbers),
        "seed": _numbers("Seeds", "like 1, 7, 42 or 1-4", whole_numbers),
        "prompt": PromptList("comparePrompts", "Prompts to compare", "One prompt per line"),
    }
    for name, values in AT_FIRST.items():
        made[name].set_values(values)
    rules = [_choice(spec) for spec in session.rules.values() if spec.needs != "classifier"]
    if len(rules) > 1:
        made["rule"] = _ticks("Rules", "Tick the guidance rules to compare.", [("", rules)], 2)
    schedules = [OWN_SCHEDULE, *map(_choice, session.schedules.values())]
    if len(schedules) > 1:
        tip = "Tick the schedules to compare."
        made["schedule"] = _ticks("Schedules", tip, [("", schedules)], 3)
    return made


def _ticks(
    what: str, tip: str, groups: list[tuple[str, list[Choice]]], ticked: int = 0
) -> Checklist:
    """The first so many are `ticked`."""
    label = f"{'Guidance rules' if what == 'Rules' else what} to compare"
    made = Checklist(f"compare{what}", label, tip, groups)
    made.set_values(tuple(value for value, _, _ in groups[0][1][:ticked]))
    return made


def _choice(spec: GuidanceSpec | ScheduleSpec) -> Choice:
    return spec.name, spec.label, f"{spec.summary}\nSource: {spec.source}"


def _numbers(what: str, how: str, parse: Any) -> NumberList:
    tip = f"The values to compare, {how}"
    return NumberList(f"compare{what}", f"{what} to compare", tip, parse)
