"""Next-token prediction: the loss of a causal decoder."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def next_token_loss(logits: Tensor, ids: Tensor, mask: Tensor, smoothing: float = 0.0) -> Tensor:
    """-log p(token i + 1 | tokens to i), in nats, averaged over real tokens (Radford et al. 2018,
    equation 1).

    Args:
        logits: (B, L, V), at each token what the next one is.
        ids: (B, L) int64.
        mask: (B, L) bool, True at real tokens.
        smoothing: the part of each target spread over the vocabulary.
    """
    target = ids[:, 1:].masked_fill(~mask[:, 1:], -100)
    return F.cross_entropy(
        logits[:, :-1].flatten(0, 1).float(), target.flatten(), label_smoothing=smoothing
    )
