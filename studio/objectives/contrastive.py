"""Contrastive training of a picture tower against texts."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def sigmoid_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """SigLIP: every pair is its own yes-or-no question (Zhai et al. 2023, equation 1).

    Args:
        logits: (B, T), log-odds that text j fits picture i.
        fits: (B, T), +1 where it does, -1 where it does not, 0 where neither can be said.

    Returns:
        The sum over texts, averaged over pictures.
    """
    return -(F.logsigmoid(fits * logits) * fits.abs()).sum(1).mean()
