"""The left column of Interpolate: the ends, the way between them, the two buttons."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import UsageError
from studio.core.settings import MAX_GUIDANCE, MAX_STEPS
from studio.core.walks import CONDITIONINGS, MOST_FRAMES, NOISES, WAYS, Walk
from studio.ui.jobs import Jobs
from studio.ui.preferences import texts
from studio.ui.session import Session, also_told, bind
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.foot import SIDE, Foot, scrolling
from studio.ui.widgets.sampler_box import SamplerBox
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.slider_spin import SliderSpin
from studio.ui.workspaces.interpolate import plan
from studio.ui.workspaces.interpolate.course import Course
from studio.ui.workspaces.interpolate.ends import EndCard
from studio.ui.workspaces.interpolate.reading import Reading

COUNTS = {
    "2": ("Two ends", "A strip of frames from one end to the other"),
    "4": ("Four ends", "A grid of frames between four corners"),
}
TITLES = {
    2: ("Start", "End"),
    4: ("Top left", "Top right", "Bottom left", "Bottom right"),
}
TIPS = (
    "Make all frames, the ends first (Ctrl+Enter)",
    "Stop; the frames that are done stay (Esc)",
)
SIDE_MOST = 15  # frames a side of a grid: 15 x 15 of the MOST_FRAMES


class WalkColumn(QFrame):
    """`asked` says that the walk is wanted; `walk` is what would be made."""

    asked = Signal()

    def __init__(
        self, session: Session, jobs: Jobs, course: Course, reading: Reading, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("walkColumn")
        self._session, self._course = session, course
        self.cards = tuple(EndCard(index, reading) for index in range(4))
        self._make_way()
        self._make_sampling()
        self.foot = Foot(jobs, "walk", "Walk", "walk", TIPS)
        body = QWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scrolling("walkColumnArea", body), 1)
        self._fill(body)  # before the foot: Tab walks in this order
        column.addWidget(self.foot)
        self._connect()
        self._look_again()
        self._enable()

    def _make_way(self) -> None:
        self.ends = Segments("walkEnds", "Ends", COUNTS)
        self.way = ChoiceBox(
            "walkWay", "Way", "What lies between the ends (Alt+W)", plan.told(WAYS)
        )
        self.noise = ChoiceBox(
            "walkNoise", "Between noises", "How noises, or latents, are mixed", plan.told(NOISES)
        )
        self.conditioning = ChoiceBox(
            "walkConditioning", "Between prompts", "How prompts are mixed", plan.told(CONDITIONINGS)
        )
        self.frames = SliderSpin("Frames", "How many frames the strip has", 2, MOST_FRAMES, 33)
        self.across = SliderSpin(
            "Frames across", "Frames a row of the grid", 2, SIDE_MOST, SIDE_MOST
        )
        self.down = SliderSpin(
            "Frames down", "Frames a column of the grid", 2, SIDE_MOST, SIDE_MOST
        )
        for name, control, number in (
            ("walkFrames", self.frames, 9),
            ("walkAcross", self.across, 5),
            ("walkDown", self.down, 5),
        ):
            _name(name, control)
            control.set_value(number)
        self.even = QCheckBox("Even perceptual speed")
        self.even.setObjectName("walkEven")
        self.even.setAccessibleName("Even perceptual speed")
        self.even.setToolTip(
            "Moves the frames so that each looks as far from the next as any other, by LPIPS"
            " where its weights are here, else by pixels. The inner frames are made twice."
        )

    def _make_sampling(self) -> None:
        self.sampler = SamplerBox(tuple(self._session.samplers.values()))
        self.steps = SliderSpin("Steps", "The steps of all frames", 1, MAX_STEPS, 100)
        self.guidance = SliderSpin(
            "Guidance",
            "How strongly the prompts pull in all frames",
            0,
            MAX_GUIDANCE,
            15,
            1,
            0.5,
        )
        self.sampler.setObjectName("walkSampler")
        _name("walkSteps", self.steps)
        _name("walkGuidance", self.guidance)
        self.also = QLabel()
        self.also.setObjectName("walkAlso")
        self.also.setProperty("role", "muted")
        self.also.setWordWrap(True)
        self.also.setTextFormat(Qt.TextFormat.PlainText)
        self.also.setToolTip("“More settings” of Generate hold here too; change them there.")

    def _fill(self, body: QWidget) -> None:
        column = QVBoxLayout(body)
        column.setContentsMargins(SIDE, 14, SIDE, 12)
        column.setSpacing(0)
        column.addWidget(self.ends, 0, Qt.AlignmentFlag.AlignLeft)
        column.addSpacing(8)
        for card in self.cards:
            column.addWidget(card)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self._rows: dict[str, tuple[QLabel, QWidget]] = {}
        for number, (text, control) in enumerate(
            (
                ("Way", self.way),
                ("Noises", self.noise),
                ("Prompts", self.conditioning),
                ("Frames", self.frames),
                ("Across", self.across),
                ("Down", self.down),
                ("Sampler", self.sampler),
                ("Steps", self.steps),
                ("Guidance", self.guidance),
            )
        ):
            label = QLabel(text)
            label.setProperty("role", "label")
            label.setBuddy(control)
            grid.addWidget(label, number, 0)
            grid.addWidget(control, number, 1)
            self._rows[text] = (label, control)
        column.addLayout(grid)
        column.addSpacing(8)
        column.addWidget(self.even)
        column.addWidget(self.also)
        column.addStretch(1)

    def _connect(self) -> None:
        session = self._session
        for value, control in (
            (session.sampler, self.sampler),
            (session.steps, self.steps),
            (session.guidance, self.guidance),
        ):
            bind(value, control)
        for value in (
            session.sampler, session.steps, session.guidance, session.schedule, session.shift,
            session.rule, session.rule_options, session.options, session.classifier,
            session.classifier_scale, session.interval, session.negative,
        ):  # fmt: skip
            value.changed.connect(self._look_again)
        for card in self.cards:
            card.edited.connect(self._look_again)
            card.submitted.connect(self.asked)
        for signal in (
            self.ends.chosen, self.way.edited, self.noise.edited, self.conditioning.edited,
            self.frames.edited, self.across.edited, self.down.edited, self.even.toggled,
        ):  # fmt: skip
            signal.connect(self._look_again)
        self.foot.go.clicked.connect(self.asked)
        self.foot.cancel.clicked.connect(self._course.cancel)
        for signal in (self._course.began, self._course.ended):
            signal.connect(self._enable)

    def shown(self) -> tuple[EndCard, ...]:
        """The ends that count."""
        return self.cards[: int(self.ends.value)]

    def walk(self, drawn: int = 0) -> Walk:
        """The checked walk; `drawn` stands for an empty first seed. Raises UsageError."""
        strip = len(self.shown()) == 2
        walk = Walk(
            plan.ends_of(self._session, self.shown(), drawn),
            columns=int((self.frames if strip else self.across).value()),
            rows=1 if strip else int(self.down.value()),
            way=str(self.way.currentData()),
            noise=str(self.noise.currentData()),
            conditioning=str(self.conditioning.currentData()),
            even=strip and self.even.isChecked(),
        )
        walk.check()
        return walk

    def drawn(self, seed: int) -> None:
        """Tells which seed stood for the empty line, if it was empty."""
        if self.cards[0].seed.value() is None:
            self.cards[0].seed.set_drawn(seed)

    def set_history(self, prompts: tuple[str, ...]) -> None:
        """What Alt+Up walks in every prompt."""
        for card in self.cards:
            card.prompt.set_history(prompts)

    def remember_prompts(self) -> tuple[str, ...]:
        """Puts those of the ends before what Alt+Up walks; all of it, the newest first."""
        first = self.cards[0].prompt
        for card in reversed(self.shown()):
            first.remember(card.prompt.toPlainText().strip())
        self.set_history(first.history())
        return first.history()

    def show_end(self, end: int) -> None:
        """Brings an end into sight, with four ends if it is one of the last two."""
        if end >= len(self.shown()):
            self.use_ends(4)

    def use_ends(self, count: int) -> None:
        """Two ends or four."""
        self.ends.choose(str(count))

    def show_example(self, prompts: tuple[str, ...], seeds: tuple[int | None, ...]) -> None:
        """Other prompts and seeds for as many ends."""
        self.use_ends(len(prompts))
        for number, (card, text) in enumerate(zip(self.cards, prompts, strict=False)):
            card.kind.choose("prompt")
            card.prompt.set_value(text)
            card.seed.set_value(seeds[number] if seeds else None)

    def turn_round(self) -> None:
        """Exchanges the first end with the last, the second of four with the third."""
        cards = self.shown()
        for one, other in zip(cards, cards[: len(cards) // 2 - 1 : -1], strict=False):
            mine, theirs = one.draft(), other.draft()
            one.show_draft(theirs)
            other.show_draft(mine)

    def remembered(self) -> dict[str, Any]:
        """What the next start shows again; pictures are not kept."""
        return {
            "ends": self.ends.value,
            "prompts": [card.prompt.toPlainText() for card in self.cards],
            "seeds": [card.seed.value() for card in self.cards],
            "even": self.even.isChecked(),
        } | {name: box.currentData() for name, box in self._choices()} | {
            name: int(number.value()) for name, number in self._numbers()
        }  # fmt: skip

    def restore(self, kept: dict[str, Any]) -> None:
        """Shows what was remembered; what makes no sense is left as it is."""
        for name, box in self._choices():
            if box.findData(kept.get(name)) >= 0:
                box.set_value(kept[name])
        for name, number in self._numbers():
            value = kept.get(name)
            if type(value) is int and number.spin.minimum() <= value <= number.spin.maximum():
                number.set_value(value)
        self.even.setChecked(kept.get("even") is True)
        for card, text in zip(self.cards, texts(kept.get("prompts")), strict=False):
            card.prompt.set_value(text)
        for card, seed in zip(self.cards, plan.seeds(kept.get("seeds")), strict=False):
            card.seed.set_value(seed)
        if kept.get("ends") in COUNTS:
            self.ends.choose(str(kept["ends"]))
        self._look_again()

    def _choices(self) -> tuple[tuple[str, ChoiceBox], ...]:
        return ("way", self.way), ("noise", self.noise), ("conditioning", self.conditioning)

    def _numbers(self) -> tuple[tuple[str, SliderSpin], ...]:
        return ("frames", self.frames), ("across", self.across), ("down", self.down)

    @Slot()
    def _look_again(self, _: object = None) -> None:
        """Shows what matters for these ends and this way, and counts what would be made."""
        count = len(self.shown())
        for index, card in enumerate(self.cards):
            card.setVisible(index < count)
            card.name(TITLES[count if index < count else 4][index])
        noise = self.way.currentData() == "noise"
        wanted = {"Frames": count == 2, "Across": count == 4, "Down": count == 4, "Prompts": noise}
        for text, visible in wanted.items():
            for widget in self._rows[text]:
                widget.setVisible(visible)
        self._rows["Noises"][0].setText("Noises" if noise else "Latents")
        self.even.setVisible(count == 2)
        also = also_told(self._session, set())
        if negative := self._session.negative.get().strip():
            also.append(f"without {negative}")
        self.also.setText(f"As in Generate: {', '.join(also)}")
        self.also.setVisible(bool(also))
        for card in self.shown():
            if card.is_picture and card.start is not None:
                card.tell(*plan.becomes(noise, self._session.samplers[self._session.sampler.get()]))
        self._tell_count()

    def _tell_count(self) -> None:
        problem, told = "", ""
        try:
            told = plan.expected(self.walk(), self._session.samplers)
        except UsageError as error:
            problem = str(error)
        self.foot.tell_plan(told, problem, "muted")  # ends begin empty: that is no mistake

    @Slot()
    def _enable(self) -> None:
        """One walk at a time."""
        self.foot.allow(self._course.job is None)


def _name(name: str, control: SliderSpin) -> None:
    """Every control of the window has a name of its own."""
    control.slider.setObjectName(f"{name}Slider")
    control.spin.setObjectName(f"{name}Spin")
