"""The left column of Generate: the controls of every setting, the progress and the two buttons."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.generating import MAX_COUNT
from studio.core.settings import MAX_GUIDANCE, MAX_STEPS
from studio.ui.jobs import Jobs
from studio.ui.session import FULL_INTERVAL, Session, bind
from studio.ui.starting.section import StartSection
from studio.ui.starting.sources import Sources
from studio.ui.viewer.viewer import TRAJECTORIES
from studio.ui.widgets.fine_tuning import FineTuning
from studio.ui.widgets.fold import Fold
from studio.ui.widgets.foot import SIDE, Foot, scrolling
from studio.ui.widgets.prompt_box import PromptBox
from studio.ui.widgets.sampler_box import SamplerBox
from studio.ui.widgets.seed_box import SeedBox
from studio.ui.widgets.slider_spin import SliderSpin
from studio.ui.workspaces.generate.variation import VariationSection

PROMPT = (
    "What the picture shows (Alt+P). Ctrl+Enter generates, Alt+Up and Alt+Down walk your prompts."
    " {red|blue} draws one of them for each picture, __colours__ a line of colours.txt; the words"
    " drawn are stored with the picture and its seed, so that it can be made again."
)
TIPS = (
    "Make the pictures (Ctrl+Enter; Ctrl+Shift+Enter before others)",
    "Stop the pictures being made now (Esc); Shift+Esc stops all",
)


class Column(QFrame):
    """Every setting in reading order; its width is the panel's business."""

    def __init__(self, session: Session, jobs: Jobs, sources: Sources, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("column")
        self._session, self._jobs = session, jobs
        self.start = StartSection(session, sources)
        self.variation = VariationSection(session)
        self._make_controls()
        self.trajectories = self._make_check()
        self.foot = Foot(jobs, "generate", "Generate", "pictures being made", TIPS)
        body = QWidget()
        self._area = scrolling("columnArea", body)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._area, 1)
        self._fill(body)  # before the foot: Tab walks in this order
        column.addWidget(self.foot)
        self._bind()
        self._interval_changed(session.interval.get())
        self._jobs_changed()

    def _make_controls(self) -> None:
        self.prompt = PromptBox(
            "prompt",
            PROMPT,
            "A red apple on a blue background\nA rocket on a purple background, 3d",
            4,
            10,
        )
        self.prompt.setAccessibleName("Prompt")
        self.negative = PromptBox(
            "negative",
            "What the picture should keep away from (Alt+N).",
            "Nothing in particular",
            1,
            4,
        )
        self.negative.setAccessibleName("Negative prompt")
        self.guidance = SliderSpin(
            "Guidance",
            "How strongly the prompt pulls (Alt+G): 0 ignores it, 1 is the model as trained, "
            "3 to 7 is usual.",
            0,
            MAX_GUIDANCE,
            15,
            decimals=1,
            step=0.5,
        )
        self.sampler = SamplerBox(tuple(self._session.samplers.values()))
        self.steps = SliderSpin(
            "Steps",
            "How many steps from noise to picture (Alt+T); more is slower.",
            1,
            MAX_STEPS,
            100,
        )
        self.seed = SeedBox()
        self.count = SliderSpin(
            "Pictures", "How many pictures to make (Alt+U); their seeds count up.", 1, MAX_COUNT, 16
        )

    def _make_check(self) -> QCheckBox:
        box = QCheckBox("Keep the trajectory")
        box.setObjectName("keepTrajectory")
        box.setAccessibleName("Keep the trajectory")
        box.setToolTip(
            "Keeps every step of the pictures made, to be played. At most"
            f" {TRAJECTORIES} stay in memory: the oldest goes first."
        )
        return box

    def _fill(self, body: QWidget) -> None:
        column = QVBoxLayout(body)
        column.setContentsMargins(SIDE, 16, SIDE, 12)
        column.setSpacing(0)
        self._add(column, "Prompt", self.prompt)
        self._add(column, "Negative prompt", self.negative)
        self._add(column, "Sampler", self.sampler)
        self._add(column, "Steps", self.steps)
        self._add(column, "Guidance", self.guidance, self._interval_note())
        self._add(column, "Seed", self.seed)
        self._add(column, "Pictures", self.count)
        self.more = FineTuning(self._session, self._jobs)
        column.addWidget(self.trajectories)
        column.addSpacing(12)
        for part in (self.start, self.variation, self.more):
            column.addWidget(part)
            column.addSpacing(4)
            part.toggle.toggled.connect(partial(self._opened, part))
        column.addStretch(1)

    def _add(
        self, column: QVBoxLayout, text: str, control: QWidget, beside: QWidget | None = None
    ) -> None:
        row = QHBoxLayout()
        row.addWidget(_label(text, control), 1)
        if beside is not None:
            row.addWidget(beside)
        column.addLayout(row)
        column.addSpacing(5)
        column.addWidget(control)
        column.addSpacing(15)

    def _interval_note(self) -> QPushButton:
        """Says that a recalled interval is in force; a click returns to the full one."""
        self.interval = QPushButton()
        self.interval.setObjectName("interval")
        self.interval.setProperty("role", "link")
        self.interval.setAccessibleName("Guidance interval: return to the whole way")
        self.interval.setToolTip(
            "Guidance acts only in this part of the way from noise (1) to picture (0), "
            "as in the picture whose settings you took. Click to use all of it."
        )
        self.interval.clicked.connect(self._reset_interval)
        return self.interval

    def _bind(self) -> None:
        session = self._session
        bind(session.prompt, self.prompt)
        bind(session.negative, self.negative)
        bind(session.sampler, self.sampler)
        bind(session.steps, self.steps)
        bind(session.guidance, self.guidance)
        bind(session.seed, self.seed)
        bind(session.count, self.count)
        self.seed.set_locked(session.seed_locked.get())
        session.seed_locked.changed.connect(self.seed.set_locked)
        self.seed.locked.connect(session.seed_locked.set)
        session.last_seed.changed.connect(self.seed.set_last)
        self.seed.again.connect(session.reuse_last_seed)
        self.trajectories.setChecked(session.trajectories.get())
        self.trajectories.toggled.connect(session.trajectories.set)
        session.trajectories.changed.connect(self.trajectories.setChecked)
        session.interval.changed.connect(self._interval_changed)
        self._jobs.changed.connect(self._jobs_changed)

    def go_to(self, fold: Fold, control: QWidget) -> None:
        """Opens a part of the column and puts the focus into it."""
        fold.open()
        control.setFocus()

    def _opened(self, part: QWidget, opened: bool) -> None:
        """What has been unfolded comes into sight, once it is laid out."""
        if opened:
            QTimer.singleShot(0, self, lambda: self._area.ensureWidgetVisible(part, 0, 8))

    @Slot()
    def _reset_interval(self) -> None:
        self._session.interval.set(FULL_INTERVAL)

    @Slot(object)
    def _interval_changed(self, interval: tuple[float, float]) -> None:
        self.interval.setVisible(interval != FULL_INTERVAL)
        self.interval.setText(f"from {interval[1]:g} to {interval[0]:g}  ✕")

    @Slot()
    def _jobs_changed(self) -> None:
        """The button queues while something runs that does not give way."""
        self.foot.go.setText("Generate" if self._jobs.free else "Add to queue")


def _label(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "label")
    label.setBuddy(buddy)
    return label
