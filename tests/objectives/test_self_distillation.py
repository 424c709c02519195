"""DINO's loss against its pseudocode in float64, its centre, its teacher."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from studio.objectives.self_distillation import averaging, centred, dino_loss, follow


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
    loss = dino_loss(student, teacher, centre, 0.1, 0.05)
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


def test_the_teacher_follows() -> None:
    teacher, student = nn.Linear(2, 2), nn.Linear(2, 2)
    expected = 0.75 * teacher.weight.detach() + 0.25 * student.weight.detach()
    follow(teacher, student, 0.75)
    torch.testing.assert_close(teacher.weight, expected)
    assert averaging(0.0) == pytest.approx(0.996)
    assert averaging(0.5) == pytest.approx(0.998)
    assert averaging(1.0) == averaging(2.0) == 1.0
