"""Sets of feature vectors against each other: retrieval, kernel distance, diversity, memorisation.

Functions on (N, D) tensors; imports nothing of the studio.
"""

from __future__ import annotations

import torch
from torch import Tensor


def rank_of(queries: Tensor, gallery: Tensor, positives: Tensor) -> Tensor:
    """The rank (1 is best) of each query's best positive in the gallery, by dot product: (Q,).

    Ties count half, so that a constant feature earns chance and no more.

    Args:
        queries: (Q, D); gallery: (G, D).
        positives: (Q, G) bool, at least one a row.
    """
    assert bool(positives.any(1).all()), "every query needs a positive"
    similarity = queries @ gallery.T
    best = similarity.masked_fill(~positives, -torch.inf).amax(1, keepdim=True)
    others = ~positives
    above = (similarity > best) & others
    tied = (similarity == best) & others
    return 1 + above.sum(1) + 0.5 * tied.sum(1)


def recall(ranks: Tensor, k: int) -> float:
    """R@k: the share of ranks that are at most `k`."""
    return float((ranks <= k).double().mean())


def kernel_distance(a: Tensor, b: Tensor) -> float:
    """The unbiased squared MMD with the kernel (x.y / D + 1)^3 (Binkowski et al. 2018, eq. 4).

    Features are scaled to mean square 1 over `b`, the reference, because the kernel has a scale.
    About 0 for two samples of one distribution; it can be negative.

    Args:
        a: (M, D), b: (N, D), both of at least two rows.
    """
    assert min(len(a), len(b)) >= 2, "the unbiased estimate needs two rows of each"
    scale = b.double().pow(2).mean().sqrt().clamp_min(1e-12)
    x, y = a.double() / scale, b.double() / scale

    def kernel(p: Tensor, q: Tensor) -> Tensor:
        return (p @ q.T / p.shape[1] + 1) ** 3

    def within(p: Tensor) -> Tensor:
        k = kernel(p, p)
        return (k.sum() - k.trace()) / (len(p) * (len(p) - 1))

    return float(within(x) + within(y) - 2 * kernel(x, y).mean())


def energy_distance(a: Tensor, b: Tensor) -> float:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely & Rizzo 2013), unbiased: about 0 for two samples
    of one distribution, and then it can be negative.

    Args:
        a: (M, D), b: (N, D), both of at least two rows; each row is paired with the others.
    """
    a, b = a.double(), b.double()
    within = torch.pdist(a).mean() + torch.pdist(b).mean()
    return float(2 * torch.cdist(a, b).mean() - within)


def pairwise_distance(features: Tensor) -> float:
    """Mean Euclidean distance over all pairs of rows; needs two rows."""
    assert len(features) >= 2, "a pair needs two rows"
    return float(torch.pdist(features).mean())


def mean_distance(a: Tensor, b: Tensor) -> float:
    """Mean Euclidean distance between the rows of two sets."""
    return float(torch.cdist(a, b).mean())


def neighbour_ratio(queries: Tensor, gallery: Tensor) -> Tensor:
    """Distance to the nearest over distance to the second nearest row, in [0, 1]: (Q,).

    Near 0 the query copies one row; near 1 no row is special (Lowe 2004's ratio; used for
    memorisation by Carlini et al. 2023 in spirit).

    Args:
        queries: (Q, D); gallery: (G, D) with at least two rows.
    """
    assert len(gallery) >= 2, "a second neighbour is needed"
    nearest = torch.cdist(queries, gallery).topk(2, dim=1, largest=False).values
    return nearest[:, 0] / nearest[:, 1].clamp_min(1e-12)
