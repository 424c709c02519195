"""t-SNE: vectors laid out on a plane so that neighbours stay neighbours (van der Maaten & Hinton
2008, JMLR 9), with exact neighbours and exact repulsion: for some thousand points."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

STEPS = 500
EARLY = 125  # steps in which attraction is exaggerated, so that clusters find each other
EXAGGERATION = 12.0
NEIGHBOURS = 3  # times the perplexity: the rest's affinity is nothing


def principal(vectors: Tensor, count: int = 2) -> Tensor:
    """The first principal components (N, count) of vectors (N, D)."""
    centred = vectors.double() - vectors.double().mean(0)
    u, s, _ = torch.linalg.svd(centred, full_matrices=False)
    count = min(count, len(s))
    return (u[:, :count] * s[:count]).float()


def affinities(vectors: Tensor, perplexity: float) -> tuple[Tensor, Tensor]:
    """Each point's nearest (N, k) and how near they are: p_j|i (N, k), rows that sum to 1.

    Each row's Gaussian has the width at which its entropy is log(perplexity) (equation 1).
    """
    k = min(len(vectors) - 1, max(1, math.ceil(NEIGHBOURS * perplexity)))
    squared = torch.cdist(vectors, vectors).square().fill_diagonal_(math.inf)
    near, index = squared.topk(k, largest=False)
    near = near - near[:, :1]  # the same softmax, without underflow
    wanted = math.log(min(perplexity, k))
    low, high = near.new_full((len(near), 1), 1e-9), near.new_full((len(near), 1), 1e9)
    for _ in range(60):  # bisection of beta = 1 / (2 sigma^2), in its logarithm
        beta = (low * high).sqrt()
        log_p = (-beta * near).log_softmax(1)
        wide = -(log_p.exp() * log_p).sum(1, keepdim=True) > wanted
        low, high = torch.where(wide, beta, low), torch.where(wide, high, beta)
    return index, log_p.exp()


def tsne(vectors: Tensor, perplexity: float = 30.0, steps: int = STEPS) -> Iterator[Tensor]:
    """The points (N, 2) after each step, beginning with their principal components.

    Args:
        vectors: (N, D) float32, N at least 3.
        perplexity: about how many neighbours each point has; at most (N - 1) / 3 is used.
    """
    count = len(vectors)
    index, given = affinities(vectors, min(perplexity, (count - 1) / NEIGHBOURS))
    rows = torch.arange(count)[:, None].expand_as(index)
    pairs = torch.cat([torch.stack([rows, index]), torch.stack([index, rows])], 1).flatten(1)
    p = torch.cat([given, given]).flatten() / (2 * count)  # symmetric, sums to 1
    points = principal(vectors)
    points = points / points[:, 0].std().clamp_min(1e-12) * 1e-4
    yield points
    velocity, gains = torch.zeros_like(points), torch.ones_like(points)
    rate = max(count / EXAGGERATION / 4, 50.0)  # Belkina et al. 2019
    for step in range(steps):
        early = step < EARLY
        gradient = _gradient(points, pairs, p * (EXAGGERATION if early else 1.0))
        same = (gradient * velocity) < 0  # still the way it goes
        gains = torch.where(same, gains + 0.2, gains * 0.8).clamp_min(0.01)
        velocity = (0.5 if early else 0.8) * velocity - rate * gains * gradient
        points = points + velocity
        points = points - points.mean(0)
        yield points


def _gradient(points: Tensor, pairs: Tensor, p: Tensor) -> Tensor:
    """Of the Kullback-Leibler divergence (equation 5): neighbours attract, all repel."""
    lengths = points.square().sum(1)
    near = torch.addmm(lengths[None] + 1, points, points.T, alpha=-2)
    near.add_(lengths[:, None]).clamp_min_(1).reciprocal_()  # Student's t, not normalised
    near.fill_diagonal_(0)
    total = near.sum()
    near.square_()
    repulsion = (points * near.sum(1, keepdim=True) - near @ points) / total
    i, j = pairs
    difference = points[i] - points[j]
    pull = (p / (1 + difference.square().sum(1)))[:, None] * difference
    attraction = torch.zeros_like(points).index_add_(0, i, pull)
    return 4 * (attraction - repulsion)
