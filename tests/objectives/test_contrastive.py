"""The sigmoid loss against its definition, and what a 0 does."""

from __future__ import annotations

import math

import pytest
import torch

from studio.objectives.contrastive import sigmoid_loss


def test_against_the_definition() -> None:
    logits = torch.randn(4, 4, dtype=torch.float64)
    fits = torch.where(torch.eye(4, dtype=torch.bool), 1.0, -1.0).double()
    expected = sum(
        math.log1p(math.exp(-float(fits[i, j] * logits[i, j]))) for i in range(4) for j in range(4)
    )
    assert sigmoid_loss(logits, fits).item() == pytest.approx(expected / 4)


def test_an_unknown_pair_has_no_gradient() -> None:
    logits = torch.randn(3, 3, requires_grad=True)
    fits = torch.tensor([[1.0, -1, 0], [0, 1, -1], [-1, 0, 1]])
    sigmoid_loss(logits, fits).backward()
    assert logits.grad is not None
    assert torch.equal(logits.grad == 0, fits == 0)
    # fitting pairs are pulled up, others pushed down
    assert torch.equal(logits.grad.sign(), -fits)
