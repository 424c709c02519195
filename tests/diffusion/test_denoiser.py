from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from studio.diffusion.denoiser import NetworkDenoiser, Together
from studio.diffusion.paths import Path, RectifiedFlow
from studio.diffusion.predictions import PREDICTIONS, Prediction

from .cases import MIXTURE, PATHS

each_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
each_prediction = pytest.mark.parametrize(
    "prediction", PREDICTIONS.values(), ids=PREDICTIONS.keys()
)


def pictures(count: int = 5, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(count, 2, 1, 1, generator=torch.Generator().manual_seed(3), dtype=dtype)


@each_path
@each_prediction
def test_change_of_path_is_exact(path: Path, prediction: Prediction) -> None:
    """A network on any path, asked on any other, answers as the mixture itself does there."""
    denoiser = NetworkDenoiser(MIXTURE.network(path, prediction), path, prediction)
    for lam in (-2.2, -0.7, 0.0, 1.1, 3.0):
        for scale in (1.0, 0.31, 12.0):  # points of equal SNR on unlike paths
            alpha, sigma = scale, scale * math.exp(-lam)
            x = alpha * MIXTURE.mean().double().reshape(2, 1, 1) + sigma * pictures()
            expected, actual = MIXTURE(x, alpha, sigma), denoiser(x, alpha, sigma)
            torch.testing.assert_close(actual.x0, expected.x0, rtol=1e-10, atol=1e-10)
            torch.testing.assert_close(actual.epsilon, expected.epsilon, rtol=1e-10, atol=1e-10)
            assert actual.nfe == 1


@each_path
@each_prediction
@pytest.mark.parametrize(
    ("alpha", "sigma"), [(1.0, 0.0), (1.0, 1e-7), (1e-7, 1.0), (0.0, 1.0), (0.0, 300.0)]
)
def test_the_ends_are_finite_and_consistent_in_float32(
    path: Path, prediction: Prediction, alpha: float, sigma: float
) -> None:
    denoiser = NetworkDenoiser(MIXTURE.network(path, prediction), path, prediction)
    x = (alpha + sigma) * pictures(dtype=torch.float32)
    here = denoiser(x, alpha, sigma)
    assert here.x0.dtype == here.epsilon.dtype == torch.float32
    assert here.x0.isfinite().all() and here.epsilon.isfinite().all()
    torch.testing.assert_close(alpha * here.x0 + sigma * here.epsilon, x)
    if sigma == 0.0:
        assert torch.equal(here.x0, x)
    if alpha == 0.0:
        assert here.x0.abs().max() < 2.0  # near the mixture's mean, whatever the network's range


def test_a_velocity_network_is_asked_at_exactly_one() -> None:
    """No clamping where none is needed: a flow network sees t = 1 on pure noise."""
    asked = []

    def network(x: Tensor, t: Tensor, condition: object) -> Tensor:
        asked.append(t)
        return x

    NetworkDenoiser(network, RectifiedFlow(), PREDICTIONS["velocity"])(pictures(), 0.0, 1.0)
    assert torch.equal(asked[0], torch.ones(5, dtype=torch.float64))


@dataclass(frozen=True)
class Words:
    """A condition of one number a picture, which can join another."""

    values: Tensor

    def joined(self, other: Words) -> Words:
        return Words(torch.cat((self.values, other.values)))


class Recorder:
    """A network on a rectified flow that shifts by its condition and remembers its batch sizes."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, x: Tensor, t: Tensor, condition: Words) -> Tensor:
        self.batches.append(len(x))
        return x + condition.values.reshape(-1, 1, 1, 1) + t.reshape(-1, 1, 1, 1)


def word_denoiser(network: Recorder, value: float) -> NetworkDenoiser:
    words = Words(torch.full((5,), value, dtype=torch.float64))
    return NetworkDenoiser(network, RectifiedFlow(), PREDICTIONS["velocity"], words)


def test_a_pair_on_one_network_takes_one_call() -> None:
    network = Recorder()
    first, second = word_denoiser(network, 1.0), word_denoiser(network, -2.0)
    x = pictures()
    expected = first(x, 0.4, 0.6), second(x, 0.4, 0.6)
    network.batches.clear()
    actual = Together((first, second))(x, 0.4, 0.6)
    assert network.batches == [10]
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close((a.x0, a.epsilon), (b.x0, b.epsilon), rtol=0, atol=0)
        assert a.nfe == 1


def test_a_pair_on_two_networks_takes_a_call_each() -> None:
    strong, weak = Recorder(), Recorder()
    Together((word_denoiser(strong, 1.0), word_denoiser(weak, 1.0)))(pictures(), 0.4, 0.6)
    assert strong.batches == weak.batches == [5]
