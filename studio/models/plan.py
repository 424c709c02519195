"""A request's plan: the names in its settings, resolved once, and what they make of a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from studio.core import prompts
from studio.core.addons import LORA
from studio.core.errors import UsageError
from studio.core.guided import TWO_CALLS
from studio.core.settings import Settings
from studio.core.specs import SamplerSpec, checked_options
from studio.diffusion import guidance, samplers, schedules
from studio.diffusion.guidance import ClassifierGuided, Rule, Watch
from studio.diffusion.guidance.composed import composed
from studio.diffusion.samplers import Sampler
from studio.diffusion.schedules import Schedule
from studio.diffusion.state import State
from studio.diffusion.switched import Switched
from studio.models.addons import resolved

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream
    from studio.models.model import Model


@dataclass(frozen=True)
class Plan:
    """How pictures are sampled under `settings`, which name their sampler as the registry does and
    hold only what differs from its options' defaults."""

    settings: Settings
    sampler: Sampler
    schedule: Schedule
    rule: Rule

    @classmethod
    def of(cls, settings: Settings) -> Plan:
        """Raises UsageError, before any work, for names, options and numbers of steps that do not
        exist, and ModelError for LoRA and embedding files that cannot be used."""
        settings.check()
        settings = resolved(settings)
        sampler, rule = samplers.find(settings.sampler), guidance.find(settings.rule)
        if rule.make is None:
            raise UsageError(f"{rule.spec.name} is not a rule for prompts; choose a class instead.")
        named = settings.schedule
        own = schedules.find_schedule(named) if named else sampler.schedule
        schedule = _placed(own, settings)
        settings = replace(
            settings,
            sampler=sampler.spec.name,
            options=checked_options(sampler.spec.name, sampler.spec.parameters, settings.options),
            rule_options=checked_options(
                rule.spec.name, rule.spec.parameters, settings.rule_options
            ),
        )
        if sampler.spec.needs:
            _check_fixed(settings, sampler.spec)
        plan = cls(settings, sampler, schedule, rule)
        assert plan.times  # the schedule has that many
        return plan

    def on(self, model: Model) -> Plan:
        """The plan for this model: its own time grid, unless the settings name one, and no step is
        wasted on more noise than it was ever shown."""
        own = None if self.settings.schedule else model.own_schedule(self.settings.size)
        plan = self if own is None else replace(self, schedule=_placed(own, self.settings))
        if model.noisiest >= 1.0:
            return plan
        return replace(plan, schedule=schedules.Within(plan.schedule, model.noisiest))

    @cached_property
    def times(self) -> tuple[float, ...]:
        """Where the steps begin, and at last where they end, in the rectified flow's time."""
        return self.schedule(self.settings.steps)

    @property
    def cost(self) -> int:
        """Denoiser evaluations a picture, roughly: an adaptive solver's are not known before."""
        return self.sampler.spec.evaluations(self.settings, unknown=1)

    def dressed(self, model: Model) -> Model:
        """The model with the settings' LoRA and embeddings on, its clip skip and its cache."""
        settings = self.settings
        asked = settings.addons, settings.clip_skip, settings.cache
        return model if asked == ((), 1, 0.0) else model.dressed(*asked)

    def same_loras(self, other: Plan) -> bool:
        """Whether both denoise with the same on; embeddings are the prompts' business."""
        mine, others = (
            [each for each in plan.settings.addons if each.kind == LORA] for plan in (self, other)
        )
        return mine == others

    def guided(self, model: Model, count: int = 1, watch: Watch | None = None) -> Denoiser:
        """The denoiser of `count` pictures. Raises UsageError for what the model does not have."""
        model, steps = self.dressed(model), self.settings.steps
        prompt, negative = (
            prompts.read(self.settings.prompt),
            prompts.read(self.settings.negative, joins=False),
        )
        turns = sorted({*prompt.turns(steps), *negative.turns(steps)})
        weights = [part.weight for part in prompt.parts]
        denoisers = []
        for step in turns:
            texts = [part.at(step, steps).typed() for part in (*prompt.parts, *negative.parts)]
            *wanted, other = texts
            prompted = [model.condition([text] * count) for text in wanted]
            avoided = model.condition([other] * count, negative=True)
            denoisers.append(self._guided(model, prompted, weights, avoided, watch))
        if len(turns) == 1:
            return denoisers[0]
        return Switched(tuple(self.times[step] for step in turns), tuple(denoisers))

    def guided_by(
        self, model: Model, prompted: Any, negative: Any, watch: Watch | None = None
    ) -> Denoiser:
        """The same for prompts that are conditions already, of the `dressed` model.

        `watch` is given epsilon_c - epsilon_u (B, C, h, w) at each guided evaluation.
        """
        return self._guided(model, [prompted], [1.0], negative, watch)

    def _guided(
        self,
        model: Model,
        prompted: Sequence[Any],
        weights: Sequence[float],
        negative: Any,
        watch: Watch | None,
    ) -> Denoiser:
        settings = self.settings
        *prompted, negative = model.aligned([*prompted, negative])
        if self.sampler.spec.needs:
            return model.turbo_denoiser(prompted[0])
        if model.guidance != TWO_CALLS:
            _check_guided_once(settings, model)
            told = [model.denoiser(each, settings.guidance) for each in prompted]
            return composed(told, weights, model.denoiser(negative, settings.guidance))
        avoided = other = model.denoiser(negative)
        if self.rule.spec.needs == "weak":
            other = composed([model.weak_denoiser(each) for each in prompted], weights, avoided)
        wanted = composed([model.denoiser(each) for each in prompted], weights, avoided)
        denoiser = self.mixed(wanted, other, watch)
        if not (settings.classifier and settings.classifier_scale):
            return denoiser
        return ClassifierGuided(
            denoiser,
            model.log_probability(settings.classifier),
            settings.classifier_scale,
            settings.guidance_interval,
        )

    def mixed(self, conditional: Denoiser, other: Denoiser, watch: Watch | None = None) -> Denoiser:
        """The rule's mixture of two denoisers. Raises UsageError for a rule that mixes none."""
        settings = self.settings
        interval, options = settings.guidance_interval, settings.rule_options
        return self.rule.guide(conditional, other, settings.guidance, interval, options, watch)

    def states(self, denoiser: Denoiser, noise: Tensor, stream: NoiseStream) -> Iterator[State]:
        """The sampler's states from standard normal noise on."""
        steps, options = self.settings.steps, dict(self.settings.options)
        return self.sampler.sample(denoiser, noise, steps, stream, self.schedule, **options)


def _placed(schedule: Schedule, settings: Settings) -> Schedule:
    """A time grid, moved as the settings say, and from where they start on."""
    moved = schedules.shifted(schedule, settings.shift)
    if settings.source and settings.strength < 1.0:
        return schedules.StartingAt(moved, settings.strength)
    return moved


def _check_fixed(settings: Settings, spec: SamplerSpec) -> None:
    """Raises UsageError where settings ask for what a distilled sampler has learnt otherwise."""
    usual = Settings("")
    joined = len(prompts.read(settings.prompt).parts) > 1
    for words, wrong in (
        (f"takes {spec.default_steps} steps", settings.steps != spec.default_steps),
        (f"draws at guidance {usual.guidance:g}", settings.guidance != usual.guidance),
        ("guides at all times", settings.guidance_interval != usual.guidance_interval),
        ("has its own guidance rule", settings.rule != usual.rule or bool(settings.classifier)),
        ("has its own schedule", bool(settings.schedule) or settings.shift != usual.shift),
        ("knows no negative prompt", bool(settings.negative)),
        ("draws one prompt, without AND", joined),
        ("begins with noise alone", bool(settings.source)),
    ):
        if wrong:
            raise UsageError(f"{spec.label} {words}; change that, or choose another sampler.")


def _check_guided_once(settings: Settings, model: Model) -> None:
    """Raises UsageError where settings ask for two calls a step of a model that takes one."""
    usual, name = Settings(""), model.info.name
    for words, wrong in (
        ("knows no negative prompt; leave it empty", bool(settings.negative)),
        ("has its guidance inside; leave the rule as it is", settings.rule != usual.rule),
        ("has its guidance inside; let it guide at all times",
         settings.guidance_interval != usual.guidance_interval),
        ("has no classifier; leave the class empty", bool(settings.classifier)),
    ):  # fmt: skip
        if wrong:
            raise UsageError(f"{name} {words}.")
