"""The registry, and what every rule keeps."""

from __future__ import annotations

import inspect
import math
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.core.settings import Settings
from studio.core.specs import Options
from studio.diffusion.denoised import Denoised, Denoiser
from studio.diffusion.guidance import ClassifierFree, ClassifierGuided, all_rules, find
from studio.diffusion.noise import NoiseStream
from studio.diffusion.samplers import all_samplers
from studio.diffusion.samplers import find as find_sampler

from ..test_denoiser import Recorder, pictures, word_denoiser
from .cases import CONDITIONAL, RULES, UNCONDITIONAL, Counting, each_rule, log_class, same

#: Where a scale of 2 would be a gentle pull only.
FIRM: dict[str, Options] = {"cfg++": (("full", 2.5),)}
SAMPLERS = [spec.name for spec in all_samplers()]


# The registry


def test_listing_the_rules_imports_no_torch() -> None:
    code = (
        "import sys; from studio.diffusion.guidance import all_rules, find; "
        "assert all_rules() and find('apg'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_the_rules_are_those_of_the_literature_plain_ones_first() -> None:
    names = [spec.name for spec in all_rules()]
    assert names == ["cfg", "cfg++", "rescale", "apg", "autoguidance", "classifier"]
    assert [spec.needs for spec in all_rules()] == ["", "", "", "", "weak", "classifier"]
    assert all(find(name).spec.name == name for name in names)


def test_an_unknown_rule_is_answered_with_the_choices() -> None:
    with pytest.raises(UsageError, match="did you mean 'rescale'") as error:
        find("rescael")
    assert all(spec.name in str(error.value) for spec in all_rules())


@each_rule
def test_parameters_are_the_denoisers_own_with_the_same_defaults(name: str) -> None:
    rule = find(name)
    assert rule.make is not None
    fields = inspect.signature(rule.make).parameters
    shared = set(inspect.signature(ClassifierFree).parameters)
    assert {p.name for p in rule.spec.parameters} == set(fields) - shared
    for parameter in rule.spec.parameters:
        assert fields[parameter.name].default == parameter.default
        assert type(parameter.default) is float
        assert parameter.low <= parameter.default <= parameter.high < math.inf


@each_rule
def test_options_are_checked_before_anything_runs(name: str) -> None:
    rule = find(name)
    wrong: list[tuple[str, object]] = [("nonsense", 1.0)]
    for parameter in rule.spec.parameters:
        wrong += [(parameter.name, v) for v in (math.nan, parameter.low - 1, parameter.high + 1)]
    for option in wrong:
        with pytest.raises(UsageError, match=option[0]):
            rule.guide(CONDITIONAL, UNCONDITIONAL, 3.0, options=(option,))  # type: ignore[arg-type]


def test_the_classifiers_rule_says_that_it_goes_on_top_of_another() -> None:
    with pytest.raises(UsageError, match="choose a rule for the prompt"):
        find("classifier").guide(CONDITIONAL, UNCONDITIONAL, 3.0)


@pytest.mark.parametrize("scale", [math.nan, math.inf, -1.0])
def test_a_scale_that_is_no_number_is_refused_with_the_settings(scale: float) -> None:
    with pytest.raises(UsageError, match="guidance"):
        Settings("a lion", guidance=scale).check()


# What every rule keeps


@each_rule
@pytest.mark.parametrize(
    ("alpha", "sigma"), [(1.0, 0.0), (1.0, 1e-7), (0.6, 0.4), (1e-7, 1.0), (0.0, 1.0), (0.0, 300.0)]
)
def test_the_answer_is_finite_and_makes_up_x_in_float32(
    name: str, alpha: float, sigma: float
) -> None:
    guided = find(name).guide(CONDITIONAL, UNCONDITIONAL, 6.0)
    x = (alpha + sigma) * pictures(dtype=torch.float32)
    here = guided(x, alpha, sigma)
    assert here.x0.dtype == here.epsilon.dtype == torch.float32
    assert here.x0.isfinite().all() and here.epsilon.isfinite().all()
    torch.testing.assert_close(alpha * here.x0 + sigma * here.epsilon, here.origin(x))
    assert here.nfe == 2 and here.x0.abs().max() < 20.0


@each_rule
def test_outside_the_interval_the_conditional_answers_alone(name: str) -> None:
    alpha, sigma, t = 0.6, 0.4, 0.4
    for interval in ((0.0, t - 0.01), (t + 0.01, 1.0)):
        outside = find(name).guide(CONDITIONAL, UNCONDITIONAL, 5.0, interval)(
            pictures(), alpha, sigma
        )
        assert outside.nfe == 1 and outside.moved is None
        same(outside, CONDITIONAL(pictures(), alpha, sigma), 0.0)
    inside = find(name).guide(CONDITIONAL, UNCONDITIONAL, 5.0, (t - 0.01, t + 0.01))
    assert inside(pictures(), alpha, sigma).nfe == 2


@each_rule
def test_the_interval_costs_one_evaluation_a_guided_step(name: str) -> None:
    steps, interval, stream = 20, (0.23, 0.77), NoiseStream([0])
    conditional, unconditional = Counting(CONDITIONAL), Counting(UNCONDITIONAL)
    guided = find(name).guide(conditional, unconditional, 3.0, interval)
    *_, last = find_sampler("flow-euler").sample(guided, stream.initial((2, 1, 1)), steps, stream)
    inside = sum(interval[0] <= 1.0 - i / steps <= interval[1] for i in range(steps))
    assert 0 < inside < steps
    assert last.nfe == steps + inside
    assert (len(conditional.points), len(unconditional.points)) == (steps, inside)


@each_rule
def test_the_gap_is_watched_where_both_are_asked(name: str) -> None:
    gaps: list[Tensor] = []
    guided = find(name).guide(CONDITIONAL, UNCONDITIONAL, 3.0, (0.2, 0.5), watch=gaps.append)
    for t in (0.9, 0.4, 0.1):
        guided(pictures(), 1.0 - t, t)
    conditional, unconditional = (d(pictures(), 0.6, 0.4) for d in (CONDITIONAL, UNCONDITIONAL))
    assert len(gaps) == 1
    assert torch.equal(gaps[0], conditional.epsilon - unconditional.epsilon)


@each_rule
def test_one_network_is_called_once_for_both(name: str) -> None:
    network = Recorder()
    guided = find(name).guide(word_denoiser(network, 1.0), word_denoiser(network, 0.0), 2.0)
    here = guided(pictures(), 0.6, 0.4)
    assert network.batches == [10] and here.nfe == 2
    apart = find(name).guide(word_denoiser(network, 1.0), word_denoiser(Recorder(), 0.0), 2.0)
    same(here, apart(pictures(), 0.6, 0.4), 1e-12)


@each_rule
def test_a_batch_is_its_pictures(name: str) -> None:
    batch = find(name).guide(CONDITIONAL, UNCONDITIONAL, 4.0)(pictures(), 0.6, 0.4)
    for i in range(5):
        alone = find(name).guide(CONDITIONAL, UNCONDITIONAL, 4.0)(pictures()[i : i + 1], 0.6, 0.4)
        torch.testing.assert_close(batch.x0[i : i + 1], alone.x0, rtol=1e-13, atol=1e-13)


@each_rule
def test_no_rule_looks_at_a_tensors_values(name: str) -> None:
    """On the meta device there are none to look at: .item() and branching would raise."""

    def denoiser(x: Tensor, alpha: float, sigma: float) -> Denoised:
        return Denoised(x * 0.5, x * 0.5, nfe=1)

    guided = find(name).guide(denoiser, denoiser, 4.0)
    here = guided(torch.empty(2, 2, 1, 1, device="meta"), 0.6, 0.4)
    assert here.x0.device.type == here.epsilon.device.type == "meta"


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("name", [*RULES, "classifier"])
def test_every_rule_ends_clean_with_every_sampler(name: str, sampler: str) -> None:
    """On the class that is asked for, within 4 of its stds; unguided, 7 in 10 are of the other."""
    if name == "classifier":
        guided: Denoiser = ClassifierGuided(UNCONDITIONAL, log_class, 2.0)
    else:
        guided = find(name).guide(CONDITIONAL, UNCONDITIONAL, 2.0, options=FIRM.get(name, ()))
    stream, found = NoiseStream(range(60)), find_sampler(sampler)
    noise = stream.initial((2, 1, 1), dtype=torch.float64)
    *_, last = found.run(guided, noise, found.spec.default_steps, stream)
    assert (last.alpha, last.sigma) == (1.0, 0.0)
    radii = (last.x.flatten(1) - CONDITIONAL.mean()).norm(dim=1) / CONDITIONAL.stds[0]
    assert (radii < 4.0).double().mean() > 0.95
