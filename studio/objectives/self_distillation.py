"""DINO: a network learns from its own average, without labels (Caron et al. 2021)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def dino_loss(
    student: Tensor,
    teacher: Tensor,
    centre: Tensor,
    student_temperature: float = 0.1,
    teacher_temperature: float = 0.04,
) -> Tensor:
    """-sum over k of P_t(k) log P_s(k), in nats, averaged over the pairs of different views of one
    picture (equation 3).

    The teacher's answer is centred, against one class for all, and sharpened by its low
    temperature, against all classes alike (section 3.1).

    Args:
        student: (V, B, K) logits of all crops; the first G are those the teacher saw.
        teacher: (G, B, K) logits of the global crops; no gradient goes there.
        centre: (K,), see `centred`.
    """
    target = ((teacher.detach().float() - centre.float()) / teacher_temperature).softmax(-1)
    answer = F.log_softmax(student.float() / student_temperature, -1)
    crossed = -torch.einsum("gbk,vbk->gv", target, answer) / student.shape[1]
    other = ~torch.eye(len(teacher), len(student), dtype=torch.bool, device=crossed.device)
    return crossed[other].mean()


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
