"""Curves can be told apart."""

from __future__ import annotations

import pytest

from studio.ui.plots.marks import colour, numbered, symbol


@pytest.mark.parametrize("family", ["ddpm", "sde", "flow"])
def test_the_curves_of_a_family_differ_in_colour(family: str) -> None:
    assert len({colour(family, number).name() for number in range(12)}) == 12


def test_marks_of_neighbours_differ_and_never_run_out() -> None:
    assert all(symbol(number) != symbol(number + 1) for number in range(300))


def test_numbers_within_families() -> None:
    assert numbered(["sde", "flow", "sde", "sde", "flow"]) == [0, 0, 1, 2, 1]
