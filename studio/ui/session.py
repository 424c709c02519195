"""What the panels share: observable values, and the session's settings made of them.

A control is bound to a value and from then on both follow each other; nobody copies widgets' texts
by hand.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, Signal, Slot

from studio.core.generating import Generate
from studio.core.guided import TWO_CALLS
from studio.core.settings import Defaults, Settings
from studio.core.sizes import Sizes
from studio.core.specs import GuidanceSpec, SamplerSpec, ScheduleSpec
from studio.core.wildcards import escaped, only

if TYPE_CHECKING:
    from pathlib import Path

    from studio.ui.start import Start

RANDOM_SEEDS = 2**32  # random seeds stay short enough to read out; typed ones may be any
FULL_INTERVAL = (0.0, 1.0)
DEFAULT_PULL = 2.0  # of the classifier, once one of its classes is chosen
AS_THEY_ARE = (
    *("model", "sampler", "steps", "guidance", "seed", "size", "options", "schedule", "shift"),
    *("classifier", "addons"),
)  # values that are settings of the same name
DEFAULT_STRENGTH = 0.6  # once there is a picture to start from


class Value(QObject):
    """One observable value; `changed` is emitted only when it really changes."""

    changed = Signal(object)

    def __init__(self, initial: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._value = self._initial = initial

    def get(self) -> Any:
        return self._value

    @Slot(object)
    def set(self, value: Any) -> None:
        if value != self._value:
            self._value = value
            self.changed.emit(value)

    @Slot()
    def reset(self) -> None:
        """Back to what it began with."""
        self.set(self._initial)


class Control(Protocol):
    """What a control offers to be bound: `edited` tells what the user did, in the value's type."""

    @property
    def edited(self) -> Any: ...

    def set_value(self, value: Any) -> None: ...


def bind(value: Value, control: Control) -> None:
    """Keeps `control` and `value` the same from now on; `value` wins now."""
    control.set_value(value.get())
    value.changed.connect(control.set_value)
    control.edited.connect(value.set)


class Session(QObject):
    """The settings that the next picture will be made with, and the last seed that was used.

    `start_wanted` asks whoever reads files for the picture that settings taken over began with,
    `model_wanted` whoever knows models for the one that made them.
    """

    start_wanted = Signal(object)  # Settings
    model_wanted = Signal(str, object)  # its name, Path | None: a picture that may tell its hash

    def __init__(
        self,
        samplers: tuple[SamplerSpec, ...],
        parent: QObject | None = None,
        rules: tuple[GuidanceSpec, ...] = (),
        schedules: tuple[ScheduleSpec, ...] = (),
    ) -> None:
        super().__init__(parent)
        self.samplers = {spec.name: spec for spec in samplers}
        self.rules = {spec.name: spec for spec in rules}
        self.schedules = {spec.name: spec for spec in schedules}
        first = Settings(prompt="")
        known = first.sampler if first.sampler in self.samplers else next(iter(self.samplers))
        self.prompt = Value("", self)
        self.negative = Value("", self)
        self.size = Value(first.size, self)
        self.sampler = Value(known, self)
        self.steps = Value(self.samplers[known].default_steps, self)
        self.guidance = Value(first.guidance, self)
        self.interval = Value(FULL_INTERVAL, self)
        self.seed = Value(0, self)
        self.seed_locked = Value(False, self)
        self.last_seed = Value(None, self)
        self.count = Value(1, self)
        self.options = Value((), self)
        self.schedule = Value("", self)
        self.shift = Value(first.shift, self)
        self.clip_skip = Value(first.clip_skip, self)
        self.cache = Value(first.cache, self)
        self.rule = Value(first.rule, self)
        self.rule_options = Value((), self)
        self.addons = Value((), self)
        self.classifier = Value("", self)
        self.classifier_scale = Value(DEFAULT_PULL, self)
        self._make_model(first)
        self._make_beginning()
        self._proposed = self.steps.get()
        self.sampler.changed.connect(self._propose_steps)
        self.sampler.changed.connect(self.options.reset)  # another sampler has others
        self.rule.changed.connect(self.rule_options.reset)

    def _make_model(self, first: Settings) -> None:
        """And what is known of it, once it is loaded."""
        self.model = Value(first.model, self)
        self.sizes = Value(Sizes(first.size), self)
        self.guided = Value(TWO_CALLS, self)  # how it is
        self.skips = Value(False, self)  # whether it knows clip skip
        self.caches = Value(False, self)  # and First Block Cache
        self._own = Defaults()

    def _make_beginning(self) -> None:
        """Where sampling begins, and whether its way is kept."""
        self.start = Value(None, self)  # Start | None
        self.strength = Value(DEFAULT_STRENGTH, self)
        self.variation = Value(0.0, self)
        self.variation_seed = Value(0, self)
        self.variation_locked = Value(False, self)
        self.last_variation = Value(None, self)
        self.trajectories = Value(False, self)
        self.best_first = Value(False, self)

    @property
    def further(self) -> tuple[Value, ...]:
        """What lies behind "More settings"."""
        return (
            self.schedule, self.shift, self.rule, self.rule_options, self.options,
            self.classifier, self.classifier_scale, self.interval, self.clip_skip,
            self.cache,
        )  # fmt: skip

    @Slot(object)
    def _propose_steps(self, name: str) -> None:
        """The new sampler's default steps, unless the user chose another number."""
        steps = self._own.steps_with(self.samplers[name])
        proposed, self._proposed = self._proposed, steps
        if self.steps.get() == proposed:
            self.steps.set(self._proposed)

    def use_defaults(self, own: Defaults) -> str:
        """Those of another model, except for what the user has chosen otherwise; a sentence of what
        has changed."""
        before, self._own = self._own, own
        values = self.sampler, self.steps, self.guidance
        kept = [value.get() for value in values]
        if self.sampler.get() == before.sampler and own.sampler in self.samplers:
            self.sampler.set(own.sampler)
        self._propose_steps(self.sampler.get())
        if self.guidance.get() == before.guidance:
            self.guidance.set(own.guidance)
        name, steps, guidance = (value.get() for value in values)
        words = self.samplers[name].label, f"{steps} steps", f"guidance {guidance:g}"
        told = [word for word, value, old in zip(words, values, kept, strict=True)
                if value.get() != old]  # fmt: skip
        return f"Set as this model's makers recommend: {', '.join(told)}." if told else ""

    def settings(self) -> Settings:
        """The settings as they stand; the seeds are those in the boxes, locked or not.

        A prompt that leaves a choice is in them as it is: `word_lists.drawn` makes it.
        """
        start: Start | None = self.start.get()
        variation = self.variation.get()
        prompt = self.prompt.get().strip()
        words = only(prompt)
        twice = self.guided.get() == TWO_CALLS
        settings = Settings(
            prompt=prompt if words is None else words,
            classifier_scale=self.classifier_scale.get() if self.classifier.get() else 0.0,
            clip_skip=self.clip_skip.get() if self.skips.get() else 1,
            cache=self.cache.get() if self.caches.get() else 0.0,
            strength=self.strength.get() if start is not None else 1.0,
            variation=variation,
            variation_seed=self.variation_seed.get() if variation else 0,
            **{name: getattr(self, name).get() for name in AS_THEY_ARE},
            **(self._of_second_call() if twice else {}),
        )
        return settings if start is None else start.named(settings)

    def _of_second_call(self) -> dict[str, Any]:
        """What only models know that are asked twice a step; for others it waits."""
        return {
            "negative": self.negative.get().strip(),
            "guidance_interval": self.interval.get(),
            "rule": self.rule.get(),
            "rule_options": self.rule_options.get(),
        }

    def request(self) -> Generate:
        """The request for the next pictures; draws the seeds first, unless they are locked.

        Raises UsageError when the settings make no sense together.
        """
        if not self.seed_locked.get():
            self.seed.set(random_seed())
        if not self.variation_locked.get():
            self.variation_seed.set(random_seed())
        start: Start | None = self.start.get()
        request = Generate(
            self.settings(),
            count=self.count.get(),
            inputs=None if start is None else start.inputs,
            trajectories=self.trajectories.get(),
        )
        request.check()
        self.last_seed.set(request.settings.seed)
        if request.settings.variation:
            self.last_variation.set(request.settings.variation_seed)
        return request

    def use_sizes(self, sizes: Sizes) -> None:
        """Those of a model that is there now; a size that suits it too stays."""
        if sizes != self.sizes.get():
            self.sizes.set(sizes)
            if self.size.get() not in sizes.offered:
                self.size.set(sizes.own)

    def use_all(
        self, settings: Settings, but: Collection[str] = (), picture: Path | None = None
    ) -> None:
        """Takes everything over except what is named in `but`, the model (the one that is
        loaded stays) and a size that it does not make. They are those of a `picture`, if it is a
        file."""
        self.use_prompt(settings, but)
        steps = self.steps.get() if "steps" in but else settings.steps
        if settings.sampler in self.samplers and "sampler" not in but:
            self.sampler.set(settings.sampler)
            self.options.set(settings.options)
        self.steps.set(steps)
        if "guidance" not in but:
            self.guidance.set(settings.guidance)
        self.interval.set(settings.guidance_interval)
        if "size" not in but and self.sizes.get().makes(settings.size):
            self.size.set(settings.size)
        if settings.schedule in ("", *self.schedules) and "schedule" not in but:
            self.schedule.set(settings.schedule)
        if settings.schedule in ("", *self.schedules) and "shift" not in but:
            self.shift.set(settings.shift)
        if settings.rule in self.rules:
            self.rule.set(settings.rule)
            self.rule_options.set(settings.rule_options)
        self.classifier.set(settings.classifier)
        if settings.classifier:
            self.classifier_scale.set(settings.classifier_scale)
        self.addons.set(settings.addons)
        self.clip_skip.set(settings.clip_skip)
        self.cache.set(settings.cache)
        if "seed" not in but:
            self.use_seed(settings)
        self._use_beginning(settings)
        if settings.model != self.model.get():
            self.model_wanted.emit(settings.model, picture)

    def _use_beginning(self, settings: Settings) -> None:
        """The picture itself is not in the settings: unless it is here already, it is asked for."""
        self.variation.set(settings.variation)
        if settings.variation:
            self.variation_seed.set(settings.variation_seed)
            self.variation_locked.set(True)
        if settings.source:
            self.strength.set(settings.strength)
        start: Start | None = self.start.get()
        if start is None or start.named(settings) != settings:
            self.start.set(None)
            if settings.source:
                self.start_wanted.emit(settings)

    def use_prompt(self, settings: Settings, but: Collection[str] = ()) -> None:
        if "prompt" not in but:
            self.prompt.set(escaped(settings.prompt))  # nothing of it is drawn again
        if "negative" not in but:
            self.negative.set(settings.negative)

    def use_seed(self, settings: Settings) -> None:
        self.seed.set(settings.seed)
        self.seed_locked.set(True)

    def reuse_last_seed(self) -> None:
        """Locks the seed of the pictures made last."""
        if self.last_seed.get() is not None:
            self.seed.set(self.last_seed.get())
            self.seed_locked.set(True)

    def reuse_last_variation(self) -> None:
        """Locks the seed of the variations made last."""
        if self.last_variation.get() is not None:
            self.variation_seed.set(self.last_variation.get())
            self.variation_locked.set(True)


def random_seed() -> int:
    return secrets.randbelow(RANDOM_SEEDS)


def also_told(session: Session, compared: set[str]) -> list[str]:
    """What else is not at its default and so decides the pictures, without what is compared."""
    settings, usual = session.settings(), Settings(prompt="")
    told = []
    if settings.schedule and "schedule" not in compared:
        told.append(f"schedule {session.schedules[settings.schedule].label}")
    if settings.shift != usual.shift:
        told.append(f"shift {settings.shift:g}")
    if settings.rule != usual.rule and "rule" not in compared:
        told.append(f"rule {session.rules[settings.rule].label}")
    if settings.options and "sampler" not in compared:
        told += [f"{name} {value}" for name, value in settings.options]
    if settings.rule_options and "rule" not in compared:
        told += [f"{name} {value}" for name, value in settings.rule_options]
    if settings.classifier:
        told.append(f"classifier {settings.classifier}, scale {settings.classifier_scale:g}")
    told += map(str, settings.addons)
    if settings.clip_skip != usual.clip_skip:
        told.append(f"clip skip {settings.clip_skip}")
    if settings.cache:
        told.append(f"block cache {settings.cache:g}")
    if settings.guidance_interval != usual.guidance_interval:
        low, high = settings.guidance_interval
        told.append(f"guidance from {high:g} to {low:g}")
    return told
