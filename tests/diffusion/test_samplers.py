from __future__ import annotations

import inspect
import math
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.core.specs import FAMILIES
from studio.diffusion import samplers
from studio.diffusion.denoiser import Denoised, Denoiser, NetworkDenoiser
from studio.diffusion.noise import NoiseStream
from studio.diffusion.predictions import PREDICTIONS
from studio.diffusion.samplers import all_samplers, find, known_as
from studio.diffusion.samplers.ddpm import posterior
from studio.diffusion.schedules import BetaQuantiles, Karras, Schedule, UniformLambda
from studio.diffusion.state import State

from .cases import MIXTURE, PATHS

NAMES = [spec.name for spec in all_samplers()]
SOLVERS = [spec.name for spec in all_samplers() if not spec.needs]  # of any model's equation
each_sampler = pytest.mark.parametrize("name", NAMES)
# Those that choose their own steps look, once a trial step, at the error it made.
ADAPTIVE = [spec.name for spec in all_samplers() if spec.adaptive]
each_fixed_sampler = pytest.mark.parametrize("name", [n for n in NAMES if n not in ADAPTIVE])


def run(name: str, denoiser: Denoiser, seeds: range, steps: int | None = None) -> list[State]:
    sampler, stream = find(name), NoiseStream(seeds)
    noise = stream.initial((2, 1, 1), dtype=torch.float64)
    return list(sampler.sample(denoiser, noise, steps or sampler.spec.default_steps, stream))


# The registry


def test_importing_the_registry_imports_no_torch() -> None:
    code = (
        "import sys; from studio.diffusion.samplers import all_samplers; "
        "assert all_samplers(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_every_family_has_exactly_one_default_and_its_name_means_it() -> None:
    for family in FAMILIES:
        (default,) = (s for s in all_samplers() if s.family == family and s.is_family_default)
        assert find(family).spec == default


def test_samplers_come_by_family_then_order() -> None:
    keys = [(list(FAMILIES).index(s.family), s.order) for s in all_samplers()]
    assert keys == sorted(keys) and len(set(NAMES)) == len(NAMES)
    assert all(find(name).spec.name == name for name in NAMES)


def test_an_alias_means_a_sampler_that_is_listed_under_one_name() -> None:
    aliases = [(alias, spec.name) for spec in all_samplers() for alias in spec.aliases]
    assert {("flow-2m", "dpmpp-2m"), ("flow-unipc", "unipc")} <= set(aliases)
    for alias, name in aliases:
        assert find(alias) is find(name) and known_as(alias) == name
    assert not dict(aliases).keys() & {*NAMES, *FAMILIES}
    assert all(known_as(name) == name for name in (*NAMES, *FAMILIES, "unheard of"))


def alike(schedule: Schedule | None, steps: int | None) -> set[tuple[str, str]]:
    """Pairs of samplers whose pictures of the mixture are the same to 1e-6."""
    ends = {}
    for spec in (find(name).spec for name in SOLVERS):
        stream = NoiseStream(range(8))
        noise = stream.initial((2, 1, 1), dtype=torch.float64)
        count = steps or spec.default_steps
        ends[spec.name] = list(find(spec.name).run(MIXTURE, noise, count, stream, schedule))[-1].x
    pairs = combinations(ends, 2)
    return {(a, b) for a, b in pairs if torch.allclose(ends[a], ends[b], rtol=0.0, atol=1e-6)}


@pytest.mark.parametrize("steps", [None, 12], ids=["own steps", "12 steps"])
def test_no_two_samplers_make_the_same_picture(steps: int | None) -> None:
    assert not alike(None, steps)


@pytest.mark.parametrize("schedule", [UniformLambda(), Karras(), BetaQuantiles()])
def test_on_one_schedule_only_those_that_say_so_are_the_same(schedule: Schedule) -> None:
    said = {(spec.twin, spec.name) for spec in all_samplers() if spec.twin}
    assert {tuple(sorted(pair)) for pair in alike(schedule, 12)} == {
        tuple(sorted(pair)) for pair in said
    }


def test_the_cost_of_a_step_is_a_number_or_says_why_it_is_none() -> None:
    costs = {spec.name: spec.cost for spec in all_samplers()}
    assert {name for name, cost in costs.items() if cost == "adaptive"} == set(ADAPTIVE)
    assert {name for name, cost in costs.items() if cost == "varies"} == {"restart"}
    assert all(int(costs[n]) > 0 for n in NAMES if n not in (*ADAPTIVE, "restart"))


def test_an_unknown_name_is_answered_with_the_choices() -> None:
    with pytest.raises(UsageError, match="did you mean 'flow-heun'") as error:
        find("flow-hern")
    assert all(name in str(error.value) for name in (*NAMES, *FAMILIES))


NEW_FILE = """
from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.samplers.run import FlowRun
from studio.diffusion.schedules import Uniform

SAMPLER = SamplerSpec(
    "half-way", "Half way", "flow", 1.0, False, 1, 9, "Goes a share of the way.", "here",
    parameters=(Parameter("share", "Share", 1.0, "Of the way.", 0.0, 1.0),),
)
SCHEDULE = Uniform()


class Steps(FlowRun):
    def step(self, x, at, to, *, share=1.0):
        here = self.denoiser(x, *at)
        return x + share * (to.sigma - at.sigma) * here.velocity, here
"""


def test_a_new_sampler_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_way.py").write_text(NEW_FILE)
    monkeypatch.setattr(samplers, "__path__", [*samplers.__path__, str(tmp_path)])
    monkeypatch.setattr(samplers, "_registry", samplers._registry.__wrapped__)
    assert [s.name for s in all_samplers() if s.name not in NAMES] == ["half-way"]
    new, euler = (run(name, MIXTURE, range(3), 9) for name in ("half-way", "flow-euler"))
    torch.testing.assert_close(new[-1].x, euler[-1].x)
    assert new[-1].nfe == 9
    stream, wrong = NoiseStream(range(3)), (("share", 2.0),)
    with pytest.raises(UsageError, match="share must be a number from 0 to 1"):
        find("half-way").run(MIXTURE, torch.ones(3, 2, 1, 1), 9, stream, None, wrong)
    sys.modules.pop("studio.diffusion.samplers.half_way")


@each_sampler
def test_a_steps_keywords_are_the_specs_parameters_with_their_defaults(name: str) -> None:
    sampler = find(name)
    keywords = inspect.signature(sampler.make.step).parameters.values()
    assert {p.name: p.default for p in keywords if p.kind is p.KEYWORD_ONLY} == {
        parameter.name: parameter.default for parameter in sampler.spec.parameters
    }


# What every sampler keeps


class Counting:
    """The exact mixture, counting how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        self.calls += 1
        return MIXTURE(x, alpha, sigma)


@each_sampler
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_states_count_steps_and_evaluations_and_end_clean(name: str, steps: int) -> None:
    denoiser = Counting()
    states = run(name, denoiser, range(3), steps)
    assert [state.step for state in states] == list(range(1, steps + 1))
    assert {state.steps for state in states} == {steps}
    assert states[-1].nfe == denoiser.calls
    assert (states[-1].alpha, states[-1].sigma) == (1.0, 0.0)
    assert all(s.x.shape == s.x0.shape == (3, 2, 1, 1) for s in states)
    if steps == 9 and find(name).spec.nfe_per_step:
        assert states[4].nfe - states[3].nfe == find(name).spec.nfe_per_step


@each_sampler
def test_the_seed_alone_decides_and_a_batch_is_its_pictures(name: str) -> None:
    batch = run(name, MIXTURE, range(10, 13), 6)[-1].x
    assert torch.equal(batch, run(name, MIXTURE, range(10, 13), 6)[-1].x)
    close = 1e-2 if name in ADAPTIVE else 1e-12  # a batch shares the steps its hardest one needs
    for i in range(3):
        alone = run(name, MIXTURE, range(10 + i, 11 + i), 6)[-1].x
        torch.testing.assert_close(batch[i : i + 1], alone, rtol=close, atol=close)


@each_sampler
def test_the_spec_says_whether_further_noise_is_drawn(name: str) -> None:
    noise, ends = torch.randn(4, 2, 1, 1, dtype=torch.float64), []
    for seeds in (range(4), range(4, 8)):
        *_, last = find(name).sample(MIXTURE, noise, 6, NoiseStream(seeds))
        ends.append(last.x)
    assert torch.equal(*ends) is not find(name).spec.stochastic


@each_fixed_sampler
def test_no_step_looks_at_a_tensors_values(name: str) -> None:
    """On the meta device there are none to look at: .item() and branching would raise."""

    def denoiser(x: Tensor, alpha: float, sigma: float) -> Denoised:
        return Denoised(x * 0.5, x * 0.5, nfe=1)

    noise = torch.empty(2, 2, 1, 1, device="meta")
    *_, last = find(name).sample(denoiser, noise, 5, NoiseStream([0, 1]))
    assert last.x.device.type == "meta" and last.x.shape == noise.shape


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@each_fixed_sampler
def test_on_cuda_no_step_waits_and_the_pictures_are_the_cpus(name: str) -> None:
    def network(x: Tensor, t: Tensor, condition: object) -> Tensor:
        return x.tanh() * (1.0 + t.reshape(-1, 1, 1, 1))

    denoiser = NetworkDenoiser(network, PATHS["rectified-flow"], PREDICTIONS["velocity"])
    ends = []
    for device in ("cpu", "cuda"):
        stream = NoiseStream([3, 4])
        noise = stream.initial((4, 8, 8), device, torch.float64)
        torch.cuda.set_sync_debug_mode("error")  # a step that waits for the device raises
        try:
            *_, last = find(name).sample(denoiser, noise, 10, stream)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        ends.append(last.x.cpu())
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-9, atol=1e-9)


@each_sampler
def test_a_run_is_stopped_by_not_asking_for_more(name: str) -> None:
    denoiser, stream = Counting(), NoiseStream([0])
    states: Iterator[State] = find(name).sample(denoiser, stream.initial((2, 1, 1)), 50, stream)
    first = next(states)
    assert first.step == 1 and denoiser.calls == first.nfe  # a warm-up may take more than one


# What every sampler is for


@pytest.mark.parametrize("name", SOLVERS)
def test_default_steps_sample_the_mixture(name: str) -> None:
    """Mean within 0.06 (3 standard errors), std within 7 %, nothing between the modes."""
    x = run(name, MIXTURE, range(2000))[-1].x.flatten(1).float()
    assert (x.mean(0) - MIXTURE.mean()).abs().max() < 0.06
    assert (x.std(0) / MIXTURE.std() - 1.0).abs().max() < 0.07
    radii = (x[:, None] - torch.tensor(MIXTURE.means)).norm(dim=-1) / torch.tensor(MIXTURE.stds)
    nearest, mode = radii.min(1)
    assert (nearest < 4.0).float().mean() > 0.99  # clean: on a mode, not in between
    share = (mode == 0).float().mean().item()
    assert share == pytest.approx(MIXTURE.weights[0], abs=0.04)


@each_sampler
@pytest.mark.parametrize(
    ("path", "prediction"),
    [
        ("rectified-flow", "velocity"),
        ("vp", "score"),
        ("ve", "x0"),
        ("ddpm-linear", "epsilon"),
        ("ddpm-scaled-linear", "v"),
    ],
)
def test_every_sampler_runs_on_every_kind_of_network(name: str, path: str, prediction: str) -> None:
    """Only the first instants differ, where a network's path ends before the sampler's."""
    network = MIXTURE.network(PATHS[path], PREDICTIONS[prediction])
    denoiser = NetworkDenoiser(network, PATHS[path], PREDICTIONS[prediction])
    expected = run(name, MIXTURE, range(300))[-1].x
    actual = run(name, denoiser, range(300))[-1].x
    if path == "rectified-flow":
        torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-6)
    else:
        assert ((actual - expected).abs() < 0.1).double().mean() > 0.95


# Single steps, in closed form


def test_the_ddpm_posterior_is_bayes_rule() -> None:
    alpha, sigma, alpha_next, sigma_next = 0.6, 0.8, math.sqrt(0.75), 0.5
    ratio = alpha / alpha_next
    beta = 1.0 - ratio**2
    precision = ratio**2 / beta + 1.0 / sigma_next**2  # of q(x | x_next) and q(x_next | x0)
    a, b, c = posterior(alpha, sigma, alpha_next, sigma_next)
    assert a == pytest.approx(alpha_next / sigma_next**2 / precision, rel=1e-14)
    assert b == pytest.approx(ratio / beta / precision, rel=1e-14)
    assert c == pytest.approx(precision**-0.5, rel=1e-14)


def test_ddpm_is_ddim_with_eta_one() -> None:
    """Song et al. 2021, arXiv:2010.02502, eqs. 12 and 16: they agree to rounding, every step."""
    stream = NoiseStream(range(5))
    x = noise = stream.initial((2, 1, 1), dtype=torch.float64)
    states = list(find("ddpm").sample(MIXTURE, noise, 20, stream))
    stream.initial((2, 1, 1))
    alpha, sigma = PATHS["ddpm-linear"].alpha(999.0), PATHS["ddpm-linear"].sigma(999.0)
    for state in states:
        here = MIXTURE(x, alpha, sigma)
        c = state.sigma / sigma * math.sqrt(1.0 - (alpha / state.alpha) ** 2)
        direction = math.sqrt(max(state.sigma**2 - c**2, 0.0)) * here.epsilon
        x = state.alpha * here.x0 + direction + (c * stream.like(x) if c else 0.0)
        torch.testing.assert_close(state.x, x, rtol=1e-12, atol=1e-12)
        x, alpha, sigma = state.x, state.alpha, state.sigma


def test_flow_euler_is_ddim() -> None:
    """x_next / alpha_next - x / alpha = (sigma_bar_next - sigma_bar) epsilon, at each step."""
    states = run("flow-euler", MIXTURE, range(5), 12)
    for before, after in pairwise(states):
        epsilon = MIXTURE(before.x, before.alpha, before.sigma).epsilon
        moved = after.sigma / after.alpha - before.sigma / before.alpha
        ddim = after.alpha * (before.x / before.alpha + moved * epsilon)
        torch.testing.assert_close(after.x, ddim, rtol=1e-13, atol=1e-13)
