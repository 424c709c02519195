"""Every prediction on every path: times, targets, weights, minima."""

import pytest
import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.diffusion.mixture import Mixture
from studio.diffusion.named_paths import PATHS
from studio.diffusion.paths import DiscreteDDPM, VarianceExploding
from studio.diffusion.predictions import PREDICTIONS
from studio.objectives.denoising import (
    Denoising,
    logit_normal_times,
    uniform_times,
)

FLOW = Denoising.named("rectified-flow", "velocity")
EVERY_PATH = {**PATHS, "ve": VarianceExploding(), "ddpm": DiscreteDDPM.linear()}
every_path = pytest.mark.parametrize("path", EVERY_PATH)
every_prediction = pytest.mark.parametrize("prediction", PREDICTIONS)


def objective(path: str, prediction: str) -> Denoising:
    return Denoising(EVERY_PATH[path], PREDICTIONS[prediction])


def test_times_are_logit_normal() -> None:
    times = logit_normal_times(20000, torch.Generator().manual_seed(0), mean=0.5, deviation=1.2)
    logits = torch.logit(times.double())
    assert (times > 0).all()
    assert (times < 1).all()
    assert abs(logits.mean() - 0.5) < 0.01
    assert abs(logits.std() - 1.2) < 0.01


def test_times_are_stratified() -> None:
    times = logit_normal_times(64, torch.Generator().manual_seed(1))
    ranks = torch.special.ndtr(torch.logit(times.double())).mul(64).floor().sort().values
    assert torch.equal(ranks, torch.arange(64.0, dtype=torch.float64))


def test_loss_is_zero_at_the_true_velocity() -> None:
    latents, noise, times = torch.randn(4, 2, 3, 3), torch.randn(4, 2, 3, 3), torch.rand(4)
    losses = FLOW.losses(lambda x, t: noise - latents, latents, times, noise)
    assert torch.equal(losses, torch.zeros(4))


def test_network_is_shown_the_mixed_picture() -> None:
    latents, noise, times = torch.randn(4, 2, 3, 3), torch.randn(4, 2, 3, 3), torch.rand(4)
    seen = []

    def network(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        seen.append(x)
        return torch.zeros_like(x)

    losses = FLOW.losses(network, latents, times, noise)
    torch.testing.assert_close(losses, ((noise - latents) ** 2).mean((1, 2, 3)))
    for i, t in enumerate(times):
        torch.testing.assert_close(seen[0][i], (1 - t) * latents[i] + t * noise[i])


def test_channels_can_count_more() -> None:
    latents, noise, times = torch.randn(2, 3, 2, 2), torch.randn(2, 3, 2, 2), torch.rand(2)
    weights = torch.tensor([2.0, 1.0, 0.0])
    losses = FLOW.losses(lambda x, _: torch.zeros_like(x), latents, times, noise, weights)
    squared = (noise - latents) ** 2
    expected = (2 * squared[:, 0] + squared[:, 1]).mean((1, 2)) / 3
    torch.testing.assert_close(losses, expected)


@every_path
def test_uniform_times_fill_the_path(path: str) -> None:
    data, noise = EVERY_PATH[path].ends
    times = uniform_times(1000, torch.Generator().manual_seed(0), EVERY_PATH[path])
    ranks = ((times - data) / (noise - data) * 1000).clamp(0, 999).floor().sort().values
    assert (times >= data).all()
    assert (times <= noise).all()
    assert (ranks - torch.arange(1000)).abs().max() <= 1  # one in each slice, but for rounding


@every_path
@every_prediction
def test_no_loss_for_what_was_asked(path: str, prediction: str) -> None:
    asked = objective(path, prediction)
    x0, noise = torch.randn(5, 2, 3, 3).double(), torch.randn(5, 2, 3, 3).double()
    times = uniform_times(5, torch.Generator().manual_seed(0), asked.path).double()

    def network(x: Tensor, t: Tensor) -> Tensor:
        torch.testing.assert_close(x, asked.path.mix(x0, noise, times))
        assert torch.equal(t, times)
        return asked.prediction.target(x0, noise, asked.path, t)

    scale = asked.prediction.target(x0, noise, asked.path, times).abs().max() ** 2
    losses = asked.losses(network, x0, times, noise)
    assert losses.shape == (5,)
    assert losses.max() <= 1e-13 * scale  # the network's answer counts in float32


@every_path
def test_score_matching_is_noise_prediction(path: str) -> None:
    """sigma^2 |s + epsilon / sigma|^2 = |e - epsilon|^2 for s = -e / sigma: one loss, two forms."""
    x0, noise, guess = torch.randn(3, 64, 2).unbind()
    score, epsilon = objective(path, "score"), objective(path, "epsilon")
    data, end = score.path.ends
    times = data + (end - data) * torch.linspace(0.01, 0.99, 64)
    sigma = score.path.sigma(times)[:, None]
    torch.testing.assert_close(
        score.losses(lambda x, t: -guess / sigma, x0, times, noise),
        epsilon.losses(lambda x, t: guess, x0, times, noise),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize("path", PATHS)
@every_prediction
def test_the_minimum_is_the_exact_answer(path: str, prediction: str) -> None:
    """On a mixture the conditional mean is known: any error delta adds its own square, weighed."""
    mixture = Mixture((0.4, 0.6), ((-1.0,), (0.7,)), (0.2, 0.4))
    asked, count, t = objective(path, prediction), 200_000, 0.4
    generator = torch.Generator().manual_seed(0)
    x0 = mixture.sample(count, generator, torch.float64)
    noise = torch.randn(count, 1, generator=generator, dtype=torch.float64)
    times = torch.full((count,), t, dtype=torch.float64)
    exact = mixture.network(asked.path, asked.prediction)

    def loss(wrong: float) -> Tensor:
        def network(x: Tensor, time: Tensor) -> Tensor:
            return exact(x, time, None) + wrong * x.sign()

        return asked.losses(network, x0, times, noise).mean()

    weight = asked.path.sigma(t) ** 2 if prediction == "score" else 1.0
    for wrong in (-0.3, 0.3):
        assert float(loss(wrong) - loss(0.0)) == pytest.approx(weight * wrong**2, rel=0.1)


@pytest.mark.parametrize(("path", "prediction"), [("vq", "epsilon"), ("vp", "epsilom")])
def test_unknown_names(path: str, prediction: str) -> None:
    with pytest.raises(UsageError, match=path if path == "vq" else prediction):
        Denoising.named(path, prediction)
