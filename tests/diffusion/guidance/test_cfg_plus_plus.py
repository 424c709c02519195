from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from studio.diffusion.denoised import Denoised
from studio.diffusion.guidance import ClassifierFree, find
from studio.diffusion.guidance.cfg_plus_plus import ClassifierFreePlusPlus
from studio.diffusion.noise import NoiseStream
from studio.diffusion.samplers import find as find_sampler
from studio.diffusion.schedules import Uniform, UniformLambda, variance_preserving

from .cases import CONDITIONAL, UNCONDITIONAL, each_point, same, there

WEIGHTS = pytest.mark.parametrize("weight", [0.2, 0.6, 1.0])


def plus_plus(weight: float) -> ClassifierFreePlusPlus:
    return ClassifierFreePlusPlus(CONDITIONAL, UNCONDITIONAL, weight, full=1.0)


def start(count: int = 4) -> Tensor:
    return NoiseStream(range(count)).initial((2, 1, 1), dtype=torch.float64)


def algorithm_2(noise: Tensor, points: list[tuple[float, float]], weight: float) -> Tensor:
    """The paper's, line by line, on a VP path: sqrt(alpha_bar) is alpha."""
    x = noise
    for (alpha, sigma), (alpha_next, sigma_next) in pairwise(points):
        unconditional = UNCONDITIONAL(x, alpha, sigma).epsilon
        conditional = CONDITIONAL(x, alpha, sigma).epsilon
        epsilon = unconditional + weight * (conditional - unconditional)
        x0 = (x - sigma * epsilon) / alpha
        x = alpha_next * x0 + sigma_next * unconditional
    return x


@WEIGHTS
def test_eulers_flow_is_the_papers_update(weight: float) -> None:
    """From lambda = -5 on, where the paper's division by alpha is harmless."""
    steps = 12
    times = UniformLambda()(steps)
    points = [variance_preserving(t) for t in times]
    *_, last = find_sampler("flow-euler").sample(
        plus_plus(weight), start(), steps, NoiseStream([]), UniformLambda()
    )
    # the sampler scales the noise to its own path, on which a VP point is x / (alpha + sigma)
    expected = algorithm_2(start(), points, weight)
    torch.testing.assert_close(last.x, expected, rtol=1e-10, atol=1e-10)


@WEIGHTS
def test_a_first_step_of_2m_is_the_papers_update_as_well(weight: float) -> None:
    """It steps from x, not from x0 and epsilon: `moved` makes it start at the parted pair."""
    times = UniformLambda()(8)
    points = [variance_preserving(t) for t in times]
    first = next(
        find_sampler("dpmpp-2m").sample(
            plus_plus(weight), start(), 8, NoiseStream([]), UniformLambda()
        )
    )
    expected = algorithm_2(start(), points[:2], weight)
    torch.testing.assert_close(first.x, expected, rtol=1e-10, atol=1e-10)


def test_a_step_equals_guidance_of_a_scale_that_depends_on_the_step() -> None:
    """w = weight r / (r - sigma_next), r = sigma alpha_next / alpha, on a flow and on a VP path."""
    weight = 0.6
    for on_path in (lambda t: (1.0 - t, t), variance_preserving):
        for t, t_next in ((0.95, 0.9), (0.5, 0.3), (0.1, 0.0)):
            (alpha, sigma), (alpha_next, sigma_next) = on_path(t), on_path(t_next)
            r = sigma * alpha_next / alpha
            w = weight * r / (r - sigma_next)
            x, ends = there(alpha, sigma), []
            for denoiser in (plus_plus(weight), ClassifierFree(CONDITIONAL, UNCONDITIONAL, w)):
                here = denoiser(x, alpha, sigma)
                ends.append(alpha_next * here.x0 + sigma_next * here.epsilon)
            torch.testing.assert_close(ends[0], ends[1], rtol=1e-10, atol=1e-10)
            assert w == pytest.approx(weight * t * (1.0 - t_next) / (t - t_next))


def test_the_flows_own_alpha_matters() -> None:
    """With alpha = 1 on the flow, as most ports have it, the step would be another one."""
    t, t_next, weight, x = 0.5, 0.4, 0.6, there(0.5, 0.5)
    here, flow = plus_plus(weight)(x, 1.0 - t, t), UNCONDITIONAL(x, 1.0 - t, t)
    step = (1.0 - t_next) * here.x0 + t_next * here.epsilon
    port = here.x0 + t_next * flow.epsilon
    assert (step - port).abs().max() > 0.01


@each_point
def test_the_pair_is_parted_and_says_where_it_belongs(alpha: float, sigma: float) -> None:
    x = there(alpha, sigma)
    here, unconditional = plus_plus(0.4)(x, alpha, sigma), UNCONDITIONAL(x, alpha, sigma)
    conditional = CONDITIONAL(x, alpha, sigma)
    expected = Denoised(0.6 * unconditional.x0 + 0.4 * conditional.x0, unconditional.epsilon, 2)
    same(here, expected)
    assert here.moved is not None
    torch.testing.assert_close(here.moved, alpha * here.x0 + sigma * here.epsilon)
    assert (here.moved - x).abs().max() > 1e-6


def test_the_weight_is_a_share_of_the_full_scale() -> None:
    for scale, full, weight in ((12.5, 12.5, 1.0), (5.0, 12.5, 0.4), (0.7, 1.0, 0.7), (30, 1, 1)):
        assert ClassifierFreePlusPlus(
            CONDITIONAL, UNCONDITIONAL, scale, full=full
        ).weight == pytest.approx(weight)


def test_zero_is_unconditional_in_one_evaluation_and_one_renoises_without_the_prompt() -> None:
    x = there(0.6, 0.4)
    zero, one = plus_plus(0.0)(x, 0.6, 0.4), plus_plus(1.0)(x, 0.6, 0.4)
    same(zero, UNCONDITIONAL(x, 0.6, 0.4), 0.0)
    assert zero.nfe == 1 and zero.moved is None
    torch.testing.assert_close(one.x0, CONDITIONAL(x, 0.6, 0.4).x0, rtol=1e-12, atol=1e-12)
    assert torch.equal(one.epsilon, UNCONDITIONAL(x, 0.6, 0.4).epsilon)
    assert one.nfe == 2


def test_the_registry_maps_the_scale() -> None:
    x = there(0.6, 0.4)
    by_name = find("cfg++").guide(CONDITIONAL, UNCONDITIONAL, 2.5)(x, 0.6, 0.4)
    same(by_name, plus_plus(0.4)(x, 0.6, 0.4), 1e-12)


@pytest.mark.parametrize("steps", [24, 240, 2400])
def test_the_equal_scale_half_way_is_a_quarter_of_the_steps(steps: int) -> None:
    """Why `full` is N / 4, and why more steps do not converge."""
    weight, (t, t_next) = 0.6, Uniform()(steps)[steps // 2 : steps // 2 + 2]
    (x, ends), w = (there(1.0 - t, t), []), weight * steps / 4.0
    for denoiser in (plus_plus(weight), ClassifierFree(CONDITIONAL, UNCONDITIONAL, w)):
        here = denoiser(x, 1.0 - t, t)
        ends.append((1.0 - t_next) * here.x0 + t_next * here.epsilon - x)
    assert (ends[0] - ends[1]).norm() / ends[0].norm() < 2.0 / steps
