"""Retrieval, kernel distance, diversity and neighbour ratios on features whose answer is known."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from studio.metrics import distributions as d


def normal(seed: int, rows: int, columns: int = 32, mean: float = 0.0) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)) + mean


def test_ranks_of_known_similarities() -> None:
    gallery = torch.eye(4)
    query = torch.tensor([[0.9, 0.5, 0.3, 0.1]])
    for column in range(4):
        positives = torch.zeros(1, 4, dtype=torch.bool)
        positives[0, column] = True
        assert d.rank_of(query, gallery, positives).item() == column + 1
    both = torch.tensor([[False, True, False, True]])
    assert d.rank_of(query, gallery, both).item() == 2  # the best of the positives


def test_constant_features_earn_chance() -> None:
    ranks = d.rank_of(torch.ones(3, 5), torch.ones(101, 5), torch.eye(101, dtype=torch.bool)[:3])
    assert ranks.tolist() == [51.0] * 3
    assert d.recall(ranks, 5) == 0


def test_retrieval_of_noisy_copies_and_of_noise() -> None:
    gallery = F.normalize(normal(0, 200))
    mine = torch.eye(200, dtype=torch.bool)
    copies = F.normalize(gallery + 0.02 * normal(1, 200))
    assert d.recall(d.rank_of(copies, gallery, mine), 1) > 0.99
    strangers = F.normalize(normal(2, 200))
    assert d.recall(d.rank_of(strangers, gallery, mine), 5) < 0.1


def test_a_query_without_a_positive_is_refused() -> None:
    with pytest.raises(AssertionError):
        d.rank_of(torch.ones(1, 2), torch.ones(2, 2), torch.zeros(1, 2, dtype=torch.bool))


def test_kernel_distance_of_one_and_of_two_distributions() -> None:
    same = [d.kernel_distance(normal(2 * s, 100), normal(2 * s + 1, 100)) for s in range(8)]
    assert abs(sum(same) / 8) < 0.05
    assert max(map(abs, same)) < 0.2
    assert d.kernel_distance(normal(0, 100, mean=1.0), normal(1, 100)) > 1.0


def test_kernel_distance_is_the_written_out_sum() -> None:
    x, y = normal(3, 4, 2).double(), normal(4, 3, 2).double()
    s = y.pow(2).mean().sqrt()

    def k(a: torch.Tensor, b: torch.Tensor) -> float:
        return float(((a / s) @ (b / s) / 2 + 1) ** 3)

    xx = sum(k(x[i], x[j]) for i in range(4) for j in range(4) if i != j) / 12
    yy = sum(k(y[i], y[j]) for i in range(3) for j in range(3) if i != j) / 6
    xy = sum(k(a, b) for a in x for b in y) / 12
    assert d.kernel_distance(x, y) == pytest.approx(xx + yy - 2 * xy, rel=1e-6)


def test_distances_and_ratios() -> None:
    line = torch.tensor([[0.0], [1.0], [4.0]])
    assert d.pairwise_distance(line) == pytest.approx(8 / 3)
    assert d.mean_distance(line[:1], line[1:]) == pytest.approx(2.5)
    ratios = d.neighbour_ratio(torch.tensor([[1.0], [0.25], [0.5]]), line)
    torch.testing.assert_close(ratios, torch.tensor([0.0, 1 / 3, 1.0]))
