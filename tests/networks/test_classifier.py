"""The noise-aware classifier: its size, its shape, its gradient."""

import torch

from studio.networks.classifier import ClassifierConfig, NoisyClassifier

TINY = ClassifierConfig(channels=3, side=8, patch=2, width=32, depth=2, heads=2, classes=5)


def tiny() -> NoisyClassifier:
    torch.manual_seed(0)
    return NoisyClassifier(TINY).eval()


def test_it_is_small() -> None:
    """fp16 weights under 1.9 MB, so that the bundle stays within its 64 MiB."""
    count = sum(p.numel() for p in NoisyClassifier(ClassifierConfig()).parameters())
    assert count <= 900_000


def test_shape_and_a_batch_is_its_pictures() -> None:
    network, x, t = tiny(), torch.randn(3, 3, 8, 8), torch.rand(3)
    logits = network(x, t)
    assert logits.shape == (3, 5)
    for i in range(3):
        torch.testing.assert_close(logits[i : i + 1], network(x[i : i + 1], t[i : i + 1]))


def test_it_is_told_the_time_and_sees_places() -> None:
    network, x, t = tiny(), torch.randn(1, 3, 8, 8), torch.tensor([0.3])
    assert not torch.allclose(network(x, t), network(x, t + 0.5))
    assert not torch.allclose(network(x, t), network(x.roll(4, -1), t))


def test_the_gradient_raises_the_probability() -> None:
    network, t = tiny(), torch.tensor([0.5, 0.5])
    x = torch.randn(2, 3, 8, 8, requires_grad=True)
    before = network(x, t).log_softmax(-1)[:, 2]
    (gradient,) = torch.autograd.grad(before.sum(), x)
    after = network(x + 0.01 * gradient, t).log_softmax(-1)[:, 2]
    assert (after > before).all()
    torch.testing.assert_close(
        after - before, 0.01 * gradient.pow(2).sum((1, 2, 3)), rtol=0.1, atol=1e-5
    )
