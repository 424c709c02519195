from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from studio.diffusion.paths import (
    DiscreteDDPM,
    Path,
    RectifiedFlow,
    SubVariancePreserving,
    Trigonometric,
    VarianceExploding,
    VariancePreserving,
)

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


@pytest.mark.parametrize(
    "name",
    ["vp", "gvp", "ddpm-linear", "ddpm-scaled-linear", "ddpm-cosine", "ddpm-zero-snr"],
)
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


def test_cosine_follows_its_squared_cosine_until_the_betas_are_held() -> None:
    path = DiscreteDDPM.cosine()

    def f(k: int) -> float:
        return math.cos((k / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2

    for k in range(999):
        assert path.alphas_bar[k] == pytest.approx(f(k + 1) / f(0), rel=1e-9)
    assert path.alphas_bar[999] == pytest.approx(path.alphas_bar[998] * 0.001, rel=1e-9)


@pytest.mark.parametrize("path", [DiscreteDDPM.linear(), DiscreteDDPM.scaled_linear()])
def test_zero_terminal_snr_moves_the_last_alpha_to_zero_and_keeps_the_first(
    path: DiscreteDDPM,
) -> None:
    """Lin et al. 2023, algorithm 1: sqrt(alphas_bar) goes through a straight line."""
    rescaled = path.with_zero_terminal_snr()
    assert rescaled.alphas_bar[-1] == 0.0
    assert rescaled.alphas_bar[0] == pytest.approx(path.alphas_bar[0], rel=1e-14)
    assert path.lambda_from_t(999.0) > -6.0 and rescaled.lambda_from_t(999.0) == -20.0
    first, middle, last = (math.sqrt(path.alphas_bar[k]) for k in (0, 500, 999))
    assert math.sqrt(rescaled.alphas_bar[500]) == pytest.approx(
        first * (middle - last) / (first - last), rel=1e-12
    )


# The closed forms of a change of path: only the scale of x and the name of the time change.


@each_path
def test_to_the_exploding_path_divides_by_alpha(path: Path) -> None:
    """x / alpha = x0 + sigma_bar epsilon, and lambda = -log sigma_bar."""
    exploding, (x0, epsilon) = VarianceExploding(1e-6, 1e12), torch.randn(2, 3).double()
    for t in inner_times(path):
        sigma_bar = path.sigma(t) / path.alpha(t)
        there = exploding.t_from_lambda(path.lambda_from_t(t))
        assert exploding.sigma(there) == pytest.approx(sigma_bar, rel=1e-12)
        x = path.mix(x0, epsilon, t) / path.alpha(t)
        torch.testing.assert_close(x, exploding.mix(x0, epsilon, there), rtol=1e-12, atol=1e-12)


@each_path
def test_to_the_rectified_flow_divides_by_alpha_plus_sigma(path: Path) -> None:
    """z = x / (alpha + sigma), t = sigma / (alpha + sigma)."""
    flow, (x0, epsilon) = RectifiedFlow(), torch.randn(2, 3).double()
    for t in inner_times(path):
        total = path.alpha(t) + path.sigma(t)
        there = flow.t_from_lambda(path.lambda_from_t(t))
        assert there == pytest.approx(path.sigma(t) / total, rel=1e-12)
        z = path.mix(x0, epsilon, t) / total
        torch.testing.assert_close(z, flow.mix(x0, epsilon, there), rtol=1e-12, atol=1e-12)


def test_from_the_rectified_flow_to_vp_divides_by_the_norm() -> None:
    flow, vp, (x0, epsilon) = RectifiedFlow(), VariancePreserving(), torch.randn(2, 3).double()
    for t in inner_times(flow):
        x = flow.mix(x0, epsilon, t) / math.sqrt((1.0 - t) ** 2 + t**2)
        there = vp.t_from_lambda(flow.lambda_from_t(t))
        torch.testing.assert_close(x, vp.mix(x0, epsilon, there), rtol=1e-12, atol=1e-12)


# The stochastic equations: dx = f x dt + g dW.


@each_path
def test_the_sde_keeps_the_paths_mean_and_variance(path: Path) -> None:
    """d alpha / dt = f alpha and d sigma^2 / dt = 2 f sigma^2 + g^2, the moments' equations."""
    for t in inner_times(path):
        f, g2, sigma = path.drift(t), path.diffusion_squared(t), path.sigma(t)
        assert f * path.alpha(t) == pytest.approx(path.d_alpha(t), rel=1e-12)
        assert g2 >= 0.0
        slope = 2.0 * sigma * path.d_sigma(t)
        assert 2.0 * f * sigma**2 + g2 == pytest.approx(slope, rel=1e-9)


def test_each_sde_has_the_coefficients_of_its_paper() -> None:
    """Song et al. 2021, eqs. 9, 11, 12; the rectified flow's by hand: -1/(1-t), 2t/(1-t)."""
    vp, sub, ve = VariancePreserving(), SubVariancePreserving(), VarianceExploding()
    for t in (0.01, 0.3, 0.7, 0.99):
        beta, tau = vp.beta(t), vp.tau(t)
        assert vp.drift(t) == pytest.approx(-beta / 2, rel=1e-12)
        assert vp.diffusion_squared(t) == pytest.approx(beta, rel=1e-12)
        assert sub.drift(t) == pytest.approx(-beta / 2, rel=1e-12)
        sub_g2 = beta * (1.0 - math.exp(-2.0 * tau))
        assert sub.diffusion_squared(t) == pytest.approx(sub_g2, rel=1e-11)
        assert ve.drift(t) == 0.0
        g2 = 2.0 * ve.sigma(t) ** 2 * math.log(80.0 / 0.002)
        assert ve.diffusion_squared(t) == pytest.approx(g2, rel=1e-12)
        flow = RectifiedFlow()
        assert flow.drift(t) == pytest.approx(-1.0 / (1.0 - t), rel=1e-12)
        assert flow.diffusion_squared(t) == pytest.approx(2.0 * t / (1.0 - t), rel=1e-12)


def test_sub_vp_has_the_vp_sdes_mean_and_less_variance() -> None:
    vp, sub = VariancePreserving(), SubVariancePreserving()
    for t in inner_times(vp):
        assert sub.alpha(t) == vp.alpha(t)
        assert sub.sigma(t) == pytest.approx(vp.sigma(t) ** 2, rel=1e-14)


def test_the_trigonometric_path_is_a_circle_at_even_speed() -> None:
    path = Trigonometric()
    assert (path.alpha(0.0), path.sigma(0.0), path.alpha(1.0), path.sigma(1.0)) == (1, 0, 0, 1)
    for t in inner_times(path):
        assert path.alpha(t) == pytest.approx(math.cos(math.pi * t / 2), rel=1e-14)
        assert math.hypot(path.d_alpha(t), path.d_sigma(t)) == pytest.approx(math.pi / 2)
