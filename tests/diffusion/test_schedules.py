from __future__ import annotations

import math
from itertools import pairwise

import pytest

from studio.core.errors import UsageError
from studio.diffusion.paths import DiscreteDDPM, rf_time
from studio.diffusion.schedules import (
    Karras,
    Schedule,
    Shifted,
    Trailing,
    Uniform,
    UniformLambda,
    shift,
    variance_preserving,
)

SCHEDULES: dict[str, Schedule] = {
    "uniform": Uniform(),
    "shifted": Shifted(Uniform(), 3.0),
    "uniform-lambda": UniformLambda(),
    "karras": Karras(),
    "trailing": Trailing(DiscreteDDPM.linear()),
}
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())


@each_schedule
@pytest.mark.parametrize("steps", [1, 2, 7, 30, 250])
def test_steps_plus_one_times_fall_to_clean_data(schedule: Schedule, steps: int) -> None:
    times = schedule(steps)
    assert len(times) == steps + 1
    assert 0.98 < times[0] <= 1.0 and times[-1] == 0.0
    assert all(a > b for a, b in pairwise(times))


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
