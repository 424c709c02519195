"""The flow objective: its times, its target, its minimum."""

import torch

from studio.objectives.denoising import logit_normal_times, velocity_loss


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
    losses = velocity_loss(lambda x, t: noise - latents, latents, times, noise)
    assert torch.equal(losses, torch.zeros(4))


def test_network_is_shown_the_mixed_picture() -> None:
    latents, noise, times = torch.randn(4, 2, 3, 3), torch.randn(4, 2, 3, 3), torch.rand(4)
    seen = []

    def network(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        seen.append(x)
        return torch.zeros_like(x)

    losses = velocity_loss(network, latents, times, noise)
    torch.testing.assert_close(losses, ((noise - latents) ** 2).mean((1, 2, 3)))
    for i, t in enumerate(times):
        torch.testing.assert_close(seen[0][i], (1 - t) * latents[i] + t * noise[i])


def test_channels_can_count_more() -> None:
    latents, noise, times = torch.randn(2, 3, 2, 2), torch.randn(2, 3, 2, 2), torch.rand(2)
    weights = torch.tensor([2.0, 1.0, 0.0])
    losses = velocity_loss(lambda x, _: torch.zeros_like(x), latents, times, noise, weights)
    squared = (noise - latents) ** 2
    expected = (2 * squared[:, 0] + squared[:, 1]).mean((1, 2)) / 3
    torch.testing.assert_close(losses, expected)
