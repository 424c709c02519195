"""The rate's curve, the running average, and which weights Muon takes."""

import pytest
import torch
from torch import nn

from studio.networks.denoiser import DenoiserConfig, DenoiserTransformer
from studio.training import optimizers
from studio.training.recipe import OptimizerSettings


def test_rate_warms_up_holds_and_decays() -> None:
    def rate(step: int, progress: float) -> float:
        return optimizers.learning_rate_factor(step, progress, warmup=10, decay=0.4)

    assert rate(0, 0.0) == pytest.approx(0.1)
    assert rate(9, 0.1) == 1.0
    assert rate(500, 0.6) == 1.0
    assert rate(800, 0.8) == pytest.approx(0.5)
    assert rate(1000, 1.0) == 0.0


def test_average_is_the_recursion() -> None:
    network = nn.Linear(1, 1)
    with torch.no_grad():
        network.weight.fill_(0.0)
        average = optimizers.RunningAverage(network, 0.5)
        expected = 0.0
        for n in range(1, 6):
            network.weight.fill_(float(n))
            average.update(network)
            decay = min(0.5, (1 + n) / (10 + n))
            expected = decay * expected + (1 - decay) * n
    assert float(average.state["weight"]) == pytest.approx(expected)
    average.copy_to(network)
    assert float(network.weight.detach()) == pytest.approx(expected)


def test_muon_takes_hidden_matrices_only() -> None:
    config = DenoiserConfig(3, 4, 2, 16, 2, 2, 8, 8, 8)
    network = DenoiserTransformer(config)
    names = optimizers.hidden_matrices(network)
    assert "blocks.0.attention.qkv.weight" in names
    assert "blocks.1.cross.query.weight" in names
    assert not any("modulation" in name or "norm" in name or "embed" in name for name in names)
    muon, adamw = optimizers.build(network, OptimizerSettings(muon_learning_rate=1e-3))
    counted = sum(len(o.param_groups[0]["params"]) for o in (muon, adamw))
    assert counted == len(list(network.parameters()))
