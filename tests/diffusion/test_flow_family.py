"""The flow family: solvers of dx/dt = u(x, t) and of the SDEs with the same marginals."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.core.specs import Option
from studio.diffusion.denoised import Denoised
from studio.diffusion.mixture import Mixture
from studio.diffusion.noise import NoiseStream
from studio.diffusion.paths import Point, evenly, rf_time
from studio.diffusion.runge_kutta import DORMAND_PRINCE, HEUN_3, KUTTA_4, Tableau
from studio.diffusion.samplers import find, unipc
from studio.diffusion.samplers.flow_sde import DIFFUSIONS
from studio.diffusion.schedules import Schedule, UniformLambda
from studio.diffusion.state import State

from .cases import MIXTURE
from .test_convergence import GAUSSIAN, flow_error, time_grid

FLOW = ["flow-midpoint", "flow-rk4", "flow-dopri5", "flow-sde"]


def noises(count: int = 9) -> Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(count, 2, 1, 1, generator=generator, dtype=torch.float64)


def run(name: str, steps: int, schedule: Schedule | None = None, **options: Option) -> list[State]:
    """On the mixture, from the same noise; further noise from fixed seeds."""
    stream, chosen = NoiseStream(range(9)), tuple(options.items())
    return list(find(name).run(MIXTURE, noises(), steps, stream, schedule, chosen))


def same(a: Tensor, b: Tensor, close: float = 1e-12) -> None:
    torch.testing.assert_close(a, b, rtol=close, atol=close)


# Runge-Kutta methods


def order_of(method: Tableau) -> float:
    """On dx/dt = cos(t) x, x = e^sin t, from 0 to 1."""

    def field(x: Tensor, t: float) -> Tensor:
        return math.cos(t) * x

    errors = []
    for steps in (16, 64):
        x = torch.ones(1, dtype=torch.float64)
        for t, t_next in pairwise(evenly(0.0, 1.0, steps + 1)):
            x, _ = method.step(field, x, t, t_next - t, field(x, t))
        errors.append(abs(float(x) - math.exp(math.sin(1.0))))
    return math.log(errors[0] / errors[1], 4.0)


@pytest.mark.parametrize(
    ("method", "order"), [(HEUN_3, 3.0), (KUTTA_4, 4.0), (DORMAND_PRINCE, 5.0)]
)
def test_each_tableau_has_its_order(method: Tableau, order: float) -> None:
    assert order_of(method) == pytest.approx(order, abs=0.1)


def test_the_continuous_extension_has_order_four() -> None:
    """Inside one step its error falls as h^5."""

    def field(x: Tensor, t: float) -> Tensor:
        return math.cos(t) * x

    errors = []
    for h in (0.2, 0.1):
        x = torch.full((1,), math.exp(math.sin(0.3)), dtype=torch.float64)
        x_next, slopes = DORMAND_PRINCE.step(field, x, 0.3, h, field(x, 0.3))
        slopes.append(field(x_next, 0.3 + h))
        same(DORMAND_PRINCE.interpolated(0.0, h, slopes, x, x_next), x)
        same(DORMAND_PRINCE.interpolated(1.0, h, slopes, x, x_next), x_next)
        inside = DORMAND_PRINCE.interpolated(0.5, h, slopes, x, x_next)
        errors.append(abs(float(inside) - math.exp(math.sin(0.3 + 0.5 * h))))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(5.0, abs=0.3)


def mixture_error(name: str, steps: int, end: float) -> float:
    """Against a fine run of RK4, on two components, where nothing is linear. end: the last time."""

    def grid(count: int) -> tuple[float, ...]:
        return evenly(1.0, end, count + 1)

    wide = Mixture(MIXTURE.weights, MIXTURE.means, (0.4, 0.5))
    fine, coarse = (
        list(find(n).sample(wide, noises(), s, NoiseStream([]), grid))[-1].x
        for n, s in (("flow-rk4", 2000), (name, steps))
    )
    return float((fine - coarse).abs().max())


@pytest.mark.parametrize(
    ("name", "order"), [("flow-heun", 2.0), ("flow-midpoint", 2.0), ("flow-rk4", 4.0)]
)
@pytest.mark.parametrize("end", [0.1, 0.0])
def test_orders_on_a_mixture_and_onto_clean_data(name: str, order: float, end: float) -> None:
    """RK4's last step, of order 3, and Heun's, of order 1, leave the order of the run as it is."""
    steps = (20, 80) if order == 4.0 else (80, 320)
    coarse, fine = (mixture_error(name, count, end) for count in steps)
    assert math.log(coarse / fine, 4.0) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize("name", FLOW)
def test_the_velocity_is_never_asked_at_clean_data(name: str) -> None:
    asked = []

    def denoiser(x: Tensor, alpha: float, sigma: float) -> Denoised:
        asked.append(sigma)
        return MIXTURE(x, alpha, sigma)

    for steps in (1, 5):
        *_, last = find(name).sample(denoiser, noises(), steps, NoiseStream(range(9)))
        assert last.sigma == 0.0 and last.x.isfinite().all()
    assert min(asked) > 0.0


# The adaptive solver


def test_dopri5_keeps_to_its_tolerance() -> None:
    """The global error follows the tolerance asked for a step; the work its fifth root, so that a
    hundred-fold accuracy costs about 2.5 times as much.
    """
    errors, costs = [], []
    for tolerance in (1e-4, 1e-6, 1e-8):
        errors.append(flow_error("flow-dopri5", 4, time_grid, tolerance=tolerance))
        sample = find("flow-dopri5").sample
        *_, last = sample(MIXTURE, noises(), 4, NoiseStream([]), time_grid, tolerance=tolerance)
        costs.append(last.nfe)
        assert errors[-1] < 5.0 * tolerance
    assert errors[0] > 30.0 * errors[1] > 900.0 * errors[2]
    assert all(1.5 < b / a < 3.5 for a, b in pairwise(costs))


def test_dopri5_shows_points_of_one_solution() -> None:
    """How many points are shown changes neither the solution nor its cost, and each lies on it."""
    few, many = run("flow-dopri5", 4, tolerance=1e-6), run("flow-dopri5", 40, tolerance=1e-6)
    assert few[-1].nfe == many[-1].nfe
    assert torch.equal(few[-1].x, many[-1].x)
    exact = run("flow-rk4", 400)
    for shown in many[:-1]:
        (there,) = (s for s in exact if s.sigma == pytest.approx(shown.sigma))
        same(shown.x, there.x, 1e-5)
    assert [s.nfe for s in many] == sorted(s.nfe for s in many)


def test_dopri5_counts_rejected_trials_and_leaves_numbers_that_overflow() -> None:
    """A kink at t = 0.5 has to be rejected into; a network that breaks there must not hang it."""
    calls = 0

    def kinked(x: Tensor, alpha: float, sigma: float) -> Denoised:
        nonlocal calls
        calls += 1
        x0 = torch.full_like(x, 0.0 if sigma > 0.5 else 5.0)
        return Denoised(x0, (x - alpha * x0) / sigma, nfe=1)

    *_, last = find("flow-dopri5").sample(kinked, noises(), 5, NoiseStream([]))
    assert last.nfe == calls and (calls - 1) % 6 == 0

    def broken(x: Tensor, alpha: float, sigma: float) -> Denoised:
        here = MIXTURE(x, alpha, sigma)
        return here if sigma > 0.5 else Denoised(here.x0 * math.nan, here.epsilon, 1)

    *_, last = find("flow-dopri5").sample(broken, noises(), 5, NoiseStream([]))
    assert last.x.isnan().all()


def test_a_tolerance_out_of_range_is_refused() -> None:
    with pytest.raises(UsageError, match=r"tolerance must be a number from 1e-06 to 0\.1"):
        run("flow-dopri5", 5, tolerance=0.0)


# Multistep solvers in the flow's variables


def two_step_flow(steps: int, schedule: Schedule) -> list[Tensor]:
    """DPM-Solver++ 2M in the flow's own variables: x goes straight towards an x0 extrapolated in
    lambda = log((1 - t) / t)."""
    times, ends = schedule(steps), []
    x, before, h_before = math.hypot(1.0 - times[0], times[0]) * noises(), None, 0.0
    for t, t_next in pairwise(times):
        x0 = towards = MIXTURE(x, 1.0 - t, t).x0
        h = math.log((1.0 - t_next) / t_next * t / (1.0 - t)) if t_next else math.inf
        if before is not None and t_next:
            towards = x0 + h / (2.0 * h_before) * (x0 - before)
        x = x + (1.0 - t_next / t) * (towards - x)
        before, h_before = x0, h
        ends.append(x)
    return ends


def unified_flow(steps: int, schedule: Schedule, order: int) -> list[Tensor]:
    """UniPC through the flow's points."""
    points = [Point(1.0 - t, t) for t in schedule(steps)]
    run = unipc.Steps(MIXTURE, NoiseStream([]), points, order=order)
    return [state.x for state in run.states(noises())]


@pytest.mark.parametrize(
    ("flow", "name", "options"),
    [
        (two_step_flow, "dpmpp-2m", {}),
        (unified_flow, "unipc", {"order": 2}),
        (unified_flow, "unipc", {"order": 3}),
    ],
)
def test_flow_variables_change_nothing(
    flow: Callable[..., list[Tensor]], name: str, options: dict[str, Option]
) -> None:
    """x_flow = (alpha_flow / alpha_vp) x_vp, at every step of the same schedule: why flow-2m and
    flow-unipc are aliases."""
    schedule = UniformLambda()
    ours = run(name, 12, schedule, **options)
    for a, b in zip(flow(12, schedule, **options), ours, strict=True):
        same(a, b.x / (b.alpha + b.sigma))


@pytest.mark.parametrize("name", ["dpmpp-2m", "unipc"])
def test_multistep_solvers_start_from_pure_noise(name: str) -> None:
    """At t = 1 lambda is -inf: the step from there is Euler's, its past infinitely far."""
    states = run(name, 12, lambda steps: evenly(1.0, 0.0, steps + 1))
    same(states[0].x / (states[0].alpha + states[0].sigma), run("flow-euler", 12)[0].x)
    assert all(s.x.isfinite().all() for s in states)


def test_unipc_of_order_three_has_order_four() -> None:
    coarse, fine = (flow_error("unipc", steps, order=3) for steps in (160, 640))
    assert math.log(coarse / fine, 4.0) == pytest.approx(4.0, abs=0.1)


# The stochastic flow


@pytest.mark.parametrize("options", [{"diffusion": "none"}, {"scale": 0.0}])
def test_without_diffusion_the_sde_is_eulers(options: dict[str, Option]) -> None:
    for a, b in zip(run("flow-sde", 12, **options), run("flow-euler", 12), strict=True):
        same(a.x, b.x)


def marginal_bias(steps: int, diffusion: str, scale: float) -> tuple[float, float]:
    """(mean, std) of x at t = 0.1 against the exact ones, without sampling error: a step is linear
    in x for one Gaussian, so two starts give its factor and offset, and variances add.
    """
    grid = evenly(1.0, 0.1, steps + 1)
    mean, variance = 0.0, 1.0
    for t, t_next in pairwise(grid):
        # Two pictures, 0 and 1, through this step alone; then its noise, through a third.
        alone = (t, t_next)
        x = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64).reshape(3, 1, 1, 1)
        (end,) = find("flow-sde").sample(
            GAUSSIAN, x / math.hypot(1.0 - t, t), 1, Third([]), lambda _, at=alone: at,
            diffusion=diffusion, scale=scale,
        )  # fmt: skip
        offset, at_one, noisy = end.x.flatten().tolist()
        mean = offset + (at_one - offset) * mean
        variance = (at_one - offset) ** 2 * variance + (noisy - offset) ** 2
    (exact,) = GAUSSIAN.means[0]
    std = math.hypot(0.9 * GAUSSIAN.stds[0], 0.1)
    return mean - 0.9 * exact, math.sqrt(variance) / std - 1.0


class Third(NoiseStream):
    """A stream that gives noise 1 to the third picture and none to the others."""

    def like(self, x: Tensor) -> Tensor:
        return torch.tensor([0.0, 0.0, 1.0], dtype=x.dtype).reshape(3, 1, 1, 1)


@pytest.mark.parametrize("diffusion", DIFFUSIONS)
@pytest.mark.parametrize("scale", [0.2, 0.5, 3.0])
def test_every_diffusion_keeps_the_marginal(diffusion: str, scale: float) -> None:
    """The mean exactly, the std in the limit, off by O(1 / N), for every w(t) >= 0. Little noise
    leaves too little spread, much too much; near w = 2 t the two cancel.
    """
    (mean, coarse), (_, fine) = (marginal_bias(n, diffusion, scale) for n in (200, 800))
    assert abs(mean) < 1e-12
    assert abs(fine) < 0.01
    assert coarse / fine == pytest.approx(4.0, rel=0.15)


def test_the_sdes_spend_their_w() -> None:
    """The noise of a step has variance w dt, and what it adds the drift takes away."""
    assert DIFFUSIONS["linear"](0.3) == 0.6 and DIFFUSIONS["sigma"](0.3) == 0.3
    assert DIFFUSIONS["sin2"](0.5) == 1.0 and DIFFUSIONS["none"](0.5) == 0.0
    t, t_next = rf_time(0.0), rf_time(0.1)
    one, other = (
        list(
            find("flow-sde").sample(
                GAUSSIAN, torch.zeros(3, 1, 1, 1, dtype=torch.float64), 1, stream,
                lambda _: (t, t_next), diffusion="sin2", scale=0.7,
            )
        )[-1].x
        for stream in (Third([]), NoiseStream(range(3)))
    )  # fmt: skip
    added = float(one[2] - one[0])
    assert added == pytest.approx(math.sqrt(0.7 * math.sin(math.pi * t) ** 2 * (t - t_next)))
    drawn = NoiseStream(range(3)).like(other)
    same(other - one[0], added * drawn)
