from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from studio.diffusion.paths import DiscreteDDPM, Path, RectifiedFlow, VariancePreserving

from .cases import PATHS, inner_times

each_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())


@each_path
def test_lambda_and_its_inverse_round_trip(path: Path) -> None:
    for t in inner_times(path):
        lam = path.lambda_from_t(t)
        assert lam == pytest.approx(math.log(path.alpha(t) / path.sigma(t)), abs=1e-12)
        assert path.log_snr(t) == pytest.approx(2.0 * lam)
        assert path.t_from_lambda(lam) == pytest.approx(t, rel=1e-12)


@each_path
def test_lambda_falls_from_data_to_noise(path: Path) -> None:
    lambdas = [path.lambda_from_t(t) for t in inner_times(path, 50)]
    assert all(a > b for a, b in pairwise(lambdas))


@each_path
def test_beyond_the_path_is_its_end(path: Path) -> None:
    data, noise = path.ends
    assert path.t_from_lambda(math.inf) == path.t_from_lambda(1e3) == data
    assert path.t_from_lambda(-math.inf) == path.t_from_lambda(-1e3) == noise


@each_path
def test_tensor_times_agree_with_floats_and_derivatives_with_autograd(path: Path) -> None:
    # Off the knots of the discrete paths, where the slope jumps.
    times = [t + 0.137 * (path.ends[1] > 1.0) for t in inner_times(path)]
    t = torch.tensor(times, dtype=torch.float64, requires_grad=True)
    for value, slope in ((path.alpha, path.d_alpha), (path.sigma, path.d_sigma)):
        batch = value(t)
        floats = torch.tensor([value(s) for s in times], dtype=torch.float64)
        torch.testing.assert_close(batch.detach(), floats, rtol=1e-13, atol=1e-15)
        if batch.requires_grad:
            (by_autograd,) = torch.autograd.grad(batch.sum(), t)
            torch.testing.assert_close(slope(t).detach(), by_autograd, rtol=1e-11, atol=1e-14)
        slopes = torch.tensor([slope(s) for s in times], dtype=torch.float64)
        torch.testing.assert_close(slope(t).detach(), slopes, rtol=1e-12, atol=1e-15)


@each_path
def test_mix_takes_one_time_a_picture(path: Path) -> None:
    times = torch.tensor(inner_times(path, 3), dtype=torch.float64)
    x0, epsilon = torch.randn(2, 3, 2, 4, 4, dtype=torch.float64)
    batch = path.mix(x0, epsilon, times)
    for i, t in enumerate(times.tolist()):
        torch.testing.assert_close(batch[i], path.alpha(t) * x0[i] + path.sigma(t) * epsilon[i])


def test_rectified_flow_is_a_straight_line() -> None:
    flow = RectifiedFlow()
    assert [flow.alpha(t) for t in (0.0, 0.25, 1.0)] == [1.0, 0.75, 0.0]
    assert [flow.sigma(t) for t in (0.0, 0.25, 1.0)] == [0.0, 0.25, 1.0]
    assert flow.lambda_from_t(0.0) == math.inf and flow.lambda_from_t(1.0) == -math.inf


def test_vp_integrates_its_beta() -> None:
    path, n = VariancePreserving(), 2000
    midpoints = [(i + 0.5) / n * 0.7 for i in range(n)]
    integral = sum(path.beta(t) for t in midpoints) * 0.7 / n
    assert path.tau(0.7) == pytest.approx(integral, rel=1e-12)
    assert path.alpha(0.7) == pytest.approx(math.exp(-0.5 * integral), rel=1e-12)


@pytest.mark.parametrize("name", ["vp", "ddpm-linear", "ddpm-scaled-linear"])
def test_variance_is_preserved(name: str) -> None:
    path = PATHS[name]
    for t in inner_times(path):
        assert path.alpha(t) ** 2 + path.sigma(t) ** 2 == pytest.approx(1.0, abs=1e-14)


def test_discrete_chain_is_the_product_of_its_betas() -> None:
    path, product = DiscreteDDPM.linear(), 1.0
    for k in range(1000):
        product *= 1.0 - (1e-4 + (0.02 - 1e-4) * k / 999)
        assert path.alpha(float(k)) ** 2 == pytest.approx(product, rel=1e-10)
    assert path.alphas_bar[-1] == pytest.approx(4.0358e-5, rel=1e-4)  # Ho et al.'s chain
    # Stable Diffusion's chain ends at sigma_bar = 14.6146.
    assert math.exp(-PATHS["ddpm-scaled-linear"].lambda_from_t(999.0)) == pytest.approx(
        14.6146, abs=1e-3
    )


def test_discrete_chain_interpolates_log_sigma_bar() -> None:
    path = DiscreteDDPM.linear()
    low, high = path.lambda_from_t(41.0), path.lambda_from_t(42.0)
    assert path.lambda_from_t(41.25) == pytest.approx(0.75 * low + 0.25 * high, abs=1e-12)


def test_a_chain_that_ends_in_pure_noise_stays_finite() -> None:
    path = DiscreteDDPM((0.9, 0.5, 0.0))
    assert path.alpha(2.0) == pytest.approx(0.0, abs=1e-8) and path.sigma(2.0) == 1.0
    assert path.t_from_lambda(-math.inf) == 2.0
