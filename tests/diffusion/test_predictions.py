from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.diffusion.paths import Path, RectifiedFlow
from studio.diffusion.predictions import PREDICTIONS, Prediction

from .cases import PATHS, inner_times

each_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
each_prediction = pytest.mark.parametrize(
    "prediction", PREDICTIONS.values(), ids=PREDICTIONS.keys()
)


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    x0, epsilon = torch.randn(2, 3, 2, 4, 4, generator=generator, dtype=torch.float64)
    return x0, epsilon


@each_path
@each_prediction
def test_conversions_are_exact_both_ways(path: Path, prediction: Prediction) -> None:
    x0, epsilon = pair()
    for t in inner_times(path):
        lowest, highest = prediction.lambda_range
        if not lowest <= path.lambda_from_t(t) <= highest:
            continue
        x = path.mix(x0, epsilon, t)
        output = prediction.target(x0, epsilon, path, t)
        back_x0, back_epsilon = prediction.recover(output, x, path, t)
        torch.testing.assert_close(back_x0, x0, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(back_epsilon, epsilon, rtol=1e-12, atol=1e-12)
        again = prediction.target(back_x0, back_epsilon, path, t)
        torch.testing.assert_close(again, output, rtol=1e-12, atol=1e-12)


@each_prediction
def test_one_time_a_picture(prediction: Prediction) -> None:
    path, (x0, epsilon) = RectifiedFlow(), pair()
    times = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)
    x, output = path.mix(x0, epsilon, times), prediction.target(x0, epsilon, path, times)
    back = prediction.recover(output, x, path, times)
    for i, t in enumerate(times.tolist()):
        torch.testing.assert_close(output[i], prediction.target(x0, epsilon, path, t)[i])
    torch.testing.assert_close(back, (x0, epsilon), rtol=1e-12, atol=1e-12)


@settings(max_examples=50)
@given(t=st.floats(0.01, 0.99), x0=st.floats(-5, 5), epsilon=st.floats(-5, 5))
def test_rectified_flow_closed_forms(t: float, x0: float, epsilon: float) -> None:
    """x0 = x - t u, epsilon = x + (1 - t) u, score = -(x + (1 - t) u) / t."""
    path = RectifiedFlow()
    x, u = (1 - t) * x0 + t * epsilon, epsilon - x0
    data, noise = torch.tensor([[[x0]], [[epsilon]]], dtype=torch.float64)
    of = {name: p.target(data, noise, path, t).item() for name, p in PREDICTIONS.items()}
    assert of["velocity"] == pytest.approx(u, abs=1e-12)
    assert of["x0"] == pytest.approx(x - t * u, abs=1e-12)
    assert of["epsilon"] == pytest.approx(x + (1 - t) * u, abs=1e-12)
    assert of["score"] == pytest.approx(-(x + (1 - t) * u) / t, abs=1e-10)


@each_path
def test_velocity_in_terms_of_x_and_epsilon(path: Path) -> None:
    """u = (alpha'/alpha) x + (sigma' - sigma alpha'/alpha) epsilon, the probability-flow ODE."""
    x0, epsilon = pair()
    for t in inner_times(path):
        alpha, sigma, d_alpha, d_sigma = (
            f(t) for f in (path.alpha, path.sigma, path.d_alpha, path.d_sigma)
        )
        x = path.mix(x0, epsilon, t)
        expected = d_alpha / alpha * x + (d_sigma - sigma * d_alpha / alpha) * epsilon
        actual = PREDICTIONS["velocity"].target(x0, epsilon, path, t)
        torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)


def test_v_is_the_angular_velocity_of_a_variance_preserving_path() -> None:
    x0, epsilon = pair()
    path = PATHS["vp"]
    for t in inner_times(path):
        v = PREDICTIONS["v"].target(x0, epsilon, path, t)
        x, alpha, sigma = path.mix(x0, epsilon, t), path.alpha(t), path.sigma(t)
        torch.testing.assert_close(alpha * x - sigma * v, x0, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(sigma * x + alpha * v, epsilon, rtol=1e-12, atol=1e-12)
