"""How the grid uses its room."""

from __future__ import annotations

import pytest

from studio.ui.workspaces.compare.grid_view import GOOD, LEAST, MOST, layout


def test_one_picture_is_no_poster() -> None:
    assert layout(1, None, 1400, 900).side == MOST


def test_pictures_of_one_axis_are_wrapped_to_be_large() -> None:
    made = layout(12, None, 1200, 800)
    assert 1 < made.columns < 12
    assert made.side >= GOOD


def test_columns_of_two_axes_are_not_wrapped() -> None:
    assert layout(12, 4, 1200, 800).columns == 4
    assert layout(12, 12, 900, 600).columns == 12


@pytest.mark.parametrize("count", [1, 3, 12, 40, 256])
@pytest.mark.parametrize("size", [(400, 300), (800, 500), (1600, 1000)])
def test_a_picture_is_never_too_small_to_judge(count: int, size: tuple[int, int]) -> None:
    made = layout(count, None, *size)
    assert LEAST <= made.side <= MOST
    assert 1 <= made.columns <= count


@pytest.mark.parametrize("shape", [0.5, 1.5, 2.4])
def test_pictures_that_are_not_square_fit_as_well(shape: float) -> None:
    """Two by two in a room that is high enough for none wider."""
    made = layout(4, 2, 1600, 1000, shape)
    assert GOOD <= made.side <= MOST
    assert 2 * made.side * shape <= 1000
    assert made.side == MOST or layout(4, 2, 1600, 1100, shape).side > made.side
