"""Grids: which cells they make, in which order, and everything wrong that is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.core.comparing import MAX_CELLS, Compare
from studio.core.errors import UsageError
from studio.core.grid import Axis, Grid
from studio.core.settings import Settings

BASE = Settings("a bear", sampler="flow-heun", steps=9, seed=4, options=(("eta", 0.5),))


def test_cells_come_tab_by_tab_and_row_by_row() -> None:
    grid = Grid(Axis("steps", (1, 2)), Axis("sampler", ("a", "b", "c")), Axis("guidance", (0.0, 7)))
    assert grid.shape == (2, 3, 2)
    cells = grid.cells(BASE)
    assert [(cell.guidance, cell.sampler, cell.steps) for cell in cells] == [
        (w, sampler, steps) for w in (0.0, 7) for sampler in "abc" for steps in (1, 2)
    ]
    assert {(cell.prompt, cell.seed) for cell in cells} == {("a bear", 4)}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("seed", (1, 2)),
        ("prompt", ("", "a bear")),
        ("rule", ("cfg", "apg")),
        ("schedule", ("", "karras")),
    ],
)
def test_every_axis_changes_its_own_setting(name: str, values: tuple[object, ...]) -> None:
    cells = Grid(Axis(name, values)).cells(BASE)
    assert cells == tuple(replace(BASE, **{name: value}) for value in values)


def test_options_stay_with_their_own_sampler_and_rule() -> None:
    base = replace(BASE, rule_options=(("eta", 0.0),))
    cells = Grid(Axis("sampler", ("flow-heun", "ddpm"))).cells(base)
    assert [cell.options for cell in cells] == [(("eta", 0.5),), ()]
    assert [cell.rule_options for cell in cells] == [base.rule_options] * 2
    cells = Grid(Axis("rule", ("cfg", "apg"))).cells(base)
    assert [cell.rule_options for cell in cells] == [base.rule_options, ()]


def test_samplers_take_their_own_steps_unless_steps_are_compared() -> None:
    defaults = {"a": 5, "b": 50}
    samplers = Axis("sampler", ("a", "b"))
    assert [cell.steps for cell in Grid(samplers).cells(BASE, defaults)] == [5, 50]
    assert [cell.steps for cell in Grid(samplers).cells(BASE)] == [9, 9]
    both = Grid(Axis("steps", (2, 3)), samplers).cells(BASE, defaults)
    assert [cell.steps for cell in both] == [2, 3, 2, 3]


@pytest.mark.parametrize(
    ("grid", "word"),
    [
        (Grid(Axis("size", (1, 2))), "'size' cannot be compared"),
        (Grid(Axis("steps", ())), "at least one value"),
        (Grid(Axis("steps", (3, 3))), "same value twice"),
        (Grid(Axis("steps", (3,)), Axis("steps", (4,))), "different setting"),
        (Grid(Axis("steps", (0, 3))), "steps must be 1"),
        (Grid(Axis("guidance", (float("nan"),))), "guidance must be"),
        (Grid(Axis("guidance", (-1.0,))), "guidance must be"),
        (Grid(Axis("seed", (-1,))), "seed must be"),
        (Grid(Axis("seed", tuple(range(100))), Axis("steps", tuple(range(1, 101)))), "10,000"),
    ],
)
def test_what_makes_no_sense_is_refused(grid: Grid, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        grid.cells(BASE)


def test_the_largest_grid_is_a_comparison_that_makes_sense() -> None:
    cells = Grid(Axis("seed", tuple(range(MAX_CELLS)))).cells(BASE)
    Compare(cells).check()
    with pytest.raises(UsageError, match="pictures"):
        Compare((*cells, BASE)).check()
    with pytest.raises(UsageError, match="one model"):
        Compare((BASE, replace(BASE, model="another"))).check()
