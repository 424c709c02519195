"""The loop that all samplers share, under a sampler of three lines, and the adaptive solver."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from studio.diffusion.denoised import Denoised
from studio.diffusion.noise import NoiseStream
from studio.diffusion.paths import Point, evenly
from studio.diffusion.runge_kutta import BOGACKI_SHAMPINE, DORMAND_PRINCE, Embedded, Solver
from studio.diffusion.samplers.run import FlowRun, Step

from .cases import MIXTURE


class Twice(FlowRun):
    """Asks twice a step, and steps as Euler does; keeps what the loop told it."""

    def step(self, x: Tensor, at: Point, to: Point, *, least: float = 0.0) -> Step:
        self.denoiser(x, *at)
        here = self.denoiser(x, *at)
        nodes = self.remembered(at, here.x0)
        told.append((self.number, self.left, [lam for lam, _ in nodes]))
        return self.renewed(to.alpha * here.x0 + to.sigma * here.epsilon, least), here


told: list[tuple[int, int, list[float]]] = []


def walked(times: tuple[float, ...], **options: float) -> list[Tensor]:
    told.clear()
    stream = NoiseStream(range(3))
    noise = stream.initial((2, 1, 1), dtype=torch.float64)
    run = Twice(MIXTURE, stream, [Twice.point(t) for t in times], **options)
    states = list(run.states(noise))
    assert [s.step for s in states] == [n for n, *_ in told] == list(range(1, len(times)))
    assert [s.nfe for s in states] == [2 * s.step for s in states]
    assert [(s.alpha, s.sigma) for s in states] == [(1.0 - t, t) for t in times[1:]]
    return [s.x for s in states]


def test_the_loop_walks_the_points_and_counts_what_the_denoiser_took() -> None:
    ends = walked(evenly(1.0, 0.0, 7))
    assert all(end.isfinite().all() for end in ends)
    assert [left for _, left, _ in told] == [6, 5, 4, 3, 2, 1]


def test_a_run_that_does_not_end_clean_has_more_steps_left_than_it_makes() -> None:
    walked(evenly(1.0, 0.1, 7))
    assert {left for _, left, _ in told} == {7}


def test_the_past_is_newest_first_at_most_three_steps_long_and_without_pure_noise() -> None:
    walked(evenly(1.0, 0.0, 7))
    lambdas = [math.log((1.0 - t) / t) for t in evenly(1.0, 0.0, 7)[1:-1]]
    pasts = [known for *_, known in told]
    assert pasts[0] == [-math.inf] and pasts[1] == pytest.approx(lambdas[:1])
    assert pasts[5] == pytest.approx([lambdas[4], lambdas[3], lambdas[2], lambdas[1]])


def test_noise_is_drawn_only_where_there_is_some() -> None:
    plain, again = walked(evenly(1.0, 0.0, 4)), walked(evenly(1.0, 0.0, 4), least=0.0)
    noisy = walked(evenly(1.0, 0.0, 4), least=0.1)
    assert torch.equal(plain[0], again[0])
    stream = NoiseStream(range(3))
    z = stream.like(stream.initial((2, 1, 1), dtype=torch.float64))
    torch.testing.assert_close(noisy[0] - plain[0], 0.1 * z)


@pytest.mark.parametrize("method", [DORMAND_PRINCE, BOGACKI_SHAMPINE])
@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 0.0)])
def test_the_solver_goes_both_ways_and_stops_at_the_end(
    method: Embedded, start: float, end: float
) -> None:
    """On dx/dt = cos(t) x, x = e^sin t; a point inside its last step lies on the solution."""

    def field(x: Tensor, t: float) -> Tensor:
        return math.cos(t) * x

    def exact(t: float) -> Tensor:
        return torch.full((2, 1), math.exp(math.sin(t)), dtype=torch.float64)

    solver = Solver(method, field, exact(start), start, 1e-6)
    while solver.t != end:
        before = solver.t
        solver.advance(end)
        middle = 0.5 * (before + solver.t)
        torch.testing.assert_close(solver.at(middle), exact(middle), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(solver.x, exact(end), rtol=1e-5, atol=1e-5)


def test_the_error_decides_about_a_step_and_the_next_ones_length() -> None:
    method = DORMAND_PRINCE
    assert method.is_accepted(0.1, 1.0) and not method.is_accepted(0.1, 1.1)
    assert method.is_accepted(0.1, math.nan) and method.is_accepted(0.1, math.inf)
    assert method.is_accepted(-method.shortest, 9.0)
    assert method.resized(-0.1, 1.0) == pytest.approx(0.09)
    assert method.resized(0.1, 0.0) == pytest.approx(0.5) == method.resized(0.1, math.inf)
    assert method.resized(0.1, 1e9) == pytest.approx(0.02)
    assert method.resized(method.shortest, 1e9) == method.shortest


def test_an_answers_velocity_is_the_rectified_flows() -> None:
    x0, epsilon = torch.tensor([1.0]), torch.tensor([3.0])
    assert torch.equal(Denoised(x0, epsilon, 1).velocity, torch.tensor([2.0]))
