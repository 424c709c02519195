from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaincinv

from studio.core.errors import UsageError
from studio.diffusion.paths import DiscreteDDPM, rf_time
from studio.diffusion.schedules import (
    SCHEDULES,
    BetaQuantiles,
    Exponential,
    Karras,
    Leading,
    Schedule,
    Shifted,
    StartingAt,
    Trailing,
    Uniform,
    UniformLambda,
    all_schedules,
    beta_cdf,
    beta_quantile,
    find_schedule,
    shift,
    shift_for_pixels,
    shift_for_tokens,
    shifted,
    variance_preserving,
)

GRIDS: dict[str, Schedule] = {**SCHEDULES, "shifted": Shifted(Uniform(), 3.0)}
each_schedule = pytest.mark.parametrize("schedule", GRIDS.values(), ids=GRIDS.keys())


@each_schedule
@pytest.mark.parametrize("steps", [1, 2, 7, 30, 250])
def test_steps_plus_one_times_fall_to_clean_data(schedule: Schedule, steps: int) -> None:
    times = schedule(steps)
    assert len(times) == steps + 1
    assert times[0] <= 1.0 and times[-1] == 0.0
    if not isinstance(schedule, Leading):  # it starts short of pure noise, which is its fault
        assert times[0] > 0.98
    assert all(a > b for a, b in pairwise(times))


@given(st.sampled_from(list(SCHEDULES.values())), st.integers(1, 60), st.data())
def test_no_time_leaves_the_way_however_it_is_shifted(
    schedule: Schedule, steps: int, data: st.DataObject
) -> None:
    k, start = data.draw(st.floats(0.1, 10.0)), data.draw(st.floats(0.01, 1.0))
    for moved in (Shifted(schedule, k), StartingAt(Shifted(schedule, k), start)):
        times = moved(steps)
        assert 0.0 < times[0] <= 1.0 and times[-1] == 0.0
        assert all(a > b for a, b in pairwise(times))
    assert StartingAt(schedule, start)(steps)[0] == start
    assert StartingAt(schedule, 1e-300)(steps)[0] ** 2 > 0.0


@pytest.mark.parametrize("k", [0.1, 0.2, 0.7, 3.0])
def test_a_shift_leaves_both_ends_where_they_are(k: float) -> None:
    assert (shift(1.0, k), shift(0.0, k)) == (1.0, 0.0)


@each_schedule
@pytest.mark.parametrize("steps", [0, -3])
def test_no_steps_is_the_users_mistake(schedule: Schedule, steps: int) -> None:
    with pytest.raises(UsageError, match="step"):
        schedule(steps)


def test_uniform_lambda_is_even_in_lambda() -> None:
    lambdas = [math.log((1.0 - t) / t) for t in UniformLambda(-5.0, 4.0)(10)[:-1]]
    assert lambdas == pytest.approx([-5.0 + i for i in range(10)], abs=1e-12)


def test_karras_is_even_in_the_seventh_root_of_sigma_bar() -> None:
    times = Karras(0.01, 100.0)(11)[:-1]
    roots = [(t / (1.0 - t)) ** (1 / 7) for t in times]
    gaps = [a - b for a, b in pairwise(roots)]
    assert gaps == pytest.approx([gaps[0]] * 10, rel=1e-9)
    assert (times[0], times[-1]) == pytest.approx((100 / 101, 0.01 / 1.01), rel=1e-12)


def test_trailing_takes_the_chains_own_indices() -> None:
    path = DiscreteDDPM.linear()
    indices = [path.t_from_lambda(math.log((1 - t) / t)) for t in Trailing(path)(4)[:-1]]
    assert indices == pytest.approx([999, 749, 499, 249], abs=1e-9)
    with pytest.raises(UsageError, match="1000 or fewer"):
        Trailing(path)(1001)


def test_leading_counts_up_from_its_offset() -> None:
    path = DiscreteDDPM.scaled_linear()
    for offset, expected in ((0, [666, 333, 0]), (1, [667, 334, 1])):
        times = Leading(path, offset)(3)[:-1]
        indices = [path.t_from_lambda(math.log((1 - t) / t)) for t in times]
        assert indices == pytest.approx(expected, abs=1e-9)
    with pytest.raises(UsageError, match="1000 or fewer"):
        Leading(path)(1001)


def test_a_chain_with_zero_terminal_snr_starts_at_pure_noise() -> None:
    times = Trailing(DiscreteDDPM.linear().with_zero_terminal_snr())(10)
    assert 1.0 - times[0] < 1e-8


def test_exponential_falls_by_one_factor_a_step() -> None:
    sigma_bars = [t / (1.0 - t) for t in Exponential(0.01, 100.0)(9)[:-1]]
    assert sigma_bars == pytest.approx([100.0 * 10 ** (-i / 2) for i in range(9)], rel=1e-9)


@pytest.mark.parametrize(("a", "b"), [(0.6, 0.6), (0.5, 0.5), (2.0, 3.0), (1.0, 1.0), (0.3, 1.7)])
def test_beta_quantiles_are_scipys(a: float, b: float) -> None:
    for q in (1e-4, 0.02, 0.3, 0.5, 0.77, 0.999):
        t = beta_quantile(q, a, b)
        assert beta_cdf(t, a, b) == pytest.approx(q, abs=1e-13)
        assert t == pytest.approx(float(betaincinv(a, b, q)), rel=1e-10, abs=1e-15)
    assert (beta_quantile(0.0, a, b), beta_quantile(1.0, a, b)) == (0.0, 1.0)


def test_beta_schedules_known_cases() -> None:
    """Beta(1, 1) is uniform; Beta(1/2, 1/2) is the arcsine law, sin^2(pi q / 2)."""
    assert BetaQuantiles(1.0, 1.0)(8) == pytest.approx(Uniform()(8), abs=1e-14)
    arcsine = [math.sin(math.pi * q / 2) ** 2 for q in Uniform()(8)]
    assert BetaQuantiles(0.5, 0.5)(8) == pytest.approx(arcsine, abs=1e-14)


def test_every_named_schedule_is_described_and_found() -> None:
    specs = all_schedules()
    assert [spec.name for spec in specs] == list(SCHEDULES)
    assert all(find_schedule(spec.name) is SCHEDULES[spec.name] for spec in specs)
    assert all(spec.label and spec.summary.endswith(".") and spec.source for spec in specs)
    assert {"uniform", "trailing", "leading", "karras", "exponential", "beta"} < set(SCHEDULES)


def test_an_unknown_schedule_is_answered_with_the_choices() -> None:
    with pytest.raises(UsageError, match="did you mean 'karras'") as error:
        find_schedule("karas")
    assert all(name in str(error.value) for name in SCHEDULES)


def test_a_shift_of_one_is_the_schedule_itself() -> None:
    grid = Karras()
    assert shifted(grid, 1.0) is grid
    assert shifted(Uniform(), 3.0)(4) == pytest.approx([1.0, 0.9, 0.75, 0.5, 0.0])


@pytest.mark.parametrize("k", [0.0, -1.0, math.inf, math.nan])
def test_a_shift_that_is_no_factor_is_the_users_mistake(k: float) -> None:
    with pytest.raises(UsageError, match="shift"):
        shifted(Uniform(), k)


def test_dynamic_shifts() -> None:
    assert shift_for_pixels(1024 * 1024, 512 * 512) == 2.0
    assert shift_for_tokens(256) == pytest.approx(math.exp(0.5))
    assert shift_for_tokens(4096) == pytest.approx(math.exp(1.15))
    middle = (256 + 4096) // 2
    assert math.log(shift_for_tokens(middle)) == pytest.approx(0.825)


def test_shifts_compose_and_are_a_factor_in_sigma_bar() -> None:
    for t in (0.0, 0.1, 0.5, 0.97, 1.0):
        assert shift(shift(t, 3.0), 2.0) == pytest.approx(shift(t, 6.0), abs=1e-15)
        assert shift(t, 1.0) == t
    assert shift(rf_time(0.4), 2.5) == pytest.approx(rf_time(0.4 - math.log(2.5)), abs=1e-15)


def test_variance_preserving_keeps_the_ratio() -> None:
    for t in (0.0, 0.3, 1.0):
        alpha, sigma = variance_preserving(t)
        assert alpha**2 + sigma**2 == pytest.approx(1.0, abs=1e-15)
        assert sigma / (alpha + sigma) == pytest.approx(t, abs=1e-15)
