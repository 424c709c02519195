"""From settings to sampler states: one place, for single pictures and for comparisons.

Imports torch (the rest of the engine imports this lazily). Must not import Qt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from studio.core.errors import UsageError
from studio.core.settings import Settings
from studio.core.specs import checked_options
from studio.diffusion import guidance, samplers, schedules
from studio.diffusion.denoised import Denoiser
from studio.diffusion.guidance import ClassifierGuided, Watch
from studio.diffusion.state import State
from studio.engine.starting import Seeds, Source, starting_point
from studio.models.model import Model

__all__ = ["MOST_AT_ONCE", "Watch", "at_once", "check", "guided", "schedule_of", "states"]

MOST_AT_ONCE = 4  # pictures a batch: on two cores a picture of four takes a third of one alone


def states(
    model: Model,
    settings: Settings,
    seeds: Seeds,
    watch: Watch | None = None,
    source: Source | None = None,
) -> Iterator[State]:
    """The sampler's states for pictures that differ in their seeds only.

    `watch` is given epsilon_c - epsilon_u (B, C, h, w) at each guided evaluation. `source` is the
    picture that the settings name. Raises UsageError for a sampler, an option, a schedule, a rule,
    a class or a size that does not exist.
    """
    denoiser = guided(model, settings, len(seeds.own), watch)
    if source is not None:
        denoiser = source.held(denoiser)
    return samplers.find(settings.sampler).run(
        denoiser,
        start_of(model, settings, seeds, source),
        settings.steps,
        seeds.stream(),
        schedule_of(settings),
        settings.options,
    )


def start_of(
    model: Model, settings: Settings, seeds: Seeds, source: Source | None = None
) -> Tensor:
    """Where the states begin: see `starting_point`."""
    t = schedule_of(settings)(settings.steps)[0]
    return starting_point(model, settings, seeds, source, t)


def at_once(settings: Settings) -> int:
    """How many pictures may make their steps together: one where the error of all would choose the
    steps of each."""
    return MOST_AT_ONCE if samplers.find(settings.sampler).spec.nfe_per_step else 1


def schedule_of(settings: Settings) -> schedules.Schedule:
    """Where the steps lie: the named schedule or the sampler's own, shifted; from `strength` on
    where a picture is the start. Raises UsageError."""
    named = settings.schedule
    own = samplers.find(settings.sampler).schedule
    found = schedules.shifted(schedules.find_schedule(named) if named else own, settings.shift)
    begun = settings.source and settings.strength < 1.0
    return schedules.Begun(found, settings.strength) if begun else found


def guided(model: Model, settings: Settings, count: int, watch: Watch | None = None) -> Denoiser:
    """The denoiser of `count` pictures under these settings' guidance. Raises UsageError."""
    prompted = model.condition([settings.prompt] * count)
    return guided_by(model, settings, prompted, model.condition([settings.negative] * count), watch)


def guided_by(
    model: Model, settings: Settings, prompted: Any, negative: Any, watch: Watch | None = None
) -> Denoiser:
    """The same for prompts that are conditions already."""
    rule = guidance.find(settings.rule)
    if rule.spec.needs == "weak":
        other = model.weak_denoiser(prompted)
    else:
        other = model.denoiser(negative)
    denoiser = rule.guide(
        model.denoiser(prompted),
        other,
        settings.guidance,
        settings.guidance_interval,
        settings.rule_options,
        watch,
    )
    if settings.classifier and settings.classifier_scale:
        denoiser = ClassifierGuided(
            denoiser,
            model.log_probability(settings.classifier),
            settings.classifier_scale,
            settings.guidance_interval,
        )
    return denoiser


def check(settings: Settings) -> None:
    """Raises UsageError, before any work, for names and options that do not exist."""
    settings.check()
    sampler, rule = samplers.find(settings.sampler).spec, guidance.find(settings.rule)
    checked_options(sampler.name, sampler.parameters, settings.options)
    checked_options(rule.spec.name, rule.spec.parameters, settings.rule_options)
    if rule.make is None:
        raise UsageError(f"{rule.spec.name} is not a rule for prompts; choose a class instead.")
    schedule_of(settings)(settings.steps)
