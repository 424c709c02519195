"""DINO's loss against its pseudocode in float64, its centre, its balance, its teacher; KoLeo."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from studio.objectives.self_distillation import (
    averaging,
    balanced,
    centred,
    dino_loss,
    follow,
    sharpened,
    spread,
)


def test_the_papers_algorithm() -> None:
    """Algorithm 1's H(t, s) of every global crop against every other crop, averaged."""
    torch.manual_seed(0)
    student = torch.randn(4, 3, 7, dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(2, 3, 7, dtype=torch.float64, requires_grad=True)
    centre = torch.randn(7, dtype=torch.float64)
    terms = []
    for g in range(2):
        for v in range(4):
            if v != g:
                s = torch.softmax(student[v] / 0.1, dim=1)
                t = torch.softmax((teacher[g] - centre) / 0.05, dim=1)
                terms.append(-(t * torch.log(s)).sum(dim=1).mean())
    loss = dino_loss(student, sharpened(teacher, centre, 0.05), 0.1)
    torch.testing.assert_close(loss.double(), torch.stack(terms).mean(), rtol=1e-5, atol=1e-6)
    loss.backward()
    assert teacher.grad is None
    assert student.grad is not None


def test_the_centre_is_what_all_answer_alike() -> None:
    answers = torch.tensor([[[9.0, 0.1, 0.0]], [[9.0, 0.0, 0.0]]])
    centre = centred(torch.zeros(3), answers.mean((0, 1)), momentum=0.0)
    torch.testing.assert_close(centre, torch.tensor([9.0, 0.05, 0.0]))
    moved = centred(torch.ones(3), torch.zeros(3))
    torch.testing.assert_close(moved, torch.full((3,), 0.9))


def test_balance_gives_every_class_its_share() -> None:
    """Against the iteration in plain products (SwAV's appendix A), and its fixed point."""
    torch.manual_seed(0)
    logits = torch.randn(2, 6, 4)
    parts = balanced(logits, 0.5, 2)
    q = (logits.double() / 0.5).exp().view(12, 4)
    for _ in range(2):
        q = q / q.sum(0, keepdim=True)
        q = q / q.sum(1, keepdim=True)
    torch.testing.assert_close(parts.double(), q.view(2, 6, 4), rtol=1e-5, atol=1e-6)
    settled = balanced(logits, 0.5, 200)
    torch.testing.assert_close(settled.sum((0, 1)), torch.full((4,), 3.0))
    torch.testing.assert_close(settled.sum(-1), torch.ones(2, 6))
    alike = balanced(torch.tensor([[5.0, 0.0], [5.0, 0.1]]), 0.05, 200)
    own = 1 / (1 + math.exp(-1))  # scaling keeps the cross ratio, e^(0.1 / 0.05)
    torch.testing.assert_close(alike, torch.tensor([[own, 1 - own], [1 - own, own]]))


def test_koleo_is_the_distance_to_the_nearest() -> None:
    torch.manual_seed(0)
    x = torch.randn(5, 3, dtype=torch.float64)
    unit = x / x.norm(dim=1, keepdim=True)
    apart = torch.cdist(unit, unit) + torch.eye(5) * 9
    expected = -apart.min(1).values.log().mean()
    torch.testing.assert_close(spread(x).double(), expected, rtol=1e-4, atol=1e-5)
    corners = torch.cat([torch.eye(2), -torch.eye(2)])  # sqrt 2 apart: evenly on the circle
    assert float(spread(corners)) == pytest.approx(-0.5 * math.log(2), abs=1e-5)
    twice = torch.ones(2, 3, requires_grad=True)
    spread(twice).backward()
    assert twice.grad is not None
    assert twice.grad.isfinite().all()


def test_the_teacher_follows() -> None:
    teacher, student = nn.Linear(2, 2), nn.Linear(2, 2)
    expected = 0.75 * teacher.weight.detach() + 0.25 * student.weight.detach()
    follow(teacher, student, 0.75)
    torch.testing.assert_close(teacher.weight, expected)
    assert averaging(0.0) == pytest.approx(0.996)
    assert averaging(0.5) == pytest.approx(0.998)
    assert averaging(1.0) == averaging(2.0) == 1.0
