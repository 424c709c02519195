"""The left column of Compare: what all cells share, what is compared, the two buttons."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import UsageError
from studio.core.grid import Grid
from studio.core.messages import Ready
from studio.core.settings import MAX_GUIDANCE, MAX_STEPS, Settings
from studio.ui.jobs import Jobs
from studio.ui.session import Session, also_told, bind
from studio.ui.widgets.foot import SIDE, Foot, scrolling
from studio.ui.widgets.prompt_box import PromptBox
from studio.ui.widgets.sampler_box import SamplerBox
from studio.ui.widgets.seed_box import SeedBox
from studio.ui.widgets.slider_spin import SliderSpin
from studio.ui.workspaces.compare.axes import AxesEditor, presets
from studio.ui.workspaces.compare.comparison import Comparison

TIPS = (
    "Make all pictures of the comparison (Ctrl+Enter)",
    "Stop; the pictures that are done stay (Esc)",
)


class CompareColumn(QFrame):
    """`asked` says that the comparison is wanted; `plan` is what would be made."""

    asked = Signal()

    def __init__(
        self, session: Session, jobs: Jobs, comparison: Comparison, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("compareColumn")
        self._session, self._jobs, self._comparison = session, jobs, comparison
        self._shared: dict[str, tuple[QLabel, QWidget]] = {}
        self.axes = AxesEditor(session)
        self._make_controls()
        self.foot = Foot(jobs, "compare", "Compare", "comparison", TIPS)
        body = QWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scrolling("compareColumnArea", body), 1)
        self._fill(body)  # before the foot: Tab walks in this order
        column.addWidget(self.foot)
        self._bind()
        self._look_again()
        self._jobs_changed()

    def _make_controls(self) -> None:
        self.prompt = PromptBox(
            "comparePrompt",
            "What the pictures show (Alt+P). Ctrl+Enter compares.",
            "A red apple on a blue background",
            2,
            6,
        )
        self.prompt.setAccessibleName("Prompt of all pictures")
        self.negative = PromptBox(
            "compareNegative",
            "What the pictures should keep away from (Alt+N).",
            "Nothing in particular",
            1,
            3,
        )
        self.negative.setAccessibleName("Negative prompt of all pictures")
        self.sampler = SamplerBox(tuple(self._session.samplers.values()))
        self.steps = SliderSpin("Steps", "The steps of all pictures", 1, MAX_STEPS, 100)
        self.guidance = SliderSpin(
            "Guidance", "How strongly the prompt pulls in all pictures", 0, MAX_GUIDANCE, 15, 1, 0.5
        )
        self.seed = SeedBox()
        self.own_steps = QCheckBox("Each sampler's own steps")
        self.own_steps.setObjectName("compareOwnSteps")
        self.own_steps.setAccessibleName("Each sampler's own steps")
        self.own_steps.setToolTip(
            "Every sampler takes the number of steps that it is good at; without this, all take"
            " the same."
        )
        self.own_steps.setChecked(True)
        self.also = QLabel()
        self.also.setObjectName("compareAlso")
        self.also.setProperty("role", "muted")
        self.also.setWordWrap(True)
        self.also.setTextFormat(Qt.TextFormat.PlainText)
        self.also.setToolTip("“More settings” of Generate hold here too; change them there.")
        _rename(self.sampler, self.steps, self.guidance, self.seed)

    def _fill(self, body: QWidget) -> None:
        column = QVBoxLayout(body)
        column.setContentsMargins(SIDE, 16, SIDE, 12)
        column.setSpacing(5)
        for text, box in (("Prompt", self.prompt), ("Negative prompt", self.negative)):
            label = _label(text, box)
            column.addWidget(label)
            column.addWidget(box)
            column.addSpacing(6)
            self._shared[text.lower()] = (label, box)
        shared = QGridLayout()
        shared.setHorizontalSpacing(10)
        shared.setVerticalSpacing(6)
        shared.setColumnStretch(1, 1)
        shared.setColumnMinimumWidth(0, self.fontMetrics().horizontalAdvance("Columns") + 8)
        rows = (
            ("Sampler", self.sampler),
            ("Steps", self.steps),
            ("Guidance", self.guidance),
            ("Seed", self.seed),
        )
        for number, (text, control) in enumerate(rows):
            label = _label(text, control)
            shared.addWidget(label, number, 0)
            shared.addWidget(control, number, 1)
            self._shared[text.lower()] = (label, control)
        column.addLayout(shared)
        column.addWidget(self.also)
        column.addSpacing(14)
        self._add_presets(column)
        column.addWidget(self.axes)
        column.addWidget(self.own_steps)
        column.addStretch(1)

    def _add_presets(self, column: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        title = QLabel("Compare")
        title.setProperty("role", "title")
        row.addWidget(title, 1)
        for preset in presets(self._session):
            button = QPushButton(preset.text)
            button.setObjectName(f"preset-{preset.id}")
            button.setProperty("role", "small")
            button.setAccessibleName(f"Preset: {preset.text}")
            button.setToolTip(preset.tip)
            button.clicked.connect(partial(self._use_preset, preset.grid))
            row.addWidget(button)
        column.addLayout(row)
        column.addSpacing(4)

    def _bind(self) -> None:
        session = self._session
        for value, control in (
            (session.prompt, self.prompt),
            (session.negative, self.negative),
            (session.sampler, self.sampler),
            (session.steps, self.steps),
            (session.guidance, self.guidance),
            (session.seed, self.seed),
        ):
            bind(value, control)
            value.changed.connect(self._look_again)
        for value in (
            session.schedule, session.shift, session.rule, session.rule_options, session.options,
            session.classifier, session.classifier_scale, session.interval,
        ):  # fmt: skip
            value.changed.connect(self._look_again)
        self.seed.set_locked(session.seed_locked.get())
        session.seed_locked.changed.connect(self.seed.set_locked)
        self.seed.locked.connect(session.seed_locked.set)
        session.last_seed.changed.connect(self.seed.set_last)
        self.seed.again.connect(session.reuse_last_seed)
        self.axes.edited.connect(self._look_again)
        self.own_steps.toggled.connect(self._look_again)
        self._jobs.changed.connect(self._jobs_changed)
        self._jobs.on(Ready, self.axes.model_ready)
        self._comparison.began.connect(self._jobs_changed)
        self._comparison.ended.connect(self._jobs_changed)
        self._comparison.ended.connect(self.foot.follow)
        self.foot.go.clicked.connect(self.asked)
        for box in (self.prompt, self.negative):
            box.submitted.connect(self.asked)

    def plan(self, base: Settings) -> tuple[Grid, tuple[Settings, ...]]:
        """The grid, and the cells that it makes of `base`. Raises UsageError."""
        grid = self.axes.grid()
        own = {spec.name: spec.default_steps for spec in self._session.samplers.values()}
        return grid, grid.cells(base, own if self.own_steps.isChecked() else None)

    def use_grid(self, grid: Grid) -> None:
        """Shows a grid in the axes."""
        self.axes.set_grid(grid)

    def remembered(self) -> dict[str, Any]:
        """What the next start shows again."""
        return {"axes": self.axes.remembered(), "own_steps": self.own_steps.isChecked()}

    def restore(self, kept: dict[str, Any]) -> None:
        """Shows what was remembered; what makes no sense is left as it is."""
        self.axes.restore(kept.get("axes"))
        self.own_steps.setChecked(kept.get("own_steps") is not False)

    def _use_preset(self, grid: Grid, _checked: bool = False) -> None:
        self.use_grid(grid)

    @Slot()
    def _look_again(self, _: object = None) -> None:
        """What is compared has no common value to choose; and what would be made is counted."""
        names = self.axes.names()
        own = "sampler" in names and "steps" not in names
        self.own_steps.setVisible(own)
        taken = {*names, *(("steps",) if own and self.own_steps.isChecked() else ())}
        for name, widgets in self._shared.items():
            for widget in widgets:
                widget.setVisible(name not in taken)
        also = also_told(self._session, set(names))
        self.also.setText(f"As in Generate: {', '.join(also)}")
        self.also.setVisible(bool(also))
        problem, told = "", ""
        try:
            told = self._expected(self.plan(self._session.settings())[1])
        except UsageError as error:
            problem = str(error)
        self.foot.tell_plan(told, problem)

    def _expected(self, cells: tuple[Settings, ...]) -> str:
        """How many pictures, and what they will cost; an adaptive solver decides that itself."""
        told = f"{len(cells)} pictures" if len(cells) != 1 else "1 picture"
        each = [self._session.samplers[cell.sampler].nfe_per_step or 0 for cell in cells]
        if not all(each):
            return told
        asked = (1 if cell.guidance in (0.0, 1.0) else 2 for cell in cells)
        nfe = sum(n * cell.steps * w for n, cell, w in zip(each, cells, asked, strict=True))
        return f"{told} · about {nfe:,} NFE"

    @Slot()
    def _jobs_changed(self) -> None:
        if self._comparison.measuring and not self._jobs.cancelling:
            self.foot.said.setText("Measuring the distances to the converged pictures…")
        self._enable()

    def _enable(self) -> None:
        """One comparison at a time."""
        self.foot.allow(self._comparison.job is None)


def _label(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "label")
    label.setBuddy(buddy)
    return label


def _rename(sampler: SamplerBox, steps: SliderSpin, guidance: SliderSpin, seed: SeedBox) -> None:
    """Every control of the window has a name of its own."""
    named: tuple[QWidget, ...] = (
        sampler, steps.slider, steps.spin, guidance.slider, guidance.spin,
        seed.line, seed.dice, seed.lock, seed.reuse,
    )  # fmt: skip
    for widget in named:
        name = widget.objectName()
        widget.setObjectName(f"shared{name[:1].upper()}{name[1:]}")
