from __future__ import annotations

import pytest
import torch
from torch import Tensor

from studio.core.specs import Options
from studio.diffusion.guidance import ClassifierFree, find
from studio.diffusion.guidance.apg import Projected
from studio.diffusion.noise import NoiseStream
from studio.diffusion.samplers import find as find_sampler

from .cases import CONDITIONAL, UNCONDITIONAL, each_point, same, there

W = 4.0
PLAIN: Options = (("eta", 1.0), ("momentum", 0.0), ("threshold", 0.0))


def gap(alpha: float, sigma: float) -> tuple[Tensor, Tensor]:
    """x0_c and d = x0_c - x0_u."""
    x = there(alpha, sigma)
    conditional = CONDITIONAL(x, alpha, sigma).x0
    return conditional, conditional - UNCONDITIONAL(x, alpha, sigma).x0


def update(guided: Projected, alpha: float, sigma: float) -> Tensor:
    """What is added to x0_c for each unit of w - 1."""
    x = there(alpha, sigma)
    return (guided(x, alpha, sigma).x0 - CONDITIONAL(x, alpha, sigma).x0) / (guided.scale - 1.0)


def dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).flatten(1).sum(1)


@each_point
def test_all_parallel_no_cap_no_momentum_is_classifier_free_guidance(
    alpha: float, sigma: float
) -> None:
    x = there(alpha, sigma)
    apg = find("apg").guide(CONDITIONAL, UNCONDITIONAL, W, options=PLAIN)
    same(apg(x, alpha, sigma), ClassifierFree(CONDITIONAL, UNCONDITIONAL, W)(x, alpha, sigma))


def test_whole_runs_agree_too() -> None:
    ends = []
    apg = find("apg").guide(CONDITIONAL, UNCONDITIONAL, W, options=PLAIN)
    for guided in (apg, ClassifierFree(CONDITIONAL, UNCONDITIONAL, W)):
        stream = NoiseStream(range(4))
        noise = stream.initial((2, 1, 1), dtype=torch.float64)
        *_, last = find_sampler("flow-heun").sample(guided, noise, 9, stream)
        ends.append(last.x)
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-10, atol=1e-10)


@each_point
def test_eta_zero_leaves_what_is_orthogonal_to_the_conditional(alpha: float, sigma: float) -> None:
    guided = Projected(CONDITIONAL, UNCONDITIONAL, W, eta=0.0, threshold=0.0, momentum=0.0)
    conditional, d = gap(alpha, sigma)
    left = update(guided, alpha, sigma)
    assert dot(left, conditional).abs().max() < 1e-10
    removed = d - left  # along the conditional: Cauchy-Schwarz holds with equality
    norms = (dot(removed, removed) * dot(conditional, conditional)).sqrt()
    torch.testing.assert_close(dot(removed, conditional).abs(), norms, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("threshold", [0.1, 1.0, 100.0])
def test_the_update_is_no_longer_than_the_threshold(threshold: float) -> None:
    guided = Projected(CONDITIONAL, UNCONDITIONAL, W, eta=1.0, threshold=threshold, momentum=0.0)
    _, d = gap(0.15, 0.85)
    capped, norm = update(guided, 0.15, 0.85), dot(d, d).sqrt()
    torch.testing.assert_close(dot(capped, capped).sqrt(), norm.clamp(max=threshold))
    torch.testing.assert_close(dot(capped, d), dot(capped, capped).sqrt() * norm)  # same way


def test_no_difference_and_no_picture_are_no_trouble() -> None:
    alike = Projected(CONDITIONAL, CONDITIONAL, W)(there(0.6, 0.4), 0.6, 0.4)
    same(alike, CONDITIONAL(there(0.6, 0.4), 0.6, 0.4), 0.0)


def test_momentum_is_a_running_sum() -> None:
    guided = Projected(CONDITIONAL, UNCONDITIONAL, W, eta=1.0, threshold=0.0, momentum=-0.5)
    points = ((0.1, 0.9), (0.4, 0.6), (0.4, 0.6), (0.8, 0.2))
    expected: Tensor | float = 0.0
    for point in points:
        expected = gap(*point)[1] - 0.5 * expected
        torch.testing.assert_close(update(guided, *point), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("sampler", ["flow-euler", "flow-heun", "dpmpp-2m"])
def test_the_momentum_is_of_one_run(sampler: str) -> None:
    """The same denoiser, run twice, gives the same pictures; and what a fresh one gives."""
    guided, found = find("apg").guide(CONDITIONAL, UNCONDITIONAL, W), find_sampler(sampler)
    ends = []
    for denoiser in (guided, guided, find("apg").guide(CONDITIONAL, UNCONDITIONAL, W)):
        stream = NoiseStream(range(3))
        noise = stream.initial((2, 1, 1), dtype=torch.float64)
        *_, last = found.sample(denoiser, noise, 7, stream)
        ends.append(last.x)
    assert torch.equal(ends[0], ends[1]) and torch.equal(ends[0], ends[2])
    without = find("apg").guide(CONDITIONAL, UNCONDITIONAL, W, options=(("momentum", 0.0),))
    *_, last = found.sample(without, noise, 7, stream)
    assert not torch.allclose(last.x, ends[0])


def test_the_scale_one_is_the_conditional_in_one_evaluation() -> None:
    here = Projected(CONDITIONAL, UNCONDITIONAL, 1.0)(there(0.6, 0.4), 0.6, 0.4)
    same(here, CONDITIONAL(there(0.6, 0.4), 0.6, 0.4), 0.0)
    assert here.nfe == 1
