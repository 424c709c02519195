"""The toy network: its features, its size, its shape."""

import math

import torch

from studio.networks.toy import ToyConfig, ToyNetwork, fourier


def test_fourier_features() -> None:
    features = fourier(torch.tensor([[0.0, 1.0]]), 3)
    rates = [0.25 * math.pi * 2**k for k in range(3)]
    expected = [0.0] * 3 + [math.sin(r) for r in rates] + [1.0] * 3 + [math.cos(r) for r in rates]
    torch.testing.assert_close(features, torch.tensor([expected]))


def test_shape_size_and_points_apart() -> None:
    torch.manual_seed(0)
    network = ToyNetwork(ToyConfig()).eval()
    assert 20_000 <= sum(p.numel() for p in network.parameters()) <= 50_000
    x, t = torch.randn(6, 2), torch.rand(6)
    out = network(x, t)
    assert out.shape == (6, 2)
    torch.testing.assert_close(out[2:3], network(x[2:3], t[2:3]))
    assert not torch.allclose(out, network(x, 1 - t))
