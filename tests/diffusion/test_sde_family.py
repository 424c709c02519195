"""The SDE family: what each sampler is equal to, how it converges, and what its noise does."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.core.specs import Option
from studio.diffusion.denoised import Denoised
from studio.diffusion.mixture import Mixture
from studio.diffusion.noise import NoiseStream
from studio.diffusion.paths import evenly, half_log_snr, rf_time
from studio.diffusion.runge_kutta import BOGACKI_SHAMPINE
from studio.diffusion.samplers import dpmpp_2m_sde as dpmpp
from studio.diffusion.samplers import er_sde as er
from studio.diffusion.samplers import find
from studio.diffusion.samplers.edm import noised
from studio.diffusion.schedules import (
    SCHEDULES,
    Karras,
    Schedule,
    Uniform,
    UniformLambda,
    variance_preserving,
)
from studio.diffusion.state import State

from .cases import MIXTURE
from .test_convergence import GAUSSIAN, STD, Basis, flow_error, marginal_std, variance_bias

KARRAS = Karras(0.05, 40.0)
#: Each with options that leave it no noise.
NOISELESS: list[tuple[str, dict[str, Option]]] = [
    ("euler-ancestral", {"eta": 0.0}),
    ("dpmpp-2m-sde", {"eta": 0.0}),
    ("dpmpp-3m-sde", {"eta": 0.0}),
    ("er-sde-3", {"scale": "ode"}),
    ("sa-solver", {"tau": 0.0}),
    ("edm-heun", {"s_churn": 0.0}),
    ("restart", {"restarts": 0}),
    ("sde-pf-ode", {}),
]
#: Each with options that make its first step that of the reverse-time SDE, x0 held constant.
ONE_POINT: list[tuple[str, dict[str, Option]]] = [
    ("euler-ancestral", {}),
    ("dpmpp-2m-sde", {}),
    ("dpmpp-3m-sde", {}),
    ("er-sde-3", {"scale": "sde"}),
    ("sa-solver", {}),
]
FAMILY = ["sde-euler", "sde-pc", *(name for name, _ in NOISELESS)]


def noise() -> Tensor:
    return NoiseStream(range(4)).initial((2, 1, 1), dtype=torch.float64)


def run(name: str, steps: int, schedule: Schedule | None = None, **options: Option) -> list[State]:
    stream, chosen = NoiseStream(range(4)), tuple(options.items())
    stream.like(noise())  # the initial noise
    return list(find(name).run(MIXTURE, noise(), steps, stream, schedule, chosen))


def close(a: Tensor, b: Tensor, tolerance: float = 1e-12) -> None:
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


def order(coarse: float, fine: float) -> float:
    """Of errors a factor 4 in the number of steps apart."""
    return math.log(coarse / fine, 4.0)


# Degenerate cases


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())
def test_euler_ancestral_is_ddim_with_the_same_eta(schedule: Schedule, eta: float) -> None:
    """k-diffusion's step in sigma_bar and eq. 16 of DDIM are one; so eta 1 is DDPM too."""
    ancestral, ddim = (run(n, 11, schedule, eta=eta) for n in ("euler-ancestral", "ddim"))
    for a, b in zip(ancestral, ddim, strict=True):
        close(a.x, b.x, 1e-10)
        close(a.x0, b.x0, 1e-10)


def test_euler_ancestral_goes_down_then_up() -> None:
    """k-diffusion's own arithmetic, on x / alpha."""
    stream = NoiseStream(range(4))
    stream.like(noise())
    sigmas = [t / (1.0 - t) for t in KARRAS(6)]
    x = noise() * sigmas[0] / math.sin(math.atan(sigmas[0]))
    for state, (s, s_next) in zip(run("euler-ancestral", 6, KARRAS), pairwise(sigmas), strict=True):
        up = math.sqrt(s_next**2 * (s**2 - s_next**2) / s**2)
        down = math.sqrt(s_next**2 - up**2)
        x0 = MIXTURE(x, 1.0, s).x0
        x = x + (x - x0) / s * (down - s)
        if s_next > 0.0:
            x = x + up * stream.like(x)
        close(state.x / state.alpha, x)


@pytest.mark.parametrize(
    ("noisy", "still", "options"),
    [
        ("dpmpp-2m-sde", "dpmpp-2m", {}),
        ("dpmpp-3m-sde", "dpmpp-3m", {"curvature": "exact"}),
        ("dpmpp-3m-sde", "dpmpp-3m", {"curvature": "published"}),
    ],
)
@pytest.mark.parametrize("steps", [5, 20])
def test_with_eta_zero_they_are_the_ode_solvers(
    noisy: str, still: str, options: dict[str, Option], steps: int
) -> None:
    grid = find(still).schedule
    a, b = run(noisy, steps, grid, eta=0.0, **options), run(still, steps, grid, **options)
    for one, other in zip(a, b, strict=True):
        close(one.x, other.x)


@pytest.mark.parametrize(("name", "options"), ONE_POINT)
@pytest.mark.parametrize("start", [1.0, 0.97])
def test_a_first_step_is_ddpms(name: str, options: dict[str, Option], start: float) -> None:
    """With x0 held constant the reverse-time SDE is solved exactly, by the posterior."""
    grid = (start, 0.4, 0.0)
    close(run(name, 2, lambda _: grid, **options)[0].x, run("ddpm", 2, lambda _: grid)[0].x)


@pytest.mark.parametrize(("name", "options"), NOISELESS[:-3])
@pytest.mark.parametrize("start", [1.0, 0.97])
def test_a_first_step_without_noise_is_ddims(
    name: str, options: dict[str, Option], start: float
) -> None:
    grid = (start, 0.4, 0.0)
    close(run(name, 2, lambda _: grid, **options)[0].x, run("ddim", 2, lambda _: grid)[0].x)


def test_heun_without_churn_or_restarts_is_heun_in_sigma_bar() -> None:
    """Karras et al. 2022, algorithm 1, on x / alpha."""
    sigmas = [t / (1.0 - t) for t in KARRAS(7)]
    x = noise() * math.hypot(1.0, sigmas[0])
    edm, restart = run("edm-heun", 7, KARRAS, s_churn=0.0), run("restart", 7, KARRAS, restarts=0)
    for a, b, (s, s_next) in zip(edm, restart, pairwise(sigmas), strict=True):
        d = (x - MIXTURE(x, 1.0, s).x0) / s
        euler = x + (s_next - s) * d
        if s_next > 0.0:
            d = 0.5 * (d + (euler - MIXTURE(euler, 1.0, s_next).x0) / s_next)
        x = x + (s_next - s) * d
        close(a.x / a.alpha, x)
        close(b.x / b.alpha, x)


def test_noise_too_little_to_count_is_none() -> None:
    """Two points that differ by rounding only: the variance between them may come out below 0."""
    z = torch.ones(1, dtype=torch.float64)
    for t in evenly(0.01, 0.99, 200):
        sigma_bar = t / (1.0 - t)
        point, again = variance_preserving(t), variance_preserving(sigma_bar / (1.0 + sigma_bar))
        close(noised(z, point, again, z), z, 1e-7)


def test_edm_is_the_papers_algorithm_2() -> None:
    """Karras et al. 2022, line by line, on their x: our x / alpha. Churn from 0.2 to 9 only."""
    churn = {"s_churn": 3.0, "s_min": 0.2, "s_max": 9.0, "s_noise": 1.01}
    stream = NoiseStream(range(4))
    stream.like(noise())
    sigmas = [t / (1.0 - t) for t in KARRAS(8)]
    x, churned = noise() * math.hypot(1.0, sigmas[0]), 0
    for state, (s, s_next) in zip(
        run("edm-heun", 8, KARRAS, **churn), pairwise(sigmas), strict=True
    ):
        if 0.2 <= s <= 9.0:
            s_hat, churned = s * (1.0 + 3.0 / 8), churned + 1
            x = x + math.sqrt(s_hat**2 - s**2) * 1.01 * stream.like(x)
        else:
            s_hat = s
        d = (x - MIXTURE(x, 1.0, s_hat).x0) / s_hat
        euler = x + (s_next - s_hat) * d
        if s_next > 0.0:
            d = 0.5 * (d + (euler - MIXTURE(euler, 1.0, s_next).x0) / s_next)
        x = x + (s_next - s_hat) * d
        close(state.x / state.alpha, x)
    assert 0 < churned < 8


def test_churn_is_bounded() -> None:
    """gamma is at most sqrt(2) - 1, the noise at most doubled (line 4 of algorithm 2)."""
    a, b = (run("edm-heun", 5, s_churn=churn)[-1].x for churn in (5.0 * 0.4143, 90.0))
    close(a, b, 1e-3)


@pytest.mark.parametrize(("name", "options"), NOISELESS)
def test_no_noise_is_drawn_where_there_is_none(name: str, options: dict[str, Option]) -> None:
    class Silent(NoiseStream):
        def like(self, x: Tensor) -> Tensor:
            raise AssertionError("drew noise")

    *_, last = find(name).run(MIXTURE, noise(), 9, Silent(range(4)), None, tuple(options.items()))
    assert last.x.isfinite().all()


# What all of them keep


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())
def test_every_schedule_runs_also_from_pure_noise(name: str, schedule: Schedule) -> None:
    """Uniform and beta start at t = 1, where sigma_bar is infinite. The last step returns x0."""
    for steps in (1, 2, 3, 8):
        states = run(name, steps, schedule)
        assert all(state.x.isfinite().all() for state in states)
        close(states[-1].x, states[-1].x0)
        assert (states[-1].alpha, states[-1].sigma) == (1.0, 0.0)


class Moved:
    """The mixture, its epsilon another's: the pair belongs to another x than the one asked at."""

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        here = MIXTURE(x, alpha, sigma)
        epsilon = 0.9 * here.epsilon
        return Denoised(here.x0, epsilon, 1, moved=alpha * here.x0 + sigma * epsilon)


@pytest.mark.parametrize(("name", "options"), NOISELESS[:-3])
def test_every_sampler_renoises_with_the_epsilon_that_guidance_parted(
    name: str, options: dict[str, Option]
) -> None:
    """A first step, from where CFG++ moved x, mixes its x0 and its epsilon anew."""
    grid = (0.9, 0.5, 0.0)
    stream, chosen = NoiseStream(range(4)), tuple(options.items())
    first = next(find(name).run(Moved(), noise(), 2, stream, lambda _: grid, chosen))
    here = Moved()(noise(), *variance_preserving(0.9))
    alpha, sigma = variance_preserving(0.5)
    close(first.x, alpha * here.x0 + sigma * here.epsilon)


@pytest.mark.parametrize(
    ("name", "option", "wrong", "said"),
    [
        ("euler-ancestral", "eta", 1.5, "eta must be a number from 0 to 1"),
        ("dpmpp-2m-sde", "eta", math.nan, "eta must be a number from 0 to 1"),
        ("sa-solver", "predictor_order", 2.5, "predictor_order must be a whole number from 1 to 4"),
        ("restart", "restarts", -1, "restarts must be a whole number from 0 to 20"),
        ("sde-pf-ode", "tolerance", 0.0, "tolerance must be a number from 1e-06"),
        ("er-sde-3", "scale", "none", "scale must be one of er, sde, ode"),
    ],
)
def test_options_out_of_range_are_refused(name: str, option: str, wrong: Option, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(name, 5, **{option: wrong})


# Orders of convergence


@pytest.mark.parametrize(
    ("name", "options", "theory"),
    [
        ("euler-ancestral", {"eta": 0.0}, 1.0),
        ("dpmpp-2m-sde", {"eta": 0.0}, 2.0),
        ("dpmpp-3m-sde", {"eta": 0.0}, 3.0),
        ("er-sde-3", {"scale": "ode"}, 3.0),
        ("er-sde-3", {"scale": "ode", "slope": "published"}, 2.0),
        ("edm-heun", {"s_churn": 0.0}, 2.0),
        ("restart", {"restarts": 0}, 2.0),
        ("sa-solver", {"tau": 0.0, "predictor_order": 1, "corrector_order": 1}, 1.0),
        ("sa-solver", {"tau": 0.0, "predictor_order": 2, "corrector_order": 1}, 2.0),
        ("sa-solver", {"tau": 0.0, "predictor_order": 3, "corrector_order": 1}, 3.0),
        ("sa-solver", {"tau": 0.0, "predictor_order": 1, "corrector_order": 2}, 2.0),
        ("sa-solver", {"tau": 0.0, "predictor_order": 2, "corrector_order": 3}, 3.0),
        ("sa-solver", {"tau": 0.0, "predictor_order": 3, "corrector_order": 4}, 4.0),
    ],
)
def test_orders_without_noise(name: str, options: dict[str, Option], theory: float) -> None:
    """Against the exact flow map. SA-Solver's theorems: p points predict with order p, and correct
    with that of their number if the prediction, one order better by the step, allows."""
    coarse, fine = (flow_error(name, steps, **options) for steps in (160, 640))
    assert order(coarse, fine) == pytest.approx(theory, abs=0.1)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("dpmpp-2m-sde", 200),
        ("dpmpp-3m-sde", 300),
        ("sa-solver", 300),
        ("edm-heun", 80),
        ("restart", 80),
    ],
)
def test_marginals_of_order_two(name: str, steps: int) -> None:
    """Of the std. Churn and restarts keep the marginal exactly, so Heun's order is left; several
    points do in the mean what they do without noise, and the variance follows to second order."""
    coarse, fine = variance_bias(name, steps), variance_bias(name, 4 * steps)
    assert order(coarse, fine) == pytest.approx(2.0, abs=0.1)


def test_er_sdes_marginal_is_exact_to_four_digits_with_a_hundred_steps() -> None:
    assert abs(variance_bias("er-sde-3", 100)) < 1e-4


class Coupled(NoiseStream):
    """One Brownian path for runs of different length: `fine` unit noises, of which each draw of a
    longer step is the combination that its own noise would be."""

    def __init__(self, steps: int, fine: int, rate: float) -> None:
        """A step's noise is an integral of e^(rate lambda) dW; rate 0 for Euler-Maruyama."""
        super().__init__([])
        self.length, self.rate, self.drawn = fine // steps, rate * 7.0 / fine, 0

    def like(self, x: Tensor) -> Tensor:
        shares = (self.rate * torch.arange(self.length, dtype=x.dtype)).exp()
        drawn = torch.zeros_like(x)
        first = 1 + self.drawn * self.length
        drawn[first : first + self.length, 0, 0, 0] = shares / shares.norm()
        self.drawn += 1
        return drawn


def path(name: str, steps: int, fine: int, rate: float, **options: Option) -> Tensor:
    """x at lambda = 2 as coefficients of the noises: the norm of a difference is its r.m.s."""
    start = torch.zeros(fine + 1, 1, 1, 1, dtype=torch.float64)
    start[0] = 1.0
    grid = tuple(rf_time(lam) for lam in evenly(-5.0, 2.0, steps + 1))
    centred = Mixture((1.0,), ((0.0,),), (STD,))
    stream = Coupled(steps, fine, rate)
    *_, last = find(name).sample(centred, start, steps, stream, lambda _: grid, **options)
    assert stream.drawn == steps
    return last.x


@pytest.mark.parametrize(
    ("name", "options", "rate"),
    [("sde-euler", {}, 0.0), *((name, options, 1.0) for name, options in ONE_POINT)],
)
def test_paths_with_noise_converge_with_order_one(
    name: str, options: dict[str, Option], rate: float
) -> None:
    """Strongly: path by path, for one Brownian motion. The noise's amplitude does not depend on x,
    so the order is 1 and not the 1/2 of Euler-Maruyama in general; SA-Solver's theorem has tau h
    whatever the number of points."""
    fine = 2048 if name == "sa-solver" else 1024  # as many points, as late the limit
    runs = [path(name, fine // part, fine, rate, **options) for part in (8, 4, 2, 1)]
    errors = [float((b - a).norm()) for a, b in pairwise(runs)]
    assert order(errors[0], errors[2]) == pytest.approx(1.0, abs=0.1)


# Noise: what is kept and what is fresh


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("h", [0.1, 2.0, math.inf])
def test_the_noise_kept_and_the_fresh_noise_add_up(h: float, eta: float) -> None:
    kept, fresh = dpmpp.renewal(h, eta)
    assert kept**2 + fresh**2 == pytest.approx(1.0, abs=1e-15)
    assert (kept == 1.0) is (eta == 0.0)


@pytest.mark.parametrize("s_next", [0.01, 0.9, 30.0])
def test_the_er_sdes_scales(s_next: float) -> None:
    """phi = s^2 is the reverse-time SDE; the paper's renews less of the noise than that late, more
    early; phi = s none."""
    s = 1.3 * s_next
    sde, own = er.renewal("sde", s, s_next), er.renewal("er", s, s_next)
    assert sde == pytest.approx(dpmpp.renewal(math.log(s / s_next), 1.0))
    assert er.renewal("ode", s, s_next) == (1.0, 0.0)
    assert own[0] ** 2 + own[1] ** 2 == pytest.approx(1.0)
    assert own[1] < sde[1]
    assert er.renewal("er", math.inf, s_next) == (0.0, 1.0)


@pytest.mark.parametrize(("s", "s_next"), [(1.1, 1.0), (3.0, 0.5), (150.0, 20.0)])
def test_the_er_integrals(s: float, s_next: float) -> None:
    """In closed form where phi is a power, by many midpoints where it is not."""
    ode, sde = (er.integrals(er.SCALES[n], s, s_next) for n in ("ode", "sde"))
    log = math.log(s / s_next)
    assert ode == pytest.approx((log, s - s_next - s * log), rel=1e-6)
    assert sde == pytest.approx((1 / s_next - 1 / s, log - s * (1 / s_next - 1 / s)), rel=1e-5)
    count = 20000
    middles = [s_next + (i + 0.5) * (s - s_next) / count for i in range(count)]
    width = (s - s_next) / count
    scale = er.SCALES["er"]
    first = sum(width / (v * scale(v)) for v in middles)
    second = sum(width * (v - s) / (v * scale(v)) for v in middles)
    assert er.integrals(scale, s, s_next) == pytest.approx((first, second), rel=1e-5)


def test_noising_forward_gives_the_later_marginal() -> None:
    """alpha' / alpha scales the data, and the variance is filled up to sigma'^2."""
    point, noisier = variance_preserving(0.3), variance_preserving(0.6)
    still = noised(torch.full((1,), point[0]), point, noisier, torch.zeros(1))
    close(still, torch.full((1,), noisier[0]), 1e-6)
    old = point[1] * noisier[0] / point[0]
    new = float(noised(torch.zeros(1), point, noisier, torch.ones(1)))
    assert old**2 + new**2 == pytest.approx(noisier[1] ** 2)


# The predictor and the corrector


@pytest.mark.parametrize("snr", [0.1, 0.3])
def test_langevin_steps_leave_the_excess_of_their_length(snr: float) -> None:
    """However fine the predictor: steps of e on N(0, v) settle at v / (1 - e / 2 v), e = 2 (snr
    sigma)^2. Many corrector steps on a fine grid get there."""
    steps, correct = 30, 8
    start = torch.zeros(steps * (correct + 1) + 1, 1, 1, 1, dtype=torch.float64)
    start[0] = 1.0
    grid = tuple(rf_time(lam) for lam in evenly(1.99, 2.0, steps + 1))
    centred = Mixture((1.0,), ((0.0,),), (0.01,))  # v is little more than sigma^2
    *_, last = find("sde-pc").sample(
        centred, start, steps, Basis(), lambda _: grid, snr=snr, corrector_steps=correct
    )
    v = (0.01 * last.alpha) ** 2 + last.sigma**2
    settled = v / (1.0 - (snr * last.sigma) ** 2 / v)
    assert float(last.x.square().sum()) == pytest.approx(settled, rel=0.02 / steps / snr**2)


def test_the_corrector_mends_what_the_predictor_spreads() -> None:
    """The reverse diffusion step over-disperses like Euler-Maruyama, by order 1."""

    def bias(steps: int, correct: int) -> float:
        start = torch.zeros(steps * (correct + 1) + 1, 1, 1, 1, dtype=torch.float64)
        start[0] = 1.0
        grid = tuple(rf_time(lam) for lam in evenly(-5.0, 2.0, steps + 1))
        centred = Mixture((1.0,), ((0.0,),), (STD,))
        *_, last = find("sde-pc").sample(
            centred, start, steps, Basis(), lambda _: grid, corrector_steps=correct
        )
        return float(last.x.square().sum().sqrt()) / marginal_std(last.alpha, last.sigma) - 1.0

    alone = bias(100, 0)
    assert order(alone, bias(400, 0)) == pytest.approx(1.0, abs=0.1)
    assert 0.0 < bias(100, 4) < bias(100, 1) < alone


@pytest.mark.parametrize("correct", [0, 1, 3])
def test_each_corrector_step_is_an_evaluation_but_clean_data_needs_none(correct: int) -> None:
    states = run("sde-pc", 5, corrector_steps=correct)
    assert [state.nfe for state in states] == [(1 + correct) * n for n in range(1, 5)] + [
        4 * (1 + correct) + 1
    ]


# Restart


def test_restarts_are_counted_and_happen_in_one_step() -> None:
    """sigma_bar = 2 and 0.1 are the schedule's points 2 and 5: each restart is 3 steps of Heun."""

    def grid(steps: int) -> tuple[float, ...]:
        return *(s / (1.0 + s) for s in (80.0, 10.0, 2.1, 1.0, 0.4, 0.09, 0.02)), 0.0

    plain, thrice = run("restart", 7, grid, restarts=0), run("restart", 7, grid, restarts=3)
    extra = [b.nfe - a.nfe for a, b in zip(plain, thrice, strict=True)]
    assert extra == [0, 0, 0, 0, 18, 18, 18]
    assert plain[-1].nfe == 13
    for a, b in zip(plain[:4], thrice[:4], strict=True):
        assert torch.equal(a.x, b.x)


@pytest.mark.parametrize("grid", [(0.9, 0.0), (1.0, 0.0), (1.0, 0.5, 0.0)])
def test_a_schedule_without_an_interval_has_no_restart(grid: tuple[float, ...]) -> None:
    steps = len(grid) - 1
    one, other = (run("restart", steps, lambda _: grid, restarts=r) for r in (0, 5))
    assert torch.equal(one[-1].x, other[-1].x) and one[-1].nfe == other[-1].nfe


@pytest.mark.parametrize("restarts", [0, 1, 2, 10])
def test_restarts_forget_errors_made_before(restarts: int) -> None:
    """The contraction that the paper proves, in closed form for a Gaussian: noise up to sigma_bar =
    high and the flow map down to low give an excess of variance the factor (s^2 + low^2)/(s^2 +
    high^2)."""
    start = torch.zeros(restarts + 1, 1, 1, 1, dtype=torch.float64)
    start[0] = 1.5  # half as wide again
    lambdas = evenly(-5.0, 3.0, 401)
    low, high = math.exp(-lambdas[360]), math.exp(-lambdas[310])
    *_, last = find("restart").sample(
        Mixture((1.0,), ((0.0,),), (STD,)), start, 400, Basis(),
        lambda _: tuple(rf_time(lam) for lam in lambdas),
        restarts=restarts, restart_from=low, restart_to=high,
    )  # fmt: skip
    variance = float(last.x.square().sum()) / marginal_std(last.alpha, last.sigma) ** 2
    contraction = (STD**2 + low**2) / (STD**2 + high**2)
    assert variance - 1.0 == pytest.approx(1.25 * contraction**restarts, rel=1e-3, abs=1e-3)


# The adaptive solver


def test_the_bogacki_shampine_tableau() -> None:
    """Orders 3 and 2 on dx/dt = cos(t) x, x = e^sin t; the estimate is their difference."""

    def field(x: Tensor, t: float) -> Tensor:
        return math.cos(t) * x

    errors, estimates = [], []
    for steps in (16, 64):
        x = torch.ones(1, dtype=torch.float64)
        for t, t_next in pairwise(evenly(0.0, 1.0, steps + 1)):
            x, slopes = BOGACKI_SHAMPINE.step(field, x, t, t_next - t, field(x, t))
        slopes.append(field(x, 1.0))
        estimate = (
            sum(w * float(k) for w, k in zip(BOGACKI_SHAMPINE.error, slopes, strict=True)) / steps
        )
        errors.append(abs(float(x) - math.exp(math.sin(1.0))))
        estimates.append(abs(estimate))
    assert order(*errors) == pytest.approx(3.0, abs=0.1)
    assert order(*estimates) == pytest.approx(3.0, abs=0.1)  # of one step: local order 3
    assert sum(BOGACKI_SHAMPINE.error) == pytest.approx(0.0, abs=1e-16)


def test_the_ode_solver_keeps_to_its_tolerance() -> None:
    """The global error follows the tolerance for a step; the work, at order 3, its cube root."""
    errors, costs = [], []
    for tolerance in (1e-3, 1e-4, 1e-5, 1e-6):
        errors.append(flow_error("sde-pf-ode", 4, tolerance=tolerance))
        costs.append(run("sde-pf-ode", 4, tolerance=tolerance)[-1].nfe)
        assert errors[-1] < 2.0 * tolerance
    assert errors[0] > 30.0 * errors[2] and errors[1] > 30.0 * errors[3]
    assert all(1.2 < b / a < 2.6 for a, b in pairwise(costs))


def test_the_points_shown_lie_on_one_solution() -> None:
    """How many are shown changes neither the solution nor its cost."""
    few, many = run("sde-pf-ode", 4, tolerance=1e-6), run("sde-pf-ode", 30, tolerance=1e-6)
    assert few[-1].nfe == many[-1].nfe and torch.equal(few[-1].x, many[-1].x)
    exact = {s.sigma: s.x for s in run("edm-heun", 30 * 60, Finer(30, 60), s_churn=0.0)}
    for shown in many[:-1]:
        nearest = min(exact, key=lambda sigma: abs(sigma - shown.sigma))
        assert nearest == pytest.approx(shown.sigma, rel=1e-9)
        close(shown.x, exact[nearest], 2e-4)


class Finer:
    """UniformLambda of `steps`, each of its steps in lambda cut into `parts`."""

    def __init__(self, steps: int, parts: int) -> None:
        self.coarse, self.parts = UniformLambda()(steps), parts

    def __call__(self, steps: int) -> tuple[float, ...]:
        grid = [self.coarse[0]]
        for t, t_next in pairwise(self.coarse[:-1]):
            lam, lam_next = (half_log_snr(1.0 - s, s) for s in (t, t_next))
            grid += [rf_time(v) for v in evenly(lam, lam_next, self.parts + 1)[1:]]
        rest = evenly(grid[-1], 0.0, steps + 2 - len(grid))[1:]
        return *grid, *rest


def test_rejected_trials_are_counted_and_numbers_that_overflow_end() -> None:
    calls = 0

    def kinked(x: Tensor, alpha: float, sigma: float) -> Denoised:
        nonlocal calls
        calls += 1
        x0 = torch.full_like(x, 0.0 if sigma > 0.7 else 5.0)
        return Denoised(x0, (x - alpha * x0) / sigma, nfe=1)

    *_, last = find("sde-pf-ode").sample(kinked, noise(), 5, NoiseStream([]))
    assert last.nfe == calls and (calls - 1) % 3 == 0

    def broken(x: Tensor, alpha: float, sigma: float) -> Denoised:
        here = MIXTURE(x, alpha, sigma)
        return here if sigma > 0.5 else Denoised(here.x0 * math.nan, here.epsilon, 1)

    *_, last = find("sde-pf-ode").sample(broken, noise(), 5, NoiseStream([]))
    assert last.x.isnan().all()


def test_the_ode_solver_is_never_asked_at_clean_data_and_starts_from_pure_noise() -> None:
    asked = []

    def denoiser(x: Tensor, alpha: float, sigma: float) -> Denoised:
        asked.append(sigma)
        return MIXTURE(x, alpha, sigma)

    *_, last = find("sde-pf-ode").sample(denoiser, noise(), 5, NoiseStream([]), Uniform())
    assert last.x.isfinite().all() and asked[0] == 1.0 and min(asked) >= 0.999e-3


def test_exactly_one_gaussian_is_sampled_exactly() -> None:
    """The adaptive ODE maps N(0, 1) to N(mean, std^2) by (x - mean) / std = noise."""
    *_, last = find("sde-pf-ode").sample(
        GAUSSIAN, noise()[:, :1], 5, NoiseStream([]), Uniform(), tolerance=1e-6
    )
    close(last.x, GAUSSIAN.means[0][0] + STD * noise()[:, :1], 1e-5)
