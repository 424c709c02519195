"""Positions: the paper's formula, grids, and other sizes."""

import math

import torch

from studio.networks.positions import Positions, sinusoidal_grid, sinusoids


def test_sinusoids_are_the_paper_s() -> None:
    table = sinusoids(7, 10)
    for p, i in ((0, 0), (3, 1), (6, 4)):
        angle = p / 10_000 ** (2 * i / 10)
        assert math.isclose(table[p, 2 * i], math.sin(angle), abs_tol=1e-6)
        assert math.isclose(table[p, 2 * i + 1], math.cos(angle), abs_tol=1e-6)
    assert sinusoids(4, 5).shape == (4, 5)


def test_a_grid_tells_rows_from_columns() -> None:
    grid = sinusoidal_grid(3, 8).view(3, 3, 8)
    assert torch.equal(grid[0, 2, :4], grid[0, 1, :4])  # of one row
    assert torch.equal(grid[0, 2, 4:], grid[1, 2, 4:])  # of one column
    assert len(grid.view(9, 8).unique(dim=0)) == 9


def test_learned_and_fixed() -> None:
    fixed, learned = (Positions(sinusoids(6, 4), learned) for learned in (False, True))
    assert not list(fixed.parameters()) and not fixed.state_dict()
    assert list(learned.state_dict()) == ["table"]
    assert torch.equal(fixed.after(2, 3), sinusoids(6, 4)[2:5])


def test_other_sizes_are_interpolated() -> None:
    rows = torch.arange(4.0).repeat_interleave(4)[:, None]  # a ramp from the top to the bottom
    positions = Positions(rows, learned=False)
    assert torch.equal(positions.grid(4, 4), rows)
    small = positions.grid(2, 3).view(2, 3)
    torch.testing.assert_close(small[:, 0], small[:, 2])
    torch.testing.assert_close(small.sum(0), torch.full((3,), 3.0))  # still centred
    assert small[0, 0] < 1 < 2 < small[1, 0]
