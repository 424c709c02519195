from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from studio.diffusion.mixture import Mixture
from studio.diffusion.paths import RectifiedFlow
from studio.diffusion.predictions import PREDICTIONS

from .cases import MIXTURE

TILTED = Mixture(
    (0.4, 0.6),
    ((-1.0, 0.5), (0.8, -0.4)),
    covariances=(((0.5, 0.3), (0.3, 0.4)), ((0.05, -0.02), (-0.02, 0.1))),
)
POINTS = [(1.0, 0.0), (0.8, 0.6), (0.3, 0.7), (0.0, 1.0), (1.0, 5.0)]
each_mixture = pytest.mark.parametrize("mixture", [MIXTURE, TILTED], ids=["round", "tilted"])


def some_points(count: int = 6) -> Tensor:
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def normal(mean: Tensor, covariance: Tensor) -> torch.distributions.MultivariateNormal:
    return torch.distributions.MultivariateNormal(mean, covariance)


@each_mixture
@pytest.mark.parametrize(("alpha", "sigma"), POINTS)
def test_density_score_and_denoiser_are_one_mixture(
    mixture: Mixture, alpha: float, sigma: float
) -> None:
    """Against torch's own normal densities and their derivative; Tweedie ties x0 to the score."""
    x = some_points().requires_grad_()
    matrices = mixture.covariances or [(std**2 * torch.eye(2)).tolist() for std in mixture.stds]
    density = torch.zeros(len(x), dtype=torch.float64)
    for weight, mean, matrix in zip(mixture.weights, mixture.means, matrices, strict=True):
        covariance = alpha**2 * torch.tensor(matrix, dtype=torch.float64)
        covariance = covariance + sigma**2 * torch.eye(2, dtype=torch.float64)
        one = normal(alpha * torch.tensor(mean, dtype=torch.float64), covariance)
        density = density + weight * one.log_prob(x).exp()
    expected = density.log()
    torch.testing.assert_close(mixture.log_density(x, alpha, sigma), expected, rtol=1e-6, atol=1e-6)
    (gradient,) = torch.autograd.grad(mixture.log_density(x, alpha, sigma).sum(), x)
    torch.testing.assert_close(mixture.score(x, alpha, sigma), gradient, rtol=1e-12, atol=1e-12)
    here = mixture(x, alpha, sigma)
    torch.testing.assert_close(here.epsilon, -sigma * gradient, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(alpha * here.x0 + sigma * here.epsilon, x, rtol=1e-12, atol=1e-12)


def test_a_round_covariance_is_its_std() -> None:
    round_ones = tuple(((s * s, 0.0), (0.0, s * s)) for s in MIXTURE.stds)
    same = Mixture(MIXTURE.weights, MIXTURE.means, covariances=round_ones)
    a, b = (m(some_points(), 0.4, 0.6) for m in (MIXTURE, same))
    torch.testing.assert_close((a.x0, a.epsilon), (b.x0, b.epsilon), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(same.std(), MIXTURE.std())


@each_mixture
def test_samples_have_the_mixtures_moments(mixture: Mixture) -> None:
    x = mixture.sample(40_000, torch.Generator().manual_seed(1), torch.float64)
    again = mixture.sample(40_000, torch.Generator().manual_seed(1), torch.float64)
    assert torch.equal(x, again)
    assert (x.mean(0) - mixture.mean()).abs().max() < 0.03  # five standard errors
    assert (x.std(0) / mixture.std() - 1.0).abs().max() < 0.03
    # E|score|^2 is the trace of the Fisher information: finite, and E[score] = 0.
    assert mixture.score(x).mean(0).abs().max() < 5.0 * mixture.score(x).std() / math.sqrt(len(x))


@each_mixture
def test_the_classes_of_a_mixture_make_it_up(mixture: Mixture) -> None:
    """p(x) = sum_c p(c) p(x | c), at any noise."""
    x, classes = some_points(), ((0,), (1,))
    joint = [
        mixture.conditional(c).log_density(x, 0.7, 0.3) + math.log(mixture.weights[c[0]])
        for c in classes
    ]
    whole = torch.stack(joint).logsumexp(0)
    torch.testing.assert_close(whole, mixture.log_density(x, 0.7, 0.3), rtol=1e-12, atol=1e-12)
    assert mixture.conditional((1, 0)).weights == tuple(reversed(mixture.weights))


@each_mixture
def test_points_and_pictures_are_the_same(mixture: Mixture) -> None:
    points = some_points().float()
    pictures = points.reshape(-1, 2, 1, 1)
    flat, square = mixture(points, 0.5, 0.5), mixture(pictures, 0.5, 0.5)
    assert flat.x0.shape == points.shape and square.x0.shape == pictures.shape
    assert flat.x0.dtype == torch.float32
    assert torch.equal(flat.epsilon, square.epsilon.flatten(1))
    velocity = mixture.network(RectifiedFlow(), PREDICTIONS["velocity"])
    assert velocity(points, torch.full((6,), 0.5), None).shape == points.shape


def test_first_used_under_inference_mode_it_still_differentiates() -> None:
    fresh = Mixture((1.0,), ((0.5, 0.5),), (0.3,))
    with torch.inference_mode():
        fresh(some_points(), 0.5, 0.5)
    x = some_points().requires_grad_()
    (gradient,) = torch.autograd.grad(fresh.log_density(x).sum(), x)
    torch.testing.assert_close(gradient, fresh.score(x))
