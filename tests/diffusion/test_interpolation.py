"""Ways between points, held against the geometry and the statistics they are made for."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from studio.core.errors import UsageError
from studio.diffusion.interpolation import (
    METHODS,
    angles,
    bilinear,
    coarse_to_fine,
    coarse_to_fine_grid,
    equal_speed,
    lerp,
    slerp,
)
from studio.diffusion.noise import NoiseStream

shares = st.floats(0.0, 1.0)
seeds = st.integers(0, 2**32)
tries = settings(max_examples=60)


def noise(*seeds: int, shape: tuple[int, ...] = (2, 3, 4)) -> Tensor:
    return NoiseStream(seeds).initial(shape, dtype=torch.float64)


@given(seeds, seeds, shares)
@tries
def test_slerp_stays_on_the_sphere_and_turns_evenly(first: int, second: int, share: float) -> None:
    a, b = noise(first, 1), noise(second, 2)
    b = b * (a.flatten(1).norm(dim=1) / b.flatten(1).norm(dim=1))[:, None, None, None]
    between, whole = slerp(a, b, share), angles(a, b)
    torch.testing.assert_close(between.flatten(1).norm(dim=1), a.flatten(1).norm(dim=1))
    torch.testing.assert_close(angles(a, between), share * whole, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(angles(between, b), (1 - share) * whole, rtol=1e-9, atol=1e-9)


def test_slerp_half_way_is_the_mean_made_as_long_as_its_ends() -> None:
    """By hand: (a + b) / (2 cos(w / 2)); at right angles (a + b) / sqrt 2."""
    a, b = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    torch.testing.assert_close(slerp(a, b, 0.5), (a + b) / math.sqrt(2.0))
    torch.testing.assert_close(slerp(a, b, 1 / 3), torch.tensor([[3 * math.sqrt(0.75), 1.5]]))
    b = 3.0 * torch.tensor([[math.cos(2.0), math.sin(2.0)]])
    torch.testing.assert_close(slerp(a, b, 0.5), (a + b) / (2.0 * math.cos(1.0)))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.8])
def test_slerp_keeps_the_marginal_of_noise_and_lerp_does_not(share: float) -> None:
    """Of n independent pairs' numbers the mean square has a standard error of sqrt(2 / n)."""
    a, b = noise(0, 1, 2, 3, shape=(8, 64, 64)), noise(4, 5, 6, 7, shape=(8, 64, 64))
    error = 5.0 * math.sqrt(2.0 / a.numel())
    on_the_sphere, on_the_line = slerp(a, b, share), lerp(a, b, share)
    assert float(on_the_sphere.square().mean()) == pytest.approx(1.0, abs=error)
    assert float(on_the_sphere.mean()) == pytest.approx(0.0, abs=5.0 / math.sqrt(a.numel()))
    assert float(on_the_sphere.pow(4).mean()) == pytest.approx(3.0, abs=5 * math.sqrt(96 / 2**17))
    wanted = (1.0 - share) ** 2 + share**2
    assert float(on_the_line.square().mean()) == pytest.approx(wanted, abs=error)


def test_each_picture_turns_by_its_own_angle() -> None:
    a, b = noise(0, 1, 2), noise(3, 4, 5)
    together = slerp(a, b, 0.3)
    for i in range(3):
        torch.testing.assert_close(together[i : i + 1], slerp(a[i : i + 1], b[i : i + 1], 0.3))


@pytest.mark.parametrize("by", [1.0, 1.0 + 1e-6, -1.0, 0.0])
def test_without_a_great_circle_the_way_is_straight(by: float) -> None:
    """Parallel, nearly so, opposite, and zero itself: finite, and where lerp is."""
    a = noise(0, 1)
    b = by * a + (1e-6 if by > 1.0 else 0.0)
    if by == 0.0:
        a = b
    torch.testing.assert_close(slerp(a, b, 0.3), lerp(a, b, 0.3), rtol=1e-9, atol=1e-9)


def test_a_small_angle_is_exact_in_single_precision() -> None:
    """Where an arc cosine of float32 would be 0 or off by a third."""
    a = torch.tensor([[1.0, 0.0]])
    b = torch.tensor([[math.cos(3e-4), math.sin(3e-4)]])
    assert float(angles(a, b)) == pytest.approx(3e-4, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("method", METHODS)
def test_an_end_is_that_very_tensor(method: str, dtype: torch.dtype) -> None:
    ends = [noise(seed, seed + 9).to(dtype) for seed in range(4)]
    corners = [bilinear(ends, u, v, method) for v in (0.0, 1.0) for u in (0.0, 1.0)]
    assert all(corner is end for corner, end in zip(corners, ends, strict=True))
    assert bilinear(ends[:2], 0.0, 0.0, method) is ends[0]
    assert bilinear(ends[:2], 1.0, 0.0, method) is ends[1]
    assert bilinear(ends, 0.5, 0.5, method).dtype == dtype


def test_bilinear_edges_are_the_ways_between_their_corners() -> None:
    ends = [noise(seed) for seed in range(4)]
    assert torch.equal(bilinear(ends, 0.3, 0.0, "slerp"), slerp(ends[0], ends[1], 0.3))
    assert torch.equal(bilinear(ends, 0.3, 1.0, "slerp"), slerp(ends[2], ends[3], 0.3))
    assert torch.equal(bilinear(ends, 1.0, 0.3, "slerp"), slerp(ends[1], ends[3], 0.3))
    weights = (0.42, 0.28, 0.18, 0.12)  # at (0.4, 0.3)
    wanted = sum(weight * end for weight, end in zip(weights, ends, strict=True))
    torch.testing.assert_close(bilinear(ends, 0.4, 0.3, "lerp"), wanted)
    with pytest.raises(UsageError, match="did you mean 'slerp'"):
        bilinear(ends, 0.5, 0.5, "slurp")


def test_coarse_to_fine_by_hand() -> None:
    assert coarse_to_fine(9) == (0, 8, 4, 2, 6, 1, 3, 5, 7)
    assert coarse_to_fine(1) == (0,)
    assert coarse_to_fine(2) == (0, 1)
    assert coarse_to_fine_grid(3, 3) == (0, 2, 6, 8, 1, 3, 5, 7, 4)


@given(st.integers(1, 200), st.integers(1, 16), st.integers(1, 16))
@tries
def test_every_frame_comes_once_and_gaps_close_evenly(count: int, rows: int, columns: int) -> None:
    order = coarse_to_fine(count)
    assert sorted(order) == list(range(count))
    assert sorted(coarse_to_fine_grid(rows, columns)) == list(range(rows * columns))
    for seen in range(2, count + 1):  # at any moment no gap is more than about twice another
        gaps = [b - a for a, b in pairwise(sorted(order[:seen]))]
        assert max(gaps) <= 2 * min(gaps) + 2


def test_a_grids_corners_come_first_and_a_strip_is_a_walk() -> None:
    assert set(coarse_to_fine_grid(5, 7)[:4]) == {0, 6, 28, 34}
    assert set(coarse_to_fine_grid(5, 9)[:9]) == {0, 4, 8, 18, 22, 26, 36, 40, 44}
    assert coarse_to_fine_grid(1, 9) == coarse_to_fine(9)


@given(st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=30), st.integers(2, 40))
@tries
def test_equal_speed_cuts_the_way_into_equal_lengths(distances: list[float], count: int) -> None:
    """Against NumPy's interpolation: the length up to the shares goes up by the same each time."""
    found = equal_speed(distances, count)
    lengths = np.concatenate([[0.0], np.cumsum(distances)])
    reached = np.interp(found, np.linspace(0.0, 1.0, len(lengths)), lengths)
    np.testing.assert_allclose(np.diff(reached), lengths[-1] / (count - 1), rtol=1e-6, atol=1e-9)
    assert (found[0], found[-1]) == (0.0, 1.0)


def test_equal_speed_by_hand_and_where_nothing_moves() -> None:
    assert equal_speed((1.0, 3.0), 3) == (0.0, pytest.approx(0.5 + 1 / 6), 1.0)
    assert equal_speed((0.0, 1.0), 3) == (0.0, pytest.approx(0.75), 1.0)
    assert equal_speed((1.0, 0.0, 1.0), 3)[1] in (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert equal_speed((0.0, 0.0), 5) == (0.0, 0.25, 0.5, 0.75, 1.0)
