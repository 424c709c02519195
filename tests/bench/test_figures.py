"""Figures and their goals, and the clocks that make them."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from studio.bench.bench import Conditions, Row
from studio.bench.benches.denoiser import products
from studio.bench.probes.cold import Laps


def test_goals_are_the_most_or_the_least() -> None:
    assert Row("a", 1.0, "s", 1.0).met
    assert not Row("a", 1.1, "s", 1.0).met
    assert Row("a", 1.1, "x", 1.0, at_least=True).met
    assert not Row("a", 0.9, "x", 1.0, at_least=True).met
    assert Row("a", 0.9, "x").met is None


def test_sides_are_interleaved_and_the_least_counts() -> None:
    order: list[str] = []
    conditions = Conditions()
    fast, slow = conditions.fastest(lambda: order.append("a"), lambda: order.append("b"), repeats=3)
    assert order == ["a", "b"] * 4  # the first round does not count
    assert min(fast, slow) >= 0


@torch.inference_mode()
def test_products_are_all_of_a_forward() -> None:
    layers = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 4))
    x = torch.randn(2, 3, 8)

    def forward() -> torch.Tensor:
        h = layers(x)[:, None]
        return F.scaled_dot_product_attention(h, h, h) @ torch.ones(4, 1)

    calls = products(forward)
    assert len(calls) == 4
    torch.testing.assert_close(calls[0](), layers[0](x))
    torch.testing.assert_close(calls[-1](), forward())


def test_phases_are_all_of_the_time() -> None:
    clock = Laps(0.0)
    clock.spent.clear()
    began = clock._last
    inner = clock.importing(lambda: None)
    clock.importing(inner)()
    clock.go_on("loading")
    clock.go_on("writing")
    clock.lap()
    assert set(clock.spent) == {"imports", "loading", "writing"}
    assert sum(clock.spent.values()) == pytest.approx(clock._last - began)
