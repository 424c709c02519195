"""From cells to curves and their Pareto front."""

from __future__ import annotations

import numpy as np
import pytest

from studio.core import comparing
from studio.core.grid import Axis, Grid
from studio.core.settings import Settings
from studio.diffusion.samplers import all_samplers
from studio.ui.jobs import Jobs
from studio.ui.session import Session
from studio.ui.workspaces.compare.comparison import Comparison, Result
from studio.ui.workspaces.compare.curves import LEAST, Point, curves, pareto


def filled(grid: Grid, distances: list[float]) -> Comparison:
    comparison = Comparison(Session(all_samplers()), Jobs())
    comparison.grid = grid
    blank = np.zeros((4, 4, 3), np.uint8)
    for index, settings in enumerate(grid.cells(Settings("a cat"))):
        cell = comparing.Cell(
            1, index, blank, np.zeros((1, 2, 2)), settings, 0.1 * settings.steps,
            2 * settings.steps, None,
        )  # fmt: skip
        distance = comparing.Distance(1, index, distances[index], None)
        comparison.results.append(Result(settings, cell, None, distance))
    return comparison


def test_one_curve_a_sampler_by_cost() -> None:
    grid = Grid(Axis("steps", (10, 5)), Axis("sampler", ("flow-euler", "dpmpp-2m")))
    euler, multistep = curves(filled(grid, [0.2, 0.4, 0.01, 0.1]), "nfe", "latent")
    assert [(p.steps, p.cost, p.distance) for p in euler.points] == [(5, 10, 0.4), (10, 20, 0.2)]
    assert [p.index for p in multistep.points] == [3, 2]
    assert euler.label != multistep.label


def test_seeds_and_prompts_are_averaged_and_guidance_is_not() -> None:
    grid = Grid(Axis("guidance", (1.0, 4.0)), Axis("seed", (1, 2)))
    one, four = curves(filled(grid, [0.2, 0.5, 0.4, 0.0]), "seconds", "latent")
    assert [point.distance for point in one.points] == [pytest.approx(0.3)]
    assert [point.distance for point in four.points] == [pytest.approx(0.25)]
    assert "w = 4" in four.label


def test_no_distance_no_point_and_no_logarithm_of_nothing() -> None:
    grid = Grid(Axis("steps", (5, 10)))
    comparison = filled(grid, [0.0, 0.1])
    assert curves(comparison, "nfe", "lpips") == ()
    (curve,) = curves(comparison, "nfe", "latent")
    assert curve.points[0].distance == LEAST
    comparison.results[0].distance = None
    (curve,) = curves(comparison, "nfe", "latent")
    assert len(curve.points) == 1


def test_pareto_front() -> None:
    points = [Point(1, cost, far, 0) for cost, far in ((4, 9), (8, 3), (8, 2), (9, 5), (20, 1))]
    assert [(p.cost, p.distance) for p in pareto(points)] == [(4, 9), (8, 2), (20, 1)]
