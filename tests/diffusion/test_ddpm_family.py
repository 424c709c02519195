"""The DDPM family in closed form: what each sampler is equal to, step by step."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.core.specs import Option
from studio.diffusion.denoised import Denoised
from studio.diffusion.noise import NoiseStream
from studio.diffusion.paths import half_log_snr, rf_time
from studio.diffusion.samplers import find
from studio.diffusion.samplers.dpmpp_3m import weighted_x0
from studio.diffusion.samplers.pndm import ADAMS_BASHFORTH, transfer
from studio.diffusion.samplers.unipc import moments, unified, weights
from studio.diffusion.schedules import (
    SCHEDULES,
    Karras,
    Schedule,
    Shifted,
    StartingAt,
    Uniform,
    UniformLambda,
    variance_preserving,
)
from studio.diffusion.state import State

from .cases import MIXTURE
from .test_convergence import flow_error

KARRAS = Karras(0.05, 40.0)


def run(name: str, steps: int, schedule: Schedule | None = None, **options: Option) -> list[State]:
    stream = NoiseStream(range(4))
    noise = stream.initial((2, 1, 1), dtype=torch.float64)
    chosen = tuple(options.items())
    return list(find(name).run(MIXTURE, noise, steps, stream, schedule, chosen))


def noise() -> Tensor:
    return NoiseStream(range(4)).initial((2, 1, 1), dtype=torch.float64)


def close(a: Tensor, b: Tensor, tolerance: float = 1e-12) -> None:
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


# DDIM is Euler's method


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())
def test_ddim_is_euler_on_the_rectified_flow(schedule: Schedule) -> None:
    """At every step, on every grid; the paths differ by the factor hypot(1 - t, t)."""
    straight, circle = run("flow-euler", 11, schedule), run("ddim", 11, schedule)
    for flow, vp in zip(straight, circle, strict=True):
        close(vp.x * math.hypot(flow.alpha, flow.sigma), flow.x)
        close(vp.x0, flow.x0)


def test_ddim_is_euler_in_sigma_bar() -> None:
    """d(x / alpha) = epsilon d sigma_bar (Song et al. 2021, eq. 14)."""
    points = [variance_preserving(t) for t in KARRAS(12)]
    x = noise()
    for state, (point, point_next) in zip(run("ddim", 12, KARRAS), pairwise(points), strict=True):
        sigma_bar, sigma_bar_next = (p[1] / p[0] for p in (point, point_next))
        epsilon = MIXTURE(x, *point).epsilon
        x = point_next[0] * (x / point[0] + (sigma_bar_next - sigma_bar) * epsilon)
        close(state.x, x)
        x = state.x


# DDPM and DDIM(eta)


def test_ddpm_with_the_small_variance_is_ddim_with_eta_one() -> None:
    for small, ddim in zip(run("ddpm", 30), run("ddim", 30, eta=1.0), strict=True):
        close(small.x, ddim.x)


def test_the_large_variance_is_the_chains_own_beta() -> None:
    """One step from one x: mean + c z, c^2 = beta_tilde or beta (Ho et al. 2020, section 3.2)."""
    grid = (0.9, 0.4, 0.0)
    small, large = (run("ddpm", 2, lambda _: grid, variance=v)[0].x for v in ("small", "large"))
    stream = NoiseStream(range(4))
    z = stream.like(stream.initial((2, 1, 1), dtype=torch.float64))
    (alpha, sigma), (alpha_next, sigma_next) = (variance_preserving(t) for t in grid[:2])
    c = math.sqrt(1.0 - (alpha / alpha_next) ** 2)
    close(large - small, (c - c * sigma_next / sigma) * z)


@pytest.mark.parametrize("steps", [2, 20, 30])
def test_ddim_with_noise_goes_through_the_least_noise_there_is(steps: int) -> None:
    """All that is left there is renewed, and rounding may ask for more."""
    schedule = StartingAt(Shifted(Uniform(), 0.1), 1e-300)
    assert run("ddim", steps, schedule, eta=1.0)[-1].x.isfinite().all()


@pytest.mark.parametrize("name", ["ddpm", "ddim"])
def test_ancestral_steps_take_the_last_mean_without_noise(name: str) -> None:
    options: dict[str, Option] = {"variance": "large"} if name == "ddpm" else {"eta": 1.0}
    last = run(name, 8, **options)[-1]
    close(last.x, last.x0, 1e-15)


def test_eta_is_from_zero_to_one_and_no_noise_is_drawn_at_zero() -> None:
    class Silent(NoiseStream):
        def like(self, x: Tensor) -> Tensor:
            raise AssertionError("drew noise")

    stream = Silent(range(4))
    list(find("ddim").sample(MIXTURE, noise(), 5, stream))
    for wrong in (1.5, -0.1, math.nan):
        with pytest.raises(UsageError, match="eta must be a number from 0 to 1"):
            run("ddim", 5, eta=wrong)


# One step of each is DDIM's


@pytest.mark.parametrize("name", ["dpmpp-2m", "dpmpp-3m", "unipc"])
def test_a_first_step_is_ddims(name: str) -> None:
    """DPM-Solver++ (1) = UniP-1 = DDIM: without a past, and onto clean data."""
    close(run(name, 6, KARRAS)[0].x, run("ddim", 6, KARRAS)[0].x)
    close(run(name, 1, KARRAS)[-1].x, run("ddim", 1, KARRAS)[-1].x)


@pytest.mark.parametrize("name", ["dpmpp-2m", "dpmpp-3m", "unipc", "pndm"])
@pytest.mark.parametrize("steps", [2, 3, 4, 17])
def test_multistep_samplers_start_from_exactly_pure_noise(name: str, steps: int) -> None:
    """lambda = -inf lies infinitely far back: no later step may extrapolate from there."""
    states = run(name, steps, Uniform())
    assert all(state.x.isfinite().all() for state in states)
    ddim = run("ddim", steps, Uniform())
    close(states[0].x, ddim[0].x)
    if name != "pndm":  # whose second step is Heun's
        close(states[1].x, ddim[1].x)


@pytest.mark.parametrize("name", ["dpmpp-2m", "dpmpp-3m", "unipc"])
@pytest.mark.parametrize("steps", [5, 20])
def test_the_step_onto_clean_data_is_the_predicted_x0(name: str, steps: int) -> None:
    last = run(name, steps)[-1]
    assert torch.equal(last.x, last.x0)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())
@pytest.mark.parametrize("name", ["ddim", "dpmpp-2m", "dpmpp-3m", "unipc"])
def test_every_schedule_leads_to_the_same_picture(name: str, schedule: Schedule) -> None:
    """One ODE, many grids; of 200 steps even leading's starts all but at pure noise."""
    reference = run("unipc", 200, UniformLambda(-7.0, 7.0), order=3)[-1].x
    last = run(name, 200, schedule)[-1]
    assert (last.alpha, last.sigma) == (1.0, 0.0)
    assert (last.x - reference).abs().max() < 0.03


# The exponential integrals


def quadrature(h: float, n: int, count: int = 4000) -> float:
    """int_0^h e^(s - h) (s / h)^n ds by the midpoint rule."""
    middles = [(i + 0.5) / count for i in range(count)]
    return sum(math.exp((r - 1.0) * h) * r**n for r in middles) * h / count


@pytest.mark.parametrize("h", [0.2, 1.0, 3.0])
def test_moments_are_the_integrals(h: float) -> None:
    assert moments(h, 3) == pytest.approx([quadrature(h, n) for n in range(4)], rel=1e-6)


@pytest.mark.parametrize("nodes", [(1.0,), (-0.7, 1.0), (-0.7, -1.6), (-0.7, -1.6, 1.0)])
def test_weights_integrate_polynomials_exactly(nodes: tuple[float, ...]) -> None:
    """UniPC's linear system (theorem 3.1): sum_k w_k r_k^n = M_n."""
    m = moments(0.9, len(nodes))
    w = weights(nodes, m)
    for n in range(1, len(nodes) + 1):
        assert sum(a * r**n for a, r in zip(w, nodes, strict=True)) == pytest.approx(m[n])


def known(lambdas: list[float]) -> list[tuple[float, Tensor]]:
    generator = torch.Generator().manual_seed(5)
    return [(lam, torch.randn(3, generator=generator, dtype=torch.float64)) for lam in lambdas]


def test_2m_is_the_predictor_of_two_points_and_exact_3m_that_of_three() -> None:
    """UniP-2 with B(h) = e^h - 1 is DPM-Solver++ (2M); UniP-3 is 3M with its second derivative in
    full: both integrate one parabola."""
    point, point_next = variance_preserving(rf_time(0.3)), variance_preserving(rf_time(0.8))
    h = half_log_snr(*point_next) - half_log_snr(*point)
    past = tuple(known([half_log_snr(*point), -0.1, -0.9]))
    x = torch.randn(3, dtype=torch.float64)
    for length in (1, 2, 3):
        mean = weighted_x0(h, past[:length], "exact")
        step = point_next[1] / point[1] * x + point_next[0] * mean
        close(step, unified(x, past[0][1], point, point_next, past[1:length]))
    published = weighted_x0(h, past, "published")
    assert (published - weighted_x0(h, past, "exact")).abs().max() > 1e-3


def test_exact_3m_integrates_a_parabola_and_the_published_does_not() -> None:
    def x0(lam: float) -> Tensor:
        return torch.tensor([0.4 + 0.9 * lam - 0.7 * lam**2], dtype=torch.float64)

    lam, h = 0.3, 0.5
    past = tuple((at, x0(at)) for at in (lam, -0.1, -0.9))
    n = 20000
    middles = [(i + 0.5) / n * h for i in range(n)]
    exact = sum(math.exp(s - h) * float(x0(lam + s)) for s in middles) * h / n
    assert float(weighted_x0(h, past, "exact")) == pytest.approx(exact, abs=1e-9)
    assert abs(float(weighted_x0(h, past, "published")) - exact) > 1e-3


# UniPC's corrector


def test_the_corrector_mends_a_step_with_the_evaluation_of_the_next() -> None:
    """N steps take N evaluations, and the second step starts from the corrected x."""
    grid = KARRAS(4)
    points = [variance_preserving(t) for t in grid]
    states = run("unipc", 4, KARRAS)
    assert [state.nfe for state in states] == [1, 2, 3, 4]
    first, second = MIXTURE(noise(), *points[0]), MIXTURE(states[0].x, *points[1])
    lambdas = [half_log_snr(*point) for point in points[:2]]
    h = lambdas[1] - lambdas[0]
    # UniC-1: the trapezoid of both predictions, weighed by e^lambda.
    mean = 0.5 * (first.x0 + second.x0)
    corrected = points[1][1] / points[0][1] * noise() - points[1][0] * math.expm1(-h) * mean
    expected = unified(corrected, second.x0, points[1], points[2], [(lambdas[0], first.x0)])
    close(states[1].x, expected)


# PNDM


def test_adams_bashforth_weights_integrate_their_polynomials() -> None:
    for weights_ in ADAMS_BASHFORTH:
        for n in range(len(weights_)):
            past = sum(w * (-k) ** n for k, w in enumerate(weights_))
            assert past == pytest.approx(1.0 / (n + 1), abs=1e-14)  # int_0^1 s^n ds


def test_the_transfer_is_ddims_step() -> None:
    point, point_next = (0.6, 0.8), (0.8, 0.6)
    x = noise()
    here = MIXTURE(x, *point)
    close(transfer(x, here.epsilon, point, point_next), 0.8 * here.x0 + 0.6 * here.epsilon)


@pytest.mark.parametrize(("warmup", "extra"), [("heun", 1), ("runge-kutta", 9)])
def test_the_warm_up_is_counted(warmup: str, extra: int) -> None:
    states = run("pndm", 12, warmup=warmup)
    assert states[-1].nfe == 12 + extra
    assert states[4].nfe - states[3].nfe == 1


def even_in_sigma_bar(steps: int) -> tuple[float, ...]:
    sigma_bars = (4.0 + (0.8 - 4.0) * i / steps for i in range(steps + 1))
    return tuple(s / (1.0 + s) for s in sigma_bars)


def test_on_steps_even_in_sigma_bar_pndm_is_adams_and_bashforths_fourth_order() -> None:
    """There the steps are as equal as the weights take them to be; elsewhere the order is 2."""
    coarse, fine = (
        flow_error("pndm", steps, even_in_sigma_bar, warmup="runge-kutta") for steps in (160, 640)
    )
    assert math.log(coarse / fine, 4.0) == pytest.approx(4.0, abs=0.1)


# Orders of convergence with other options than the default


@pytest.mark.parametrize(
    ("name", "options", "order"),
    [
        ("dpmpp-3m", {"curvature": "published"}, 2.0),
        ("unipc", {"order": 3}, 4.0),
        ("pndm", {"warmup": "runge-kutta"}, 2.0),
    ],
)
def test_orders_with_options(name: str, options: dict[str, Option], order: float) -> None:
    coarse, fine = flow_error(name, 160, **options), flow_error(name, 640, **options)
    assert math.log(coarse / fine, 4.0) == pytest.approx(order, abs=0.1)


# A denoiser may move the origin (CFG++)


class Moved:
    """The mixture, its epsilon another's: the pair belongs to another x than the one asked at."""

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        here = MIXTURE(x, alpha, sigma)
        epsilon = 0.9 * here.epsilon
        return Denoised(here.x0, epsilon, 1, moved=alpha * here.x0 + sigma * epsilon)


@pytest.mark.parametrize("name", ["ddpm", "ddim", "pndm", "dpmpp-2m", "dpmpp-3m", "unipc"])
def test_every_sampler_steps_from_where_guidance_moved_x(name: str) -> None:
    """Without a past all deterministic ones renoise with the parted epsilon, as CFG++ asks."""
    grid = (0.9, 0.0)
    stream = NoiseStream(range(4))
    *_, last = find(name).sample(Moved(), noise(), 1, stream, lambda _: grid)
    close(last.x, last.x0)
    grid = (0.9, 0.5, 0.0)
    first = next(find(name).sample(Moved(), noise(), 2, stream, lambda _: grid))
    point, point_next = variance_preserving(0.9), variance_preserving(0.5)
    here = Moved()(noise(), *point)
    renoised = point_next[0] * here.x0 + point_next[1] * here.epsilon
    if name not in ("ddpm", "pndm"):
        close(first.x, renoised)
