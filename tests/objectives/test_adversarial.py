"""The adversarial term against closed forms and a float64 recomputation."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.networks.discriminator import DiscriminatorConfig, PatchDiscriminator
from studio.objectives.adversarial import (
    Adversary,
    adaptive_weight,
    hinge_discriminator,
    hinge_generator,
)

TINY = DiscriminatorConfig(width=8, layers=2)


def pictures(seed: int, size: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, 3, size, size, generator=generator, dtype=torch.float64) * 2 - 1


def test_hinge_losses_in_closed_form() -> None:
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, 0.0, 0.5])
    assert hinge_discriminator(real, fake).item() == pytest.approx(0.5 * (2.5 / 3 + 2.5 / 3))
    assert hinge_generator(fake).item() == pytest.approx(0.5)
    assert hinge_discriminator(torch.zeros(4), torch.zeros(4)).item() == 1.0
    assert hinge_discriminator(torch.full((4,), 3.0), torch.full((4,), -3.0)).item() == 0.0


def test_a_logit_sees_seventy_pixels() -> None:
    discriminator = PatchDiscriminator(DiscriminatorConfig(width=8)).double()
    for module in discriminator.modules():
        if isinstance(module, nn.GroupNorm):  # it looks at the whole picture
            module.forward = lambda x: x  # type: ignore[method-assign]
    x = torch.zeros(1, 3, 128, 128, dtype=torch.float64, requires_grad=True)
    logits = discriminator(x + 0.5)
    assert logits.shape == (1, 1, 14, 14)
    (gradient,) = torch.autograd.grad(logits[0, 0, 7, 7], x)
    rows = gradient.abs().sum((0, 1, 3)).nonzero()
    assert int(rows[-1] - rows[0]) + 1 == 70


def test_logits_do_not_depend_on_the_batch() -> None:
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(TINY).double()
    a, b = pictures(0), pictures(1)
    torch.testing.assert_close(discriminator(torch.cat([a, b]))[:2], discriminator(a))


def test_gradients_go_where_they_should() -> None:
    torch.manual_seed(0)
    adversary = Adversary(TINY).double()
    decoded = pictures(0).requires_grad_()
    adversary.generator_term(decoded).backward()
    assert decoded.grad is not None
    assert all(p.grad is None for p in adversary.parameters())
    decoded.grad = None
    adversary(pictures(1), decoded).backward()
    assert decoded.grad is None
    assert all(p.grad is not None for p in adversary.parameters())


def test_terms_are_the_discriminators_own_losses() -> None:
    torch.manual_seed(0)
    adversary = Adversary(TINY).double()
    real, fake = pictures(1), pictures(2)
    logits = adversary.discriminator(real), adversary.discriminator(fake)
    expected = 0.5 * ((1 - logits[0]).clamp_min(0).mean() + (1 + logits[1]).clamp_min(0).mean())
    torch.testing.assert_close(adversary(real, fake), expected.float())
    torch.testing.assert_close(adversary.generator_term(fake), -logits[1].mean().float())


def test_generator_gradient_is_the_finite_difference() -> None:
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(TINY).double()
    x = pictures(3).requires_grad_()
    (gradient,) = torch.autograd.grad(hinge_generator(discriminator(x)), x)
    direction = pictures(4)
    step = 1e-6
    with torch.no_grad():
        high, low = (hinge_generator(discriminator(x + s * direction)) for s in (step, -step))
    torch.testing.assert_close((gradient * direction).sum(), (high - low) / (2 * step), rtol=1e-5,
                               atol=1e-9)  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_adaptive_weight_is_the_ratio_of_gradients(dtype: torch.dtype) -> None:
    """Recomputed in float64 with the last layer's gradient written out as a correlation."""
    torch.manual_seed(0)
    adversary = Adversary(TINY).double()
    last = nn.Conv2d(4, 3, 3, padding=1).double()
    features = torch.randn(2, 4, 32, 32, dtype=torch.float64)
    target = pictures(5)

    def by_hand(loss: Tensor, decoded: Tensor) -> Tensor:
        (upstream,) = torch.autograd.grad(loss, decoded, retain_graph=True)
        unfolded = F.unfold(features, 3, padding=1)  # (B, 36, 1024)
        return torch.einsum("bon,bkn->ok", upstream.flatten(2), unfolded).norm()

    decoded = last(features)
    reconstruction = F.mse_loss(decoded, target)
    adversarial = -adversary.discriminator(decoded).mean()
    expected = by_hand(reconstruction, decoded) / (by_hand(adversarial, decoded) + 1e-4)

    adversary, last = adversary.to(dtype), last.to(dtype)
    decoded = last(features.to(dtype))
    found = adaptive_weight(
        F.mse_loss(decoded, target.to(dtype)), adversary.generator_term(decoded), last.weight
    )
    assert not found.requires_grad
    tolerance = 1e-5 if dtype == torch.float64 else 1e-3  # generator_term ends in float32
    assert float(found) == pytest.approx(float(expected), rel=tolerance)


def test_adaptive_weight_is_clamped() -> None:
    last = torch.ones(3, requires_grad=True)
    assert adaptive_weight(1e9 * last.sum(), 0.0 * last.sum(), last).item() == pytest.approx(1e4)
    assert adaptive_weight(0.0 * last.sum(), last.sum(), last).item() == 0.0
