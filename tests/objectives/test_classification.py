"""The noise-aware classifier's loss: what it shows the network, what it asks, what counts."""

import math

import torch
from torch import Tensor

from studio.diffusion.mixture import Mixture
from studio.diffusion.paths import RectifiedFlow
from studio.objectives.classification import found, label_loss, noisy_cross_entropy

PATH = RectifiedFlow()


def test_the_network_sees_the_noisy_picture() -> None:
    x0, noise, times = torch.randn(4, 2, 3, 3), torch.randn(4, 2, 3, 3), torch.rand(4)
    labels = torch.tensor([0, 2, 1, 2])

    def network(x: Tensor, t: Tensor) -> Tensor:
        torch.testing.assert_close(x, PATH.mix(x0, noise, times))
        assert torch.equal(t, times)
        return torch.zeros(4, 3)

    losses = noisy_cross_entropy(network, x0, times, noise, labels, PATH)
    torch.testing.assert_close(losses, torch.full((4,), math.log(3)))


def test_its_minimum_is_bayes() -> None:
    """On two Gaussians p(class | x_t) is known; logits scaled up or down from it do worse."""
    mixture = Mixture((0.5, 0.5), ((-1.0,), (1.0,)), (0.5, 0.5))
    generator, count, t = torch.Generator().manual_seed(0), 100_000, 0.4
    labels = torch.randint(2, (count,), generator=generator)
    x0 = (2.0 * labels - 1.0)[:, None] + 0.5 * torch.randn(count, 1, generator=generator)
    noise = torch.randn(count, 1, generator=generator)
    parts = [mixture.conditional((k,)) for k in (0, 1)]

    def loss(scale: float, smoothing: float = 0.0) -> float:
        def network(x: Tensor, _: Tensor) -> Tensor:
            return scale * torch.stack([p.log_density(x, 1 - t, t) for p in parts], -1)

        times = torch.full((count,), t)
        losses = noisy_cross_entropy(network, x0, times, noise, labels, PATH, smoothing)
        return float(losses.mean())

    assert loss(1.0) < loss(0.8) < loss(0.4)
    assert loss(1.0) < loss(1.2) < loss(2.0)
    assert loss(4.0, 0.2) - loss(1.0, 0.2) > loss(4.0) - loss(1.0)  # smoothing punishes certainty


def test_found_among_the_highest() -> None:
    logits = torch.tensor([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [2.0, 3.0, 1.0]])
    labels = torch.tensor([0, 1, 2])
    assert found(logits, labels, 1).tolist() == [True, False, False]
    assert found(logits, labels, 2).tolist() == [True, True, False]


def test_a_label_is_shared_with_all_classes() -> None:
    logits = torch.randn(3, 4, dtype=torch.float64)
    labels = torch.tensor([1, 0, 3])
    target = 0.9 * torch.eye(4, dtype=torch.float64)[labels] + 0.1 / 4
    expected = -(target * logits.log_softmax(-1)).sum(-1)
    torch.testing.assert_close(
        label_loss(logits, labels, 0.1).double(), expected, rtol=1e-6, atol=1e-6
    )
