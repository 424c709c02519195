from __future__ import annotations

import pytest
import torch
from torch import Tensor

from studio.diffusion.denoised import Denoised
from studio.diffusion.guidance import ClassifierFree, ClassifierGuided, find
from studio.diffusion.noise import NoiseStream
from studio.diffusion.samplers import find as find_sampler
from studio.diffusion.schedules import UniformLambda

from ..test_denoiser import pictures
from .cases import CONDITIONAL, UNCONDITIONAL, Counting, each_point, log_class, same, there

each_weight = pytest.mark.parametrize("w", [0.5, 1.0, 4.0])


@each_point
@each_weight
def test_with_the_exact_classifier_it_is_classifier_free_guidance(
    alpha: float, sigma: float, w: float
) -> None:
    x = there(alpha, sigma)
    here = ClassifierGuided(UNCONDITIONAL, log_class, w)(x, alpha, sigma)
    same(here, ClassifierFree(CONDITIONAL, UNCONDITIONAL, w)(x, alpha, sigma))
    assert here.nfe == 1  # the classifier is no evaluation of the denoiser


@each_point
def test_one_is_the_conditional(alpha: float, sigma: float) -> None:
    x = there(alpha, sigma)
    here = ClassifierGuided(UNCONDITIONAL, log_class, 1.0)(x, alpha, sigma)
    same(here, CONDITIONAL(x, alpha, sigma))


@pytest.mark.parametrize("sampler", ["flow-euler", "flow-heun", "dpmpp-2m", "ddpm", "sde-euler"])
def test_whole_runs_agree_under_inference_mode(sampler: str) -> None:
    ends = []
    for guided in (
        ClassifierGuided(UNCONDITIONAL, log_class, 3.0, floor=1e-3),
        ClassifierFree(CONDITIONAL, UNCONDITIONAL, 3.0),
    ):
        with torch.inference_mode():
            stream = NoiseStream(range(4))
            noise = stream.initial((2, 1, 1), dtype=torch.float64)
            *_, last = find_sampler(sampler).sample(guided, noise, 12, stream, UniformLambda())
        ends.append(last.x)
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-9, atol=1e-9)


@each_point
def test_on_top_of_a_rule_for_the_prompt_the_pulls_add(alpha: float, sigma: float) -> None:
    x = there(alpha, sigma)
    text = find("cfg").guide(CONDITIONAL, UNCONDITIONAL, 2.0)
    both = ClassifierGuided(text, log_class, 1.5)(x, alpha, sigma)
    same(both, ClassifierFree(CONDITIONAL, UNCONDITIONAL, 3.5)(x, alpha, sigma))
    assert both.nfe == 2


def test_a_parted_pair_stays_where_it_belongs() -> None:
    x, alpha, sigma = there(0.6, 0.4), 0.6, 0.4
    parted = find("cfg++").guide(CONDITIONAL, UNCONDITIONAL, 6.0)
    before = parted(x, alpha, sigma)
    after = ClassifierGuided(parted, log_class, 1.5)(x, alpha, sigma)
    assert after.moved is not None
    torch.testing.assert_close(after.moved, before.moved)
    torch.testing.assert_close(alpha * after.x0 + sigma * after.epsilon, after.moved)
    assert not torch.allclose(after.x0, before.x0)


@pytest.mark.parametrize(
    ("alpha", "sigma"), [(1.0, 0.0), (1.0, 1e-7), (1e-7, 1.0), (0.0, 1.0), (0.0, 300.0)]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_ends_are_finite_and_near_the_limit(
    alpha: float, sigma: float, dtype: torch.dtype
) -> None:
    x = (alpha + sigma) * pictures(dtype=dtype)
    here = ClassifierGuided(UNCONDITIONAL, log_class, 2.0)(x, alpha, sigma)
    assert here.x0.dtype == here.epsilon.dtype == dtype
    torch.testing.assert_close(alpha * here.x0 + sigma * here.epsilon, x)
    limit = ClassifierFree(CONDITIONAL, UNCONDITIONAL, 2.0)(x, alpha, sigma)
    same(here, limit, 0.1)
    trusting = ClassifierGuided(UNCONDITIONAL, log_class, 2.0, floor=1e-3)
    same(trusting(x, alpha, sigma), limit, 2e-3)


@pytest.mark.parametrize("t", [1.0, 0.999, 0.97, 0.5, 0.01])
def test_a_learned_gradients_error_is_not_multiplied_beyond_the_floor(t: float) -> None:
    """x0 is off by w sigma^2 / alpha times the error, alpha no less than floor sigma."""

    def off_by_a_tenth(x: Tensor, alpha: float, sigma: float) -> Tensor:
        return log_class(x, alpha, sigma) + 0.1 * x.flatten(1)[:, 0]

    x, alpha, sigma = there(1.0 - t, t), 1.0 - t, t
    learned, exact = (
        ClassifierGuided(UNCONDITIONAL, classifier, 3.0)(x, alpha, sigma)
        for classifier in (off_by_a_tenth, log_class)
    )
    error = (learned.x0 - exact.x0).flatten(1).norm(dim=1)
    bound = 3.0 * sigma**2 / max(alpha, 0.05 * sigma) * 0.1
    torch.testing.assert_close(error, torch.full_like(error, bound), rtol=1e-9, atol=1e-12)
    assert bound <= 6.0  # without the floor: 300 at t = 0.999, no end to it at 1


def test_outside_the_interval_and_at_scale_zero_the_classifier_is_not_asked() -> None:
    asked = []

    def classifier(x: Tensor, alpha: float, sigma: float) -> Tensor:
        asked.append((alpha, sigma))
        return log_class(x, alpha, sigma)

    x = there(0.6, 0.4)
    for scale, interval in ((3.0, (0.0, 0.39)), (3.0, (0.41, 1.0)), (0.0, (0.0, 1.0))):
        here = ClassifierGuided(UNCONDITIONAL, classifier, scale, interval)(x, 0.6, 0.4)
        same(here, UNCONDITIONAL(x, 0.6, 0.4), 0.0)
    assert not asked
    ClassifierGuided(UNCONDITIONAL, classifier, 3.0, (0.4, 0.4))(x, 0.6, 0.4)
    assert asked == [(0.6, 0.4)]


def test_half_precision_is_differentiated_in_float32() -> None:
    seen = []

    def classifier(x: Tensor, alpha: float, sigma: float) -> Tensor:
        seen.append(x.dtype)
        return log_class(x, alpha, sigma)

    def denoiser(x: Tensor, alpha: float, sigma: float) -> Denoised:
        return Denoised(x, x, nfe=1)

    with torch.inference_mode():
        x = pictures().to(torch.bfloat16)
        here = ClassifierGuided(denoiser, classifier, 1.0)(x, 0.6, 0.4)
    assert seen == [torch.float32] and here.x0.dtype == torch.bfloat16


def test_a_networks_weights_get_no_gradient_and_the_denoiser_no_graph() -> None:
    layer = torch.nn.Linear(2, 3).double()

    def classifier(x: Tensor, alpha: float, sigma: float) -> Tensor:
        return layer(x.flatten(1)).log_softmax(1)[:, 1]

    counting = Counting(UNCONDITIONAL)
    with torch.inference_mode():
        here = ClassifierGuided(counting, classifier, 1.0)(there(0.6, 0.4), 0.6, 0.4)
    assert layer.weight.grad is None and layer.bias.grad is None
    assert not here.x0.requires_grad and not here.epsilon.requires_grad
    assert counting.points == [(0.6, 0.4)]
