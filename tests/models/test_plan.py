"""The plan of a request: names resolved once, refused before any work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.core.errors import UsageError
from studio.core.settings import Settings
from studio.diffusion import samplers, schedules
from studio.models.plan import Plan

BASE = Settings("a red apple", steps=8, guidance=2.0)


def test_a_family_an_alias_and_a_spelt_option_become_what_they_mean() -> None:
    assert Plan.of(replace(BASE, sampler="flow")).settings.sampler == "flow-heun"
    assert Plan.of(replace(BASE, sampler="flow-unipc")).settings.sampler == "unipc"
    plan = Plan.of(replace(BASE, sampler="ddim", options=(("eta", "1"),)))
    assert plan.settings.options == (("eta", 1.0),)
    default = replace(BASE, sampler="ddim", options=(("eta", 0.0),))
    assert Plan.of(default) == Plan.of(replace(default, options=()))


def test_steps_lie_on_the_sampler_s_schedule_or_the_named_one_shifted_and_begun() -> None:
    own = samplers.find(BASE.sampler).schedule
    assert Plan.of(BASE).times == own(8)
    named = Plan.of(replace(BASE, schedule="uniform", shift=3.0))
    assert named.times == schedules.shifted(schedules.find_schedule("uniform"), 3.0)(8)
    begun = Plan.of(replace(BASE, source="0" * 64, strength=0.5))
    assert begun.times[0] <= 0.5 and begun.times[-1] == 0.0


def test_the_cost_counts_evaluations() -> None:
    assert Plan.of(BASE).cost == 16
    assert Plan.of(replace(BASE, sampler="flow-heun")).cost == 32
    assert Plan.of(replace(BASE, guidance=1.0)).cost == 8


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"sampler": "no-such"}, "no sampler"),
        ({"schedule": "no-such"}, "no schedule"),
        ({"rule": "no-such"}, "no guidance rule"),
        ({"rule": "classifier"}, "not a rule for prompts"),
        ({"options": (("no-such", 1.0),)}, "no option"),
        ({"rule_options": (("no-such", 1.0),)}, "no option"),
        ({"steps": 0}, "steps must be"),
    ],
)
def test_what_does_not_exist_is_refused(wrong: dict[str, object], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        Plan.of(replace(BASE, **wrong))
