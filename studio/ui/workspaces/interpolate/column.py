"""The left column of Interpolate: the ends, the way between them, the two buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Slot

from studio.core.errors import UsageError
from studio.core.settings import MAX_GUIDANCE, MAX_STEPS
from studio.core.walks import CONDITIONINGS, MOST_FRAMES, NOISES, WAYS, Walk
from studio.ui.preferences import texts
from studio.ui.session import also_told
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.fine_tuning import ALSO
from studio.ui.widgets.foot import Foot, SettingsColumn
from studio.ui.widgets.form import Check, Form, caption, column, row, settings_grid
from studio.ui.widgets.guided import follow_guidance
from studio.ui.widgets.sampler_box import SamplerBox
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.size_box import SizeBox
from studio.ui.widgets.slider_spin import SliderSpin
from studio.ui.workspaces.interpolate import plan
from studio.ui.workspaces.interpolate.ends import EndCard

if TYPE_CHECKING:
    from studio.ui.workspaces.interpolate.panel import InterpolatePanel

COUNTS = {
    "2": ("Two ends", "A strip of frames from one end to the other"),
    "4": ("Four ends", "A grid of frames between four corners"),
}
TITLES = {2: ("Start", "End"), 4: ("Top left", "Top right", "Bottom left", "Bottom right")}
TIPS = "Make all frames, the ends first (Ctrl+Enter)", "Stop; finished frames are kept (Esc)"
LABELS = {
    "noise": "Noise and prompts",
    "latent": "Latents",
    "slerp": "Spherical",
    "lerp": "Straight",
    "normalised": "Straight, length kept",
    "linear": "Straight",
}
CHOICES = (  # the caption, what is remembered, the accessible name, the tooltip, the choices
    ("Way", "way", "Way", "How to get from one end to the other (Alt+W)", WAYS),
    ("Noises", "noise", "Between noises", "How noises, or latents, are mixed", NOISES),
    ("Prompts", "conditioning", "Between prompts", "How prompts are mixed", CONDITIONINGS),
)
SIDE_MOST = 15  # frames a side of a grid: 15 x 15 of the MOST_FRAMES
NUMBERS = (  # ..., the most, how far the slider goes, how many at first
    ("Frames", "frames", "Frames", "How many frames the strip has", MOST_FRAMES, 33, 9),
    ("Across", "across", "Frames across", "Frames a row of the grid", SIDE_MOST, SIDE_MOST, 5),
    ("Down", "down", "Frames down", "Frames a column of the grid", SIDE_MOST, SIDE_MOST, 5),
)
EVEN = (
    "Spaces the frames so that neighbours look equally different, by LPIPS where its weights are"
    " installed, otherwise by pixels. The inner frames are made twice."
)
GUIDANCE = "How strongly the prompts guide all frames"


class WalkColumn(SettingsColumn):
    """The ends of a walk and its settings; `walk` is what would be made."""

    cards: tuple[EndCard, ...]
    way: ChoiceBox

    def __init__(self, panel: InterpolatePanel) -> None:
        super().__init__("walkColumn", panel, top=14)
        self._session, self._course = panel.session, panel.course
        self.ends = Segments("walkEnds", "Ends", COUNTS)
        self.cards = tuple(EndCard(index, panel) for index in range(4))
        self.rows.addLayout(row(self.ends, None))
        self.rows.addSpacing(8)
        for card in self.cards:
            self.rows.addWidget(card)
        grid = settings_grid()
        self.rows.addLayout(grid)
        self._add_rows(Form(grid))
        self.even = Check("walkEven", "Even perceptual speed", EVEN)
        self.also = caption("", "muted", "walkAlso", ALSO, wrap=True)
        self.rows.addSpacing(8)
        self.rows.addLayout(column(self.even, self.also, gap=0))
        self.foot = self.end(Foot(panel.jobs, "walk", "Walk", "walk", TIPS))
        self.foot.go.clicked.connect(panel.run)
        self.foot.cancel.clicked.connect(self._course.cancel)
        session = self._session
        values = (
            session.sampler, session.steps, session.guidance, session.negative, session.guided,
            session.skips,
        )  # fmt: skip
        for signal in (
            *(value.changed for value in (*values, *session.further)),
            *(card.edited for card in self.cards),
            *(box.edited for box in self._choices.values()),
            *(number.edited for number in self._numbers.values()),
            self.even.toggled,
            self.ends.chosen,
        ):
            signal.connect(self._look_again)
        for signal in (self._course.began, self._course.ended):
            signal.connect(self._enable)
        self._look_again()
        self._enable()

    def _add_rows(self, form: Form) -> None:
        self.form, session = form, self._session
        self._choices = {}
        for text, kept, label, tip, known in CHOICES:
            choices = ((name, LABELS[name], about) for name, about in known.items())
            box = ChoiceBox(f"walk{kept.title()}", label, tip, choices)
            self._choices[kept] = form.add(text, box)
        self._numbers = {
            kept: form.add(text, SliderSpin(f"walk{text}", label, tip, 2, most, slider_to))
            for text, kept, label, tip, most, slider_to, _ in NUMBERS
        }
        for _, kept, *_, first in NUMBERS:
            self._numbers[kept].set_value(first)
        self.way = self._choices["way"]
        self.frames, self.across, self.down = self._numbers.values()
        box = SamplerBox(session.samplers.values(), "walkSampler")
        self.sampler = form.add("Sampler", box, session.sampler)
        steps = SliderSpin("walkSteps", "Steps", "The steps of all frames", 1, MAX_STEPS, 100)
        self.steps = form.add("Steps", steps, session.steps)
        guidance = SliderSpin("walkGuidance", "Guidance", GUIDANCE, 0, MAX_GUIDANCE, 15, 1, 0.5)
        self.guidance = form.add("Guidance", guidance, session.guidance)
        follow_guidance(session, guidance)
        self.extent = form.add("Size", SizeBox(session, "walkSize"), session.size)

    def shown(self) -> tuple[EndCard, ...]:
        """The ends that count."""
        return self.cards[: int(self.ends.value)]

    def walk(self, drawn: int = 0) -> Walk:
        """The checked walk; `drawn` stands for an empty first seed. Raises UsageError."""
        strip = len(self.shown()) == 2
        count = {name: int(number.value()) for name, number in self._numbers.items()}
        walk = Walk(
            plan.ends_of(self._session, self.shown(), drawn),
            columns=count["frames"] if strip else count["across"],
            rows=1 if strip else count["down"],
            even=strip and self.even.isChecked(),
            **{name: str(box.value()) for name, box in self._choices.items()},
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

    def prompts(self) -> list[str]:
        """Those of the ends."""
        return [card.prompt.toPlainText().strip() for card in self.shown()]

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
        for number in range(len(cards) // 2):
            cards[number].swap(cards[-1 - number])

    def remembered(self) -> dict[str, Any]:
        """What the next start shows again; pictures are not kept."""
        return {
            "ends": self.ends.value,
            "prompts": [card.prompt.toPlainText() for card in self.cards],
            "seeds": [card.seed.value() for card in self.cards],
            "even": self.even.isChecked(),
            **{name: box.value() for name, box in self._choices.items()},
            **{name: number.value() for name, number in self._numbers.items()},
        }

    def restore(self, kept: dict[str, Any]) -> None:
        """Shows what was remembered; what makes no sense is left as it is."""
        for name, box in self._choices.items():
            if box.findData(kept.get(name)) >= 0:
                box.set_value(kept[name])
        for name, number in self._numbers.items():
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

    @Slot()
    def _look_again(self, _: object = None) -> None:
        """Shows what matters for these ends and this way, and counts what would be made."""
        count = len(self.shown())
        for index, card in enumerate(self.cards):
            card.setVisible(index < count)
            card.name(TITLES[count if index < count else 4][index])
        noise = self.way.value() == "noise"
        wanted = {"Frames": count == 2, "Across": count == 4, "Down": count == 4, "Prompts": noise}
        for text, shown in wanted.items():
            self.form.reveal(text, shown)
        self.form.captions["Noises"].setText("Noises" if noise else "Latents")
        self.even.setVisible(count == 2)
        also = also_told(self._session, set())
        if negative := self._session.settings().negative:
            also.append(f"without {negative}")
        self.also.setText(f"As in Generate: {', '.join(also)}")
        self.also.setVisible(bool(also))
        spec = self._session.samplers[self._session.sampler.get()]
        for card in self.shown():
            if card.is_picture and card.start is not None:
                card.set_text(*plan.becomes(noise, spec))
        problem, told = "", ""
        try:
            told = plan.expected(self.walk(), self._session.samplers)
        except UsageError as error:
            problem = str(error)
        self.foot.show_plan(told, problem, "muted")  # ends begin empty: that is no mistake

    @Slot()
    def _enable(self) -> None:
        """One walk at a time."""
        self.foot.allow(self._course.job is None)
