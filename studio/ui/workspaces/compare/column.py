"""The left column of Compare: what all cells share, what is compared, the two buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QPushButton

from studio.core.errors import UsageError
from studio.core.grid import Grid
from studio.core.messages import Ready
from studio.core.settings import MAX_GUIDANCE, MAX_STEPS, Settings
from studio.core.wording import many
from studio.ui.session import also_told
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.fine_tuning import ALSO
from studio.ui.widgets.foot import Foot, SettingsColumn
from studio.ui.widgets.form import Check, Form, caption, row, settings_grid
from studio.ui.widgets.guided import follow_guidance
from studio.ui.widgets.prompt_box import PromptBox
from studio.ui.widgets.sampler_box import SamplerBox
from studio.ui.widgets.seed_box import SeedBox
from studio.ui.widgets.size_box import SizeBox
from studio.ui.widgets.slider_spin import SliderSpin
from studio.ui.widgets.token_count import TokenCount
from studio.ui.workspaces.compare.axes import AxesEditor
from studio.ui.workspaces.compare.presets import Preset

if TYPE_CHECKING:
    from studio.ui.workspaces.compare.panel import ComparePanel

PROMPT = "What the pictures show (Alt+P). Ctrl+Enter compares."
EXAMPLE = "A red apple on a blue background"
NEGATIVE = "What the pictures should avoid (Alt+N)."
GUIDANCE = "How strongly the prompt guides all pictures"
OWN_STEPS = "Every sampler uses its own default number of steps; otherwise all use the same."
TIPS = (
    "Make all pictures of the comparison (Ctrl+Enter)",
    "Stop; finished pictures are kept (Esc)",
)


class CompareColumn(SettingsColumn):
    """`plan` is what would be made."""

    prompt: PromptBox
    negative: PromptBox
    axes: AxesEditor

    def __init__(self, panel: ComparePanel) -> None:
        super().__init__("compareColumn", panel, gap=5)
        self._session, self._jobs, self._comparison = panel.session, panel.jobs, panel.comparison
        self.axes = AxesEditor(panel.session, panel.jobs, panel.presets[0].grid)
        self._add_shared()
        buttons = map(self._button, panel.presets)
        self.rows.addLayout(row((caption("Compare", "title"), 1), *buttons))
        self.rows.addSpacing(4)
        self.own_steps = Check("compareOwnSteps", "Each sampler's default steps", OWN_STEPS, True)
        self.rows.addWidget(self.axes)
        self.rows.addWidget(self.own_steps)
        self.foot = self.end(Foot(panel.jobs, "compare", "Compare", "comparison", TIPS))
        self.foot.cancel.clicked.connect(panel.jobs.cancel)
        for asked in (self.foot.go.clicked, self.prompt.submitted, self.negative.submitted):
            asked.connect(panel.run)
        self._connect()
        self._look_again()
        self._jobs_changed()

    def _add_shared(self) -> None:
        """What all pictures have in common: the session's."""
        session, prompts, grid = self._session, Form(self.rows, 6), settings_grid()
        box = PromptBox("comparePrompt", "Prompt of all pictures", PROMPT, EXAMPLE, 2, 6)
        count = TokenCount(box, self._jobs, session.model)
        self.prompt = prompts.add("Prompt", box, session.prompt, count)
        label, nothing = "Negative prompt of all pictures", "Nothing in particular"
        box = PromptBox("compareNegative", label, NEGATIVE, nothing, 1, 3)
        count = TokenCount(box, self._jobs, session.model, negative=True)
        self.negative = prompts.add("Negative prompt", box, session.negative, count)
        self.rows.addSpacing(6)
        grid.setColumnMinimumWidth(0, self.fontMetrics().horizontalAdvance("Columns") + 8)
        self.rows.addLayout(grid)
        rows = Form(grid)
        samplers = SamplerBox(session.samplers.values(), "sharedSampler")
        self.sampler = rows.add("Sampler", samplers, session.sampler)
        tip = "The steps of all pictures"
        steps = SliderSpin("sharedSteps", "Steps", tip, 1, MAX_STEPS, 100)
        self.steps = rows.add("Steps", steps, session.steps)
        guidance = SliderSpin("sharedGuidance", "Guidance", GUIDANCE, 0, MAX_GUIDANCE, 15, 1, 0.5)
        self.guidance = rows.add("Guidance", guidance, session.guidance)
        follow_guidance(session, guidance, (self.negative,))
        self.extent = rows.add("Size", SizeBox(session, "sharedSize"), session.size)
        seed = session.seed, session.seed_locked, session.last_seed, session.reuse_last_seed
        seeds = Form(self.rows)  # the line holds "Random (last 4294967295)" only below its caption
        self.seed = seeds.add("Seed", SeedBox("sharedSeed").follow(*seed))
        self._forms = prompts, rows, seeds
        self.also = caption("", "muted", "compareAlso", ALSO, wrap=True)
        self.rows.addWidget(self.also)
        self.rows.addSpacing(14)

    def _connect(self) -> None:
        session = self._session
        for value in (
            session.prompt, session.negative, session.sampler, session.steps, session.guidance,
            session.seed, session.guided, session.skips, session.caches, *session.further,
        ):  # fmt: skip
            value.changed.connect(self._look_again)
        self.axes.edited.connect(self._look_again)
        self.own_steps.toggled.connect(self._look_again)
        self._jobs.changed.connect(self._jobs_changed)
        self._jobs.on(Ready, self.axes.model_ready)
        self._comparison.began.connect(self._jobs_changed)
        self._comparison.ended.connect(self._jobs_changed)
        self._comparison.ended.connect(self.foot.follow)

    def plan(self, base: Settings) -> tuple[Grid, tuple[Settings, ...]]:
        """The grid, and the cells that it makes of `base`. Raises UsageError."""
        grid = self.axes.grid()
        own = {spec.name: spec.default_steps for spec in self._session.samplers.values()}
        return grid, grid.cells(base, own if self.own_steps.isChecked() else None)

    def _button(self, preset: Preset) -> QPushButton:
        label, use = f"Preset: {preset.text}", lambda: self.axes.set_grid(preset.grid)
        return text_button(f"preset-{preset.id}", preset.text, label, preset.tip, "small", use)

    def remembered(self) -> dict[str, Any]:
        """What the next start shows again."""
        return {"axes": self.axes.remembered(), "own_steps": self.own_steps.isChecked()}

    def restore(self, kept: dict[str, Any]) -> None:
        """Shows what was remembered; what makes no sense is left as it is."""
        self.axes.restore(kept.get("axes"))
        self.own_steps.setChecked(kept.get("own_steps") is not False)

    @Slot()
    def _look_again(self, _: object = None) -> None:
        """What is compared has no common value to choose; and what would be made is counted."""
        names = self.axes.names()
        own = "sampler" in names and "steps" not in names
        self.own_steps.setVisible(own)
        taken = {*names, *(("steps",) if own and self.own_steps.isChecked() else ())}
        for form in self._forms:
            for name in form.captions:
                form.reveal(name, name.lower() not in taken)
        also = also_told(self._session, set(names))
        self.also.setText(f"As in Generate: {', '.join(also)}")
        self.also.setVisible(bool(also))
        problem, told = "", ""
        try:
            told = self._expected(self.plan(self._session.settings())[1])
        except UsageError as error:
            problem = str(error)
        self.foot.show_plan(told, problem)

    def _expected(self, cells: tuple[Settings, ...]) -> str:
        """How many pictures, and what they will cost; an adaptive solver decides that itself."""
        told = many(len(cells), "picture")
        each = [self._session.samplers[cell.sampler].evaluations(cell) for cell in cells]
        return f"{told} · about {sum(each):,} NFE" if all(each) else told

    @Slot()
    def _jobs_changed(self) -> None:
        if self._comparison.measuring and not self._jobs.cancelling:
            self.foot.status.setText("Measuring distances to the converged pictures…")
        self.foot.allow(self._comparison.job is None)  # one comparison at a time
