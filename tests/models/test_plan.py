"""The plan of a request: names resolved once, refused before any work."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from torch import Tensor

from studio.core.errors import UsageError
from studio.core.settings import Settings
from studio.diffusion import samplers, schedules
from studio.diffusion.denoised import Denoised
from studio.diffusion.noise import NoiseStream
from studio.models.plan import Plan
from tests.engine.fake import FakeModel

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


def test_what_and_joins_costs_an_evaluation_each() -> None:
    joined = replace(BASE, prompt="a AND b AND c")
    assert Plan.of(joined).cost == Plan.of(replace(joined, guidance=1.0)).cost == 32


@dataclass
class Asked(FakeModel):
    """Remembers which texts its denoisers were asked for, in order."""

    texts: list[str] = field(default_factory=list)

    def denoiser(self, condition: Any) -> Any:
        plain = super().denoiser(condition)

        def denoise(x: Tensor, alpha: float, sigma: float) -> Denoised:
            self.texts.append(condition[0])
            return plain(x, alpha, sigma)

        return denoise


def asked(**changes: object) -> list[str]:
    usual = {"sampler": "flow-euler", "guidance": 1.0, "steps": 4}
    settings = replace(BASE, **usual | changes)  # type: ignore[arg-type]
    plan, model, stream = Plan.of(settings), Asked(), NoiseStream([0])
    noise = stream.initial(model.latent_shape(model.sizes.own), "cpu")
    assert [*plan.states(plan.guided(model), noise, stream)]
    return model.texts


def test_a_prompt_switches_at_its_step() -> None:
    assert asked(prompt="a [cat:(dog:1.5):0.5]") == ["a cat"] * 2 + ["a (dog:1.5)"] * 2
    assert asked(prompt="a cat") == ["a cat"] * 4
    negatives = asked(prompt="a", negative="[x:y:3]", guidance=2.0)
    assert negatives == ["a", "x"] * 3 + ["a", "y"]


def test_and_asks_for_every_prompt_and_for_the_negative_one() -> None:
    assert asked(prompt="cat AND dog:2", negative="x AND y") == ["cat ", " dog", r"x \AND y"] * 4


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
