from __future__ import annotations

import pytest
import torch

from studio.diffusion.denoised import Denoised
from studio.diffusion.guidance import ClassifierFree, find
from studio.diffusion.paths import RectifiedFlow, VariancePreserving
from studio.diffusion.predictions import PREDICTIONS

from .cases import CONDITIONAL, UNCONDITIONAL, each_point, same, there

FLOW, ALPHA, SIGMA = RectifiedFlow(), 0.6, 0.4  # a point of the flow, t = 0.4


def at(scale: float) -> Denoised:
    guided = ClassifierFree(CONDITIONAL, UNCONDITIONAL, scale)
    return guided(there(ALPHA, SIGMA), ALPHA, SIGMA)


@pytest.mark.parametrize("name", ["cfg", "autoguidance"])
def test_one_is_the_conditional_and_zero_the_unconditional_in_one_evaluation(name: str) -> None:
    for scale, denoiser in ((1.0, CONDITIONAL), (0.0, UNCONDITIONAL)):
        guided = find(name).guide(CONDITIONAL, UNCONDITIONAL, scale)
        expected, actual = denoiser(there(0.6, 0.4), 0.6, 0.4), guided(there(0.6, 0.4), 0.6, 0.4)
        assert torch.equal(actual.epsilon, expected.epsilon)
        assert torch.equal(actual.x0, expected.x0)
        assert actual.nfe == 1


@pytest.mark.parametrize("w", [-1.0, 0.5, 3.0, 7.5])
@pytest.mark.parametrize("path", [RectifiedFlow(), VariancePreserving()], ids=["flow", "vp"])
def test_linear_in_the_scale_in_epsilon_x0_v_score_and_velocity(
    w: float, path: RectifiedFlow | VariancePreserving
) -> None:
    t = 0.4
    x = there(path.alpha(t), path.sigma(t))
    zero, one, guided = (
        ClassifierFree(CONDITIONAL, UNCONDITIONAL, scale)(x, path.alpha(t), path.sigma(t))
        for scale in (0.0, 1.0, w)
    )
    for prediction in PREDICTIONS.values():
        u, c, g = (prediction.target(d.x0, d.epsilon, path, t) for d in (zero, one, guided))
        torch.testing.assert_close(g, u + w * (c - u), rtol=1e-11, atol=1e-11)
    assert guided.nfe == 2


@each_point
def test_the_papers_weight_is_one_less(alpha: float, sigma: float) -> None:
    """Eq. 6: (1 + w) epsilon_c - w epsilon_u."""
    x = there(alpha, sigma)
    c, u = CONDITIONAL(x, alpha, sigma), UNCONDITIONAL(x, alpha, sigma)
    papers = Denoised(4.0 * c.x0 - 3.0 * u.x0, 4.0 * c.epsilon - 3.0 * u.epsilon, 2)
    same(ClassifierFree(CONDITIONAL, UNCONDITIONAL, 4.0)(x, alpha, sigma), papers)


def test_autoguidance_is_the_same_line_through_a_weaker_denoiser() -> None:
    x = there(ALPHA, SIGMA)
    auto = find("autoguidance").guide(CONDITIONAL, UNCONDITIONAL, 2.5)
    same(auto(x, ALPHA, SIGMA), at(2.5), 0.0)
