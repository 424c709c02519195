"""From pictures to noise and back, where both ways are known exactly."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.diffusion.denoised import Denoised
from studio.diffusion.inversion import explicit, invert
from studio.diffusion.mixture import Mixture
from studio.diffusion.noise import NoiseStream
from studio.diffusion.samplers import all_samplers, find
from studio.diffusion.schedules import Karras, Schedule, Uniform
from studio.diffusion.state import State

from .cases import MIXTURE

MEAN, STD = 0.7, 0.4
GAUSSIAN = Mixture((1.0,), ((MEAN,),), (STD,))
TILTED = Mixture((1.0,), ((0.2, -0.4),), covariances=(((0.5, 0.3), (0.3, 0.4)),))
INVERTIBLE = [spec.name for spec in all_samplers() if spec.invertible]


def gaussian_data() -> Tensor:
    return torch.linspace(MEAN - 3 * STD, MEAN + 3 * STD, 9, dtype=torch.float64).reshape(-1, 1)


def mixture_data() -> Tensor:
    return MIXTURE.sample(20, torch.Generator().manual_seed(2), torch.float64)


def noise_of(last: State) -> Tensor:
    return last.x / math.hypot(last.alpha, last.sigma)


def there_and_back(
    name: str, mixture: Mixture, x0: Tensor, steps: int, schedule: Schedule, iterations: int
) -> tuple[Tensor, Tensor]:
    """The noise that is found for x0, and what the sampler makes of it."""
    sampler = find(name)
    *_, last = invert(sampler, mixture, x0, steps, schedule, iterations)
    *_, back = sampler.run(mixture, noise_of(last), steps, NoiseStream([]), schedule)
    return noise_of(last), back.x


def noise_error(name: str, steps: int, iterations: int) -> float:
    """Along the ODE (x - alpha mean) / std_t is conserved: the noise is (x0 - mean) / std."""
    x0 = gaussian_data()
    noise, _ = there_and_back(name, GAUSSIAN, x0, steps, Uniform(), iterations)
    return float((noise - (x0 - MEAN) / STD).abs().max())


def test_what_has_noise_or_memory_is_not_invertible() -> None:
    assert INVERTIBLE == ["ddim", "flow-euler", "flow-heun", "flow-midpoint", "flow-rk4"]


@pytest.mark.parametrize("iterations", [0, 3])
@pytest.mark.parametrize(("name", "order"), [("ddim", 1), ("flow-euler", 1), ("flow-heun", 2)])
def test_the_noise_is_the_exact_flows_at_the_samplers_order(
    name: str, order: int, iterations: int
) -> None:
    coarse, fine = (noise_error(name, steps, iterations) for steps in (80, 320))
    assert math.log(coarse / fine, 4.0) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize("name", ["ddim", "flow-heun"])
def test_on_a_mixture_the_noise_nears_what_a_fine_solver_leads_to_the_picture(name: str) -> None:
    """The exact flow by Runge and Kutta's method, 400 steps of it from the noise that was found."""
    x0 = mixture_data()
    errors = []
    for steps in (80, 320):
        *_, last = invert(find(name), MIXTURE, x0, steps, Uniform(), iterations=0)
        *_, back = find("flow-rk4").run(MIXTURE, noise_of(last), 400, NoiseStream([]), Uniform())
        errors.append(float((back.x - x0).square().mean().sqrt()))
    assert math.log(errors[0] / errors[1], 4.0) == pytest.approx(find(name).spec.order, abs=0.25)


@pytest.mark.parametrize("schedule", [None, Uniform(), Karras(0.02, 40.0)])
@pytest.mark.parametrize("name", INVERTIBLE)
def test_iterated_the_very_picture_comes_back(name: str, schedule: Schedule | None) -> None:
    schedule = schedule or find(name).schedule
    for mixture, x0 in ((GAUSSIAN, gaussian_data()), (MIXTURE, mixture_data())):
        _, back = there_and_back(name, mixture, x0, 50, schedule, iterations=12)
        torch.testing.assert_close(back, x0, rtol=0.0, atol=1e-5)


@pytest.mark.parametrize("iterations", [1, 2, 3])
@pytest.mark.parametrize("name", ["ddim", "flow-heun"])
def test_each_iteration_brings_it_an_order_nearer(name: str, iterations: int) -> None:
    x0 = TILTED.sample(8, torch.Generator().manual_seed(4), torch.float64)
    errors = []
    for steps in (80, 320):
        _, back = there_and_back(name, TILTED, x0, steps, Uniform(), iterations)
        errors.append(float((back - x0).abs().max()))
    assert math.log(errors[0] / errors[1], 4.0) > iterations + 0.8


def test_a_gaussian_of_one_number_is_undone_by_two_iterations() -> None:
    """There F is linear, and the two residuals' line meets 0 at the very place."""
    _, back = there_and_back("ddim", GAUSSIAN, gaussian_data(), 10, Uniform(), iterations=2)
    torch.testing.assert_close(back, gaussian_data(), rtol=0.0, atol=1e-12)


def test_a_picture_that_no_noise_leads_to_takes_no_absurd_one() -> None:
    """Data of two points: every step onto t = 0 ends at one of them, and 1.02 is twenty standard
    deviations away."""
    points = Mixture((0.5, 0.5), ((-1.0,), (1.0,)), (1e-3, 1e-3))
    x0 = torch.tensor([[-1.0], [0.3], [1.0], [1.02]], dtype=torch.float64)
    noise, back = there_and_back("flow-heun", points, x0, 20, Uniform(), iterations=8)
    assert noise.isfinite().all() and noise.abs().max() < 20.0
    torch.testing.assert_close(back[[0, 2]], x0[[0, 2]], rtol=0.0, atol=1e-2)


@pytest.mark.parametrize(("name", "order"), [("ddim", 1), ("flow-heun", 2)])
def test_not_iterated_it_comes_back_at_the_samplers_order(name: str, order: int) -> None:
    errors = []
    for steps in (80, 320):
        x0 = gaussian_data()
        _, back = there_and_back(name, GAUSSIAN, x0, steps, Uniform(), iterations=0)
        errors.append(float((back - x0).abs().max()))
    assert math.log(errors[0] / errors[1], 4.0) == pytest.approx(order, abs=0.1)


def test_inverted_data_are_standard_normal() -> None:
    x0 = MIXTURE.sample(4000, torch.Generator().manual_seed(3), torch.float64)
    *_, last = invert(find("flow-heun"), MIXTURE, x0, 40, Uniform())
    noise = noise_of(last)
    assert noise.mean(0).abs().max() < 0.06  # standard errors: 0.016, 0.022, 0.016
    torch.testing.assert_close(noise.var(0), torch.ones(2, dtype=torch.float64), atol=0.1, rtol=0.0)
    assert abs(float(noise.prod(1).mean())) < 0.06


@pytest.mark.parametrize("spec", all_samplers(), ids=lambda spec: spec.name)
def test_every_other_sampler_is_inverted_by_heuns_method(spec: object) -> None:
    name = spec.name  # type: ignore[attr-defined]
    x0 = gaussian_data()
    found = list(invert(find(name), GAUSSIAN, x0, 20, Uniform()))
    if name not in INVERTIBLE:
        wanted = list(invert(find("flow-heun"), GAUSSIAN, x0, 20, Uniform()))
        assert torch.equal(found[-1].x, wanted[-1].x)
    assert [state.step for state in found] == list(range(1, 21))


@pytest.mark.parametrize("iterations", [0, 1, 2])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_states_go_up_the_schedule_and_clean_data_is_never_asked(
    steps: int, iterations: int
) -> None:
    asked: list[float] = []

    def denoiser(x: Tensor, alpha: float, sigma: float) -> Denoised:
        asked.append(sigma)
        return MIXTURE(x, alpha, sigma)

    sampler, x0 = find("ddim"), mixture_data()
    found = list(invert(sampler, denoiser, x0, steps, Uniform(), iterations))
    assert [(state.step, state.steps) for state in found] == [
        (n, steps) for n in range(1, steps + 1)
    ]
    assert [state.sigma for state in found] == pytest.approx(
        [n / steps for n in range(1, steps + 1)]
    )
    assert all(state.alpha + state.sigma == 1.0 for state in found)
    assert found[-1].nfe == len(asked) == (steps * iterations or steps - 1)
    assert min(asked, default=1.0) > 0.0
    assert torch.equal(x0, mixture_data())  # and nothing is written into the picture


def test_ddim_inversion_is_ddims_formula_upwards() -> None:
    """x_next = alpha_next x0 + sigma_next epsilon on the VP path (Dhariwal & Nichol 2021, appendix
    F), from the same first point."""
    times = tuple(reversed(Uniform()(10)))
    states = list(explicit(find("ddim"), MIXTURE, mixture_data(), times))
    x = noise_of(states[0])
    for state, t, t_next in zip(states[1:], times[1:], times[2:], strict=False):
        norm, norm_next = math.hypot(1 - t, t), math.hypot(1 - t_next, t_next)
        here = MIXTURE(x, (1 - t) / norm, t / norm)
        x = ((1 - t_next) * here.x0 + t_next * here.epsilon) / norm_next
        torch.testing.assert_close(noise_of(state), x)


def test_fewer_than_no_iterations_are_refused() -> None:
    with pytest.raises(UsageError, match="0 or more iterations"):
        invert(find("ddim"), MIXTURE, mixture_data(), 5, iterations=-1)
