"""Distillation losses: zero at a perfect student, closed forms elsewhere."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from studio.objectives.distillation import relation_loss, sentence_loss, similarity_loss, token_loss


def test_a_perfect_student_loses_nothing() -> None:
    vectors = F.normalize(torch.randn(5, 8, dtype=torch.float64), dim=1)
    tokens, mask = torch.randn(5, 3, 8), torch.ones(5, 3, dtype=torch.bool)
    assert sentence_loss(vectors, vectors).item() == pytest.approx(0, abs=1e-12)
    assert similarity_loss(vectors, vectors).item() == 0
    assert token_loss(3 * tokens, tokens, mask).item() == pytest.approx(0, abs=1e-6)


def test_closed_forms() -> None:
    student, teacher = torch.eye(2), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert sentence_loss(student, teacher).item() == 0.5
    # cosines: the identity against all ones
    assert similarity_loss(student, teacher).item() == 0.5


def test_similarity_does_not_see_a_rotation() -> None:
    vectors = F.normalize(torch.randn(6, 4, dtype=torch.float64), dim=1)
    rotation = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64)).Q
    assert similarity_loss(vectors @ rotation, vectors).item() == pytest.approx(0, abs=1e-20)


def test_padding_is_not_counted() -> None:
    teacher, mask = torch.randn(2, 3, 8), torch.tensor([[True, True, False], [True, False, False]])
    student = teacher.clone()
    student[~mask] = -teacher[~mask]
    assert token_loss(student, teacher, mask).item() == pytest.approx(0, abs=1e-6)
    student[0, 0] = -teacher[0, 0]
    assert token_loss(student, teacher, mask).item() == pytest.approx(2 / 3, abs=1e-6)


def test_relations_are_a_divergence_over_anchors() -> None:
    torch.manual_seed(0)
    student, teacher = (torch.rand(3, 5, dtype=torch.float64) for _ in range(2))
    p, q = (teacher / 0.1).softmax(-1), (student / 0.1).softmax(-1)
    expected = (p * (p / q).log()).sum(-1).mean()
    found = relation_loss(student, teacher, 0.1)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)
    assert relation_loss(teacher, teacher).item() == pytest.approx(0, abs=1e-6)
