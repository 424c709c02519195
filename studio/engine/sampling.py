"""From settings to sampler states: one place, for single pictures and for comparisons.

Imports torch (the rest of the engine imports this lazily). Must not import Qt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studio.core.errors import UsageError
from studio.core.requests import Settings
from studio.core.specs import checked_options
from studio.diffusion import guidance, samplers, schedules
from studio.diffusion.denoised import Denoiser
from studio.diffusion.guidance import ClassifierGuided, Watch
from studio.diffusion.noise import NoiseStream
from studio.diffusion.state import State
from studio.models.model import Model

__all__ = ["MOST_AT_ONCE", "Watch", "at_once", "check", "guided", "schedule_of", "states"]

MOST_AT_ONCE = 4  # pictures a batch: on two cores a picture of four takes a third of one alone


def states(
    model: Model, settings: Settings, seeds: Sequence[int], watch: Watch | None = None
) -> Iterator[State]:
    """The sampler's states for len(seeds) pictures that differ in their seeds only.

    `watch` is given epsilon_c - epsilon_u (B, C, h, w) at each guided evaluation. Raises UsageError
    for a sampler, an option, a schedule, a rule, a class or a size that does not exist.
    """
    sampler = samplers.find(settings.sampler)
    denoiser = guided(model, settings, len(seeds), watch)
    stream = NoiseStream(seeds)
    noise = stream.initial(model.latent_shape(settings.size), model.device)
    return sampler.run(
        denoiser, noise, settings.steps, stream, schedule_of(settings), settings.options
    )


def at_once(settings: Settings) -> int:
    """How many pictures may make their steps together: one where the error of all would choose the
    steps of each."""
    return MOST_AT_ONCE if samplers.find(settings.sampler).spec.nfe_per_step else 1


def schedule_of(settings: Settings) -> schedules.Schedule:
    """Where the steps lie: the named schedule or the sampler's own, shifted. Raises UsageError."""
    named = settings.schedule
    own = samplers.find(settings.sampler).schedule
    return schedules.shifted(schedules.find_schedule(named) if named else own, settings.shift)


def guided(model: Model, settings: Settings, count: int, watch: Watch | None = None) -> Denoiser:
    """The denoiser of `count` pictures under these settings' guidance. Raises UsageError."""
    rule = guidance.find(settings.rule)
    prompted = model.condition([settings.prompt] * count)
    conditional = model.denoiser(prompted)
    if rule.spec.needs == "weak":
        other = model.weak_denoiser(prompted)
    else:
        other = model.denoiser(model.condition([settings.negative] * count))
    denoiser = rule.guide(
        conditional,
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
