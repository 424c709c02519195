"""The left column of Generate: the controls of every setting, the progress and the two buttons."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QWidget

from studio.core.generating import MAX_COUNT
from studio.core.settings import MAX_GUIDANCE, MAX_STEPS
from studio.ui.jobs import Jobs
from studio.ui.session import FULL_INTERVAL, Session, bind
from studio.ui.starting.section import StartSection
from studio.ui.starting.sources import Sources
from studio.ui.viewer.viewer import TRAJECTORIES
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.fine_tuning import FineTuning
from studio.ui.widgets.fold import Fold
from studio.ui.widgets.foot import Foot, SettingsColumn
from studio.ui.widgets.form import Check, Form, column, row
from studio.ui.widgets.guided import follow_guidance
from studio.ui.widgets.prompt_box import PromptBox
from studio.ui.widgets.sampler_box import SamplerBox
from studio.ui.widgets.seed_box import SeedBox
from studio.ui.widgets.size_box import SizeBox
from studio.ui.widgets.slider_spin import SliderSpin
from studio.ui.widgets.token_count import TokenCount
from studio.ui.workspaces.generate.addons import AddOnsSection
from studio.ui.workspaces.generate.variation import VariationSection

APART = 15  # logical pixels between two rows
PROMPT = (
    "What the picture shows (Alt+P). Ctrl+Enter generates, Alt+Up and Alt+Down step through your"
    " earlier prompts,"
    " Ctrl+Up and Ctrl+Down change the weight of the selected words."
    " {red|blue} picks one of them for each picture, __colours__ a line of colours.txt; the words"
    " picked are stored with the picture and its seed, so it can be made again."
)
EXAMPLES = "A red apple on a blue background\nA rocket on a purple background, 3d"
NEGATIVE = "What the picture should avoid (Alt+N)."
STEPS = "How many steps from noise to picture (Alt+T); more is slower."
GUIDANCE = (
    "How strongly the prompt guides (Alt+G): 0 ignores it, 1 is the model as trained, 3 to 7 is"
    " usual."
)
INTERVAL = (
    "Guidance acts only in this part of the way from noise (1) to picture (0), as in the picture"
    " whose settings you took. Click to use all of it."
)
COUNT = "How many pictures to make (Alt+U); their seeds count up."
TRAJECTORY = (
    "Keeps every step of the pictures, so they can be played back. At most"
    f" {TRAJECTORIES} stay in memory; the oldest goes first."
)
BEST = (
    "Of several pictures, shows the one first that fits the prompt best; the others stay beside it,"
    " with their scores."
)
TIPS = (
    "Make the pictures (Ctrl+Enter; Ctrl+Shift+Enter before others)",
    "Stop the pictures being made now (Esc); Shift+Esc stops all",
)


class Column(SettingsColumn):
    """Every setting in reading order."""

    def __init__(self, session: Session, jobs: Jobs, sources: Sources, parent: QWidget) -> None:
        super().__init__("column", parent, gap=5)
        self._session, self._jobs = session, jobs
        label = "Guidance interval: use guidance at all steps"
        self.interval = text_button("interval", "", label, INTERVAL, "link")
        self.interval.clicked.connect(lambda: session.interval.set(FULL_INTERVAL))
        self._add_rows(Form(self.rows, APART - 5))
        self.start, self.variation = StartSection(session, sources), VariationSection(session)
        self.more = FineTuning(session, jobs)
        self.addons = AddOnsSection(session, jobs)
        parts = self.addons, self.start, self.variation, self.more
        self.rows.addLayout(column(*parts, 4, gap=4))
        for part in parts:
            part.toggle.toggled.connect(partial(self._opened, part))
        self.foot = self.end(Foot(jobs, "generate", "Generate", "pictures being made", TIPS))
        session.interval.changed.connect(self._interval_changed)
        jobs.changed.connect(self._jobs_changed)
        self._interval_changed(session.interval.get())
        self._jobs_changed()

    def _add_rows(self, form: Form) -> None:
        session = self._session
        box = PromptBox("prompt", "Prompt", PROMPT, EXAMPLES, 4, 10)
        told = TokenCount(box, self._jobs, session.model)
        self.prompt = form.add("Prompt", box, session.prompt, told)
        nothing = "Nothing in particular"
        box = PromptBox("negative", "Negative prompt", NEGATIVE, nothing, 1, 4)
        told = TokenCount(box, self._jobs, session.model, negative=True)
        self.negative = form.add("Negative prompt", box, session.negative, told)
        self.sampler = form.add("Sampler", SamplerBox(session.samplers.values()), session.sampler)
        steps = SliderSpin("steps", "Steps", STEPS, 1, MAX_STEPS, 100)
        self.steps = form.add("Steps", steps, session.steps)
        guidance = SliderSpin("guidance", "Guidance", GUIDANCE, 0, MAX_GUIDANCE, 15, 1, 0.5)
        self.guidance = form.add("Guidance", guidance, session.guidance, self.interval)
        follow_guidance(session, guidance, (self.negative, self.interval))
        self.extent = form.add("Size", SizeBox(session, key=" (Alt+Z)"), session.size)
        seed = session.seed, session.seed_locked, session.last_seed, session.reuse_last_seed
        self.seed = form.add("Seed", SeedBox().follow(*seed))
        count = SliderSpin("pictures", "Pictures", COUNT, 1, MAX_COUNT, 16)
        self.count = form.add("Pictures", count, session.count)
        self.rows.addSpacing(APART - 5)
        self.trajectories = Check("keepTrajectory", "Keep the trajectory", TRAJECTORY)
        bind(session.trajectories, self.trajectories)
        self.best = Check("bestFirst", "Best first", BEST)
        bind(session.best_first, self.best)
        self.rows.addLayout(row(self.trajectories, 12, self.best, None))
        self.rows.addSpacing(7)

    def go_to(self, fold: Fold, control: QWidget) -> None:
        """Opens a part of the column and puts the focus into it."""
        fold.open()
        control.setFocus()

    def _opened(self, part: QWidget, opened: bool) -> None:
        """What has been unfolded comes into sight, once it is laid out."""
        if opened:
            QTimer.singleShot(0, self, lambda: self.area.ensureWidgetVisible(part, 0, 8))

    @Slot(object)
    def _interval_changed(self, interval: tuple[float, float]) -> None:
        self.interval.setVisible(interval != FULL_INTERVAL)
        self.interval.setText(f"from {interval[1]:g} to {interval[0]:g}  ✕")

    @Slot()
    def _jobs_changed(self) -> None:
        """The button queues while something runs that does not give way."""
        self.foot.go.setText("Generate" if self._jobs.free else "Add to queue")
