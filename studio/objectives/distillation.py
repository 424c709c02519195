"""Distilling a sentence encoder: match sentence vectors, their similarities, and token states."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def sentence_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """1 - cosine of unit vectors (B, D), averaged."""
    return 1.0 - (student * teacher).sum(-1).mean()


def similarity_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference of the two batches' cosine matrices (Tung & Mori 2019)."""
    with torch.autocast(student.device.type, enabled=False):
        return F.mse_loss(student @ student.T, teacher @ teacher.T)


def relation_loss(student: Tensor, teacher: Tensor, temperature: float = 0.05) -> Tensor:
    """How far the softmax over K anchors of cosines (B, K) is from the teacher's, in nats (Fang et
    al. 2021, SEED, equation 4): what was never seen then lies among what means nearly the same."""
    target, log = (teacher.float() / temperature).softmax(-1), teacher.float() / temperature
    answer = F.log_softmax(student.float() / temperature, -1)
    return (target * (F.log_softmax(log, -1) - answer)).sum(-1).mean()


def token_loss(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """1 - cosine of token states (B, L, D), averaged over real tokens (mask True)."""
    cosine = F.cosine_similarity(student.float(), teacher.float(), dim=-1)
    return ((1.0 - cosine) * mask).sum() / mask.sum()
