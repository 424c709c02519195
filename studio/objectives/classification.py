"""Training classifiers: of pictures, and, for classifier guidance, of noisy ones."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from studio.diffusion.paths import Path


def label_loss(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """-log p(label) (B,), in nats, of logits (B, K) and labels (B,) int64.

    Args:
        smoothing: the part of each label spread over all classes (Szegedy et al. 2016, section 7),
            which bounds the logits of what can be told for certain.
    """
    return F.cross_entropy(logits.float(), labels, reduction="none", label_smoothing=smoothing)


def noisy_cross_entropy(
    network: Callable[[Tensor, Tensor], Tensor],
    x0: Tensor,
    times: Tensor,
    noise: Tensor,
    labels: Tensor,
    path: Path,
    smoothing: float = 0.0,
) -> Tensor:
    """-log p(label | x_t), in nats, at x_t = alpha x_0 + sigma epsilon (Dhariwal & Nichol 2021,
    arXiv:2105.05233, section 4; the idea is Sohl-Dickstein et al. 2015's).

    Its minimum is p(label | x_t) itself, whose gradient leads from p(x_t) to p(x_t | label).

    Args:
        network: (x_t, t) -> logits (B, K).
        x0, noise: (B, C, H, W).
        times: (B,) in the path's unit.
        labels: (B,) int64, 0 to K - 1.
        smoothing: as in `label_loss`.

    Returns:
        (B,) losses.
    """
    return label_loss(network(path.mix(x0, noise, times), times), labels, smoothing)


def found(logits: Tensor, labels: Tensor, k: int) -> Tensor:
    """Whether each label (B,) is among the k highest of its logits (B, K): (B,) bool."""
    return (logits.topk(k, dim=1).indices == labels[:, None]).any(1)
