from __future__ import annotations

import pytest
import torch

from studio.diffusion.denoiser import Denoised
from studio.diffusion.guidance import ClassifierFree
from studio.diffusion.noise import NoiseStream
from studio.diffusion.paths import RectifiedFlow
from studio.diffusion.predictions import PREDICTIONS
from studio.diffusion.samplers import find

from .cases import MIXTURE
from .mixture import Mixture
from .test_denoiser import Recorder, pictures, word_denoiser

CONDITIONAL = Mixture((1.0,), MIXTURE.means[:1], MIXTURE.stds[:1])
FLOW, ALPHA, SIGMA = RectifiedFlow(), 0.6, 0.4  # a point of the flow, t = 0.4


def at(scale: float, interval: tuple[float, float] = (0.0, 1.0)) -> Denoised:
    return ClassifierFree(CONDITIONAL, MIXTURE, scale, interval)(pictures(), ALPHA, SIGMA)


def test_one_is_the_conditional_and_zero_the_unconditional_in_one_evaluation() -> None:
    for scale, denoiser in ((1.0, CONDITIONAL), (0.0, MIXTURE)):
        expected, actual = denoiser(pictures(), ALPHA, SIGMA), at(scale)
        assert torch.equal(actual.epsilon, expected.epsilon)
        assert torch.equal(actual.x0, expected.x0)
        assert actual.nfe == 1


@pytest.mark.parametrize("w", [-1.0, 0.5, 3.0, 7.5])
def test_linear_in_the_scale_in_every_space(w: float) -> None:
    zero, one, guided = at(0.0), at(1.0), at(w)
    for prediction in PREDICTIONS.values():
        u, c, g = (prediction.target(d.x0, d.epsilon, FLOW, SIGMA) for d in (zero, one, guided))
        torch.testing.assert_close(g, u + w * (c - u), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(ALPHA * guided.x0 + SIGMA * guided.epsilon, pictures())
    assert guided.nfe == 2


@pytest.mark.parametrize("w", [0.5, 4.0])
def test_guidance_follows_the_exact_classifier(w: float) -> None:
    """epsilon = epsilon_u - w sigma grad log p(c | x), the classifier by Bayes' rule."""
    x = pictures().requires_grad_()
    log_ratio = CONDITIONAL.log_density(x, ALPHA, SIGMA) - MIXTURE.log_density(x, ALPHA, SIGMA)
    (gradient,) = torch.autograd.grad([log_ratio.sum()], [x])
    expected = MIXTURE(x, ALPHA, SIGMA).epsilon - w * SIGMA * gradient
    torch.testing.assert_close(at(w).epsilon, expected.detach(), rtol=1e-10, atol=1e-10)


def test_outside_the_interval_the_conditional_answers_alone() -> None:
    t = SIGMA / (ALPHA + SIGMA)
    for interval in ((0.0, t - 0.01), (t + 0.01, 1.0)):
        outside = at(5.0, interval)
        assert outside.nfe == 1
        assert torch.equal(outside.x0, CONDITIONAL(pictures(), ALPHA, SIGMA).x0)
    assert at(5.0, (t - 0.01, t + 0.01)).nfe == 2


def test_the_interval_costs_one_evaluation_a_guided_step() -> None:
    steps, interval = 20, (0.23, 0.77)
    stream = NoiseStream([0])
    guided = ClassifierFree(CONDITIONAL, MIXTURE, 3.0, interval)
    *_, last = find("flow-euler").sample(guided, stream.initial((2, 1, 1)), steps, stream)
    inside = sum(interval[0] <= 1.0 - i / steps <= interval[1] for i in range(steps))
    assert 0 < inside < steps
    assert last.nfe == steps + inside


def test_one_network_is_called_once_for_both() -> None:
    network = Recorder()
    guided = ClassifierFree(word_denoiser(network, 1.0), word_denoiser(network, 0.0), 2.0)
    here = guided(pictures(), ALPHA, SIGMA)
    assert network.batches == [10] and here.nfe == 2
    network.batches.clear()
    by_hand = word_denoiser(network, 2.0)(pictures(), ALPHA, SIGMA)  # its answer is linear
    torch.testing.assert_close(here.epsilon, by_hand.epsilon, rtol=1e-12, atol=1e-12)
