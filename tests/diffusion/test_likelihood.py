from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from studio.core.errors import UsageError
from studio.diffusion.denoised import Denoised
from studio.diffusion.denoiser import NetworkDenoiser
from studio.diffusion.likelihood import log_likelihood
from studio.diffusion.mixture import Mixture
from studio.diffusion.noise import NoiseStream
from studio.diffusion.paths import RectifiedFlow, VariancePreserving
from studio.diffusion.predictions import PREDICTIONS

from .cases import MIXTURE

GAUSSIAN = Mixture((1.0,), ((0.7, -0.3, 0.2),), (0.4,))
TILTED = Mixture(
    (0.4, 0.6),
    ((-1.0, 0.5), (0.8, -0.4)),
    covariances=(((0.5, 0.3), (0.3, 0.4)), ((0.05, -0.02), (-0.02, 0.1))),
)
MIXTURES = pytest.mark.parametrize(
    "mixture", [GAUSSIAN, MIXTURE, TILTED], ids=["one", "round", "tilted"]
)


def data(mixture: Mixture, count: int = 30) -> Tensor:
    """Points of the mixture and a few far from it, as pictures."""
    x = mixture.sample(count, torch.Generator().manual_seed(5), torch.float64)
    x[:3] += 1.0
    return x[:, :, None, None]


@MIXTURES
def test_it_is_the_mixtures_own_density(mixture: Mixture) -> None:
    """Within 0.002 nats as it comes, a hundredth of that when asked for: t_min's error, squared."""
    x = data(mixture)
    exact = mixture.log_density(x)
    quick, fine = log_likelihood(mixture, x), log_likelihood(mixture, x, tolerance=1e-8, t_min=1e-4)
    assert (quick.nats - exact).abs().max() < 2e-3
    assert (fine.nats - exact).abs().max() < 2e-5
    torch.testing.assert_close(
        quick.bits_per_dimension, -quick.nats / (x[0].numel() * math.log(2.0)), rtol=1e-12, atol=0.0
    )
    assert quick.nats.shape == (len(x),) and fine.nfe > quick.nfe


def test_it_integrates_to_one_whatever_the_mixture() -> None:
    """On a grid over the plane: a density, not only something like its logarithm."""
    axis = torch.linspace(-3.0, 3.0, 41, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    wide = Mixture(MIXTURE.weights, MIXTURE.means, (0.4, 0.5))
    mass = log_likelihood(wide, grid).nats.exp().sum() * (axis[1] - axis[0]) ** 2
    assert float(mass) == pytest.approx(1.0, abs=2e-3)


def test_hutchinson_is_exact_where_the_jacobian_is_a_multiple_of_one() -> None:
    """v^T (c I) v = c D for any signs: on a round Gaussian one probe is enough."""
    x = data(GAUSSIAN, 5)
    exact, estimate = (
        log_likelihood(GAUSSIAN, x),
        log_likelihood(GAUSSIAN, x, NoiseStream(range(5))),
    )
    torch.testing.assert_close(estimate.nats, exact.nats, rtol=1e-10, atol=1e-10)


def test_hutchinson_is_unbiased_and_probes_narrow_it() -> None:
    x = data(TILTED)[7:8].expand(600, -1, -1, -1)  # one point, 600 seeds
    exact = float(log_likelihood(TILTED, x[:1]).nats)
    one, four = (
        log_likelihood(TILTED, x, NoiseStream(range(600)), probes=n, tolerance=1e-4).nats
        for n in (1, 4)
    )
    assert one.std() > 0.01
    assert float(one.mean()) == pytest.approx(exact, abs=4.0 * float(one.std()) / math.sqrt(600))
    assert float(one.std() / four.std()) == pytest.approx(2.0, rel=0.15)


def test_a_pictures_probes_are_its_seeds() -> None:
    x = data(TILTED)[4:7]
    batch = log_likelihood(TILTED, x, NoiseStream([1, 2, 3]), tolerance=1e-6)
    alone = log_likelihood(TILTED, x[1:2], NoiseStream([2]), tolerance=1e-6)
    torch.testing.assert_close(batch.nats[1:2], alone.nats, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("path", "prediction"), [(RectifiedFlow(), "velocity"), (VariancePreserving(), "epsilon")]
)
def test_it_serves_every_network(path: RectifiedFlow | VariancePreserving, prediction: str) -> None:
    """One that ends before the flow does (VP's alpha is 0.0066 at t = 1) is off by as much."""
    network = MIXTURE.network(path, PREDICTIONS[prediction])
    denoiser = NetworkDenoiser(network, path, PREDICTIONS[prediction])
    x = data(MIXTURE, 8)[3:]
    of_network, of_mixture = log_likelihood(denoiser, x).nats, log_likelihood(MIXTURE, x).nats
    torch.testing.assert_close(of_network, of_mixture, rtol=0.0, atol=0.02)


class Small(nn.Module):
    """A velocity with weights, of pictures (B, 2, 2, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(2, 2, 1)

    def forward(self, x: Tensor, t: Tensor, condition: object) -> Tensor:
        return self.layer(x).tanh() * (1.0 + t.reshape(-1, 1, 1, 1))


def test_under_inference_mode_it_differentiates_and_leaves_no_gradient() -> None:
    torch.manual_seed(0)
    network = Small()
    denoiser = NetworkDenoiser(network, RectifiedFlow(), PREDICTIONS["velocity"])
    x = torch.randn(3, 2, 2, 2)
    outside = log_likelihood(denoiser, x)
    with torch.inference_mode():
        made_inside = x * 1.0
        inside = log_likelihood(denoiser, made_inside)
    assert torch.equal(inside.nats, outside.nats) and inside.nats.dtype == torch.float32
    assert not inside.nats.requires_grad
    assert all(p.grad is None for p in network.parameters())


def test_evaluations_are_counted_and_never_at_clean_data() -> None:
    asked: list[float] = []

    def denoiser(x: Tensor, alpha: float, sigma: float) -> Denoised:
        asked.append(sigma)
        here = MIXTURE(x, alpha, sigma)
        return Denoised(here.x0, here.epsilon, nfe=2)  # guided, say

    assert log_likelihood(denoiser, data(MIXTURE, 4)).nfe == 2 * len(asked)
    assert min(asked) == 1e-3 and max(asked) == 1.0


@pytest.mark.parametrize("wrong", [{"t_min": 0.0}, {"t_min": 1.0}, {"tolerance": 0.0}])
def test_what_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="a likelihood needs"):
        log_likelihood(MIXTURE, data(MIXTURE, 2), **wrong)
    with pytest.raises(UsageError, match="at least 1 probe"):
        log_likelihood(MIXTURE, data(MIXTURE, 2), NoiseStream([0, 1]), probes=0)
