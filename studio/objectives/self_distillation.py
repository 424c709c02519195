"""DINO: a network learns from its own average, without labels (Caron et al. 2021)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def dino_loss(student: Tensor, target: Tensor, temperature: float = 0.1) -> Tensor:
    """-sum over k of P_t(k) log P_s(k), in nats, averaged over the pairs of different views of one
    picture (equation 3).

    Args:
        student: (V, B, K) logits of all crops; the first G are those the teacher saw.
        target: (G, B, K) parts, of `sharpened` or `balanced`; no gradient goes there.
    """
    answer = F.log_softmax(student.float() / temperature, -1)
    crossed = -torch.einsum("gbk,vbk->gv", target.detach(), answer) / student.shape[1]
    other = ~torch.eye(len(target), len(student), dtype=torch.bool, device=crossed.device)
    return crossed[other].mean()


def sharpened(teacher: Tensor, centre: Tensor, temperature: float = 0.04) -> Tensor:
    """The teacher's logits (..., K) as parts of 1: centred, against one class for all, and
    sharpened by a low temperature, against all classes alike (section 3.1)."""
    return ((teacher.float() - centre.float()) / temperature).softmax(-1)


def balanced(teacher: Tensor, temperature: float = 0.05, rounds: int = 3) -> Tensor:
    """The same of a batch (..., K) by Sinkhorn and Knopp's iteration in place of a centre: all
    classes get equally much of it (Caron et al. 2020, section 3.1; DINOv2, Oquab et al. 2023)."""
    logs = (teacher.float() / temperature).flatten(0, -2)
    for _ in range(rounds):
        logs = logs - logs.logsumexp(0)  # every class its share
        logs = logs - logs.logsumexp(1, keepdim=True)  # every picture one whole
    return logs.exp().view(teacher.shape)


def spread(features: Tensor) -> Tensor:
    """KoLeo: minus the mean log distance, on the unit sphere, of each of (B, D) to its nearest
    (Sablayrolles et al. 2019, equation 2). The entropy's estimator; lowest where all lie evenly."""
    x = F.normalize(features.float(), dim=-1)
    nearest = (x @ x.T).detach().fill_diagonal_(-torch.inf).argmax(1)
    return -((x - x[nearest]).norm(dim=-1) + 1e-6).log().mean()


def centred(centre: Tensor, mean: Tensor, momentum: float = 0.9) -> Tensor:
    """The running mean (K,) of the teacher's logits after a batch with this mean (equation 4)."""
    return torch.lerp(mean, centre, momentum)


def averaging(progress: float, start: float = 0.996) -> float:
    """The teacher's decay at `progress` in [0, 1] of the run: a cosine from `start` to 1."""
    return 1.0 - (1.0 - start) * (1.0 + math.cos(math.pi * min(1.0, progress))) / 2


@torch.no_grad()
def follow(teacher: nn.Module, student: nn.Module, decay: float) -> None:
    """theta_t <- decay theta_t + (1 - decay) theta_s, of all parameters."""
    torch._foreach_lerp_(list(teacher.parameters()), list(student.parameters()), 1.0 - decay)
