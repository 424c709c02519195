"""Checkpoints that were changed: one line that says what does not fit, and nothing is restored."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from studio.core.errors import DataError
from studio.networks.discriminator import DiscriminatorConfig
from studio.training import checkpoint, optimizers
from studio.training.critic import Critic
from studio.training.hardware import Hardware
from studio.training.recipe import OptimizerSettings

CPU = torch.device("cpu")
SETTINGS = OptimizerSettings(muon_learning_rate=0.01)


def run(companion: bool = True) -> checkpoint.Stateful:
    torch.manual_seed(1)
    network = nn.ModuleDict({"blocks": nn.ModuleList([nn.Linear(4, 4)]), "out": nn.Linear(4, 2)})
    critic = Critic(DiscriminatorConfig(4), 0.5, 1e-4, Hardware(CPU)) if companion else None
    made = checkpoint.Stateful(
        network,
        optimizers.RunningAverage(network, 0.9),
        optimizers.build(network, SETTINGS),
        critic,
        checkpoint.Progress(),
    )
    network["out"](network["blocks"][0](torch.ones(3, 4))).sum().backward()
    for optimiser in made.optimisers:
        optimiser.step()
    made.average.update(network)
    made.progress.step, made.progress.samples, made.progress.seconds = 1, 8, 0.5
    return made


def at(*keys: Any, value: Any) -> Callable[[Any], None]:
    def change(state: Any) -> None:
        for key in keys[:-1]:
            state = state[key]
        if value is ...:
            del state[keys[-1]]
        else:
            state[keys[-1]] = value

    return change


INF, NAN = torch.full((2,), torch.inf), torch.full((4, 4), torch.nan)
CHANGES = {
    "no network": (at("network", value=...), "no network"),
    "a network of words": (at("network", value="x"), "no network"),
    "a tensor too few": (at("network", "out.bias", value=...), "differ in 'out.bias'"),
    "a key that is no name": (at("network", 7, value=1), "differ in 7"),
    "another shape": (at("network", "out.bias", value=torch.ones(3)), "the shape (3,), not (2,)"),
    "not finite": (at("network", "out.bias", value=INF), "'out.bias' is not finite"),
    "no tensor": (at("network", "out.bias", value=[1, 2]), "'out.bias' is no tensor"),
    "sparse": (at("network", "out.bias", value=torch.ones(2).to_sparse()), "is no tensor"),
    "complex": (at("network", "out.bias", value=torch.ones(2) * 1j), "no tensor of float32"),
    "whole numbers": (at("average", "out.bias", value=torch.ones(2).int()), "tensor of float32"),
    "one number for all": (at("average", "out.bias", value=torch.ones(1).expand(2)), "tensor of"),
    "no average": (at("average", value=None), "no average"),
    "an average not finite": (at("average", "blocks.0.weight", value=NAN), "is not finite"),
    "an average's shape": (at("average", "out.bias", value=torch.ones(2, 2)), "the shape"),
    "updates of words": (at("updates", value="3"), "'updates' is '3'"),
    "negative updates": (at("updates", value=-1), "'updates' is -1"),
    "steps of words": (at("progress", "step", value="many"), "'step' is 'many'"),
    "half a step": (at("progress", "step", value=0.5), "'step' is 0.5"),
    "negative samples": (at("progress", "samples", value=-8), "'samples' is -8"),
    "endless seconds": (at("progress", "seconds", value=float("inf")), "'seconds' is inf"),
    "no progress": (at("progress", value=[1, 2]), "no progress"),
    "no optimizers": (at("optimizers", value={}), "other optimisers"),
    "an optimizer less": (at("optimizers", 0, value=...), "other optimisers"),
    "no state": (at("optimizers", 0, "state", value=7), "no moments"),
    "an unknown parameter": (at("optimizers", 1, "state", 99, value={}), "a parameter 99"),
    "another optimizer's": (at("optimizers", 1, "state", 0, "exp_avg", value=...), "another opt"),
    "a moment's shape": (
        at("optimizers", 0, "state", 0, "momentum_buffer", value=torch.ones(2)),
        "the shape (2,), not (4, 4)",
    ),
    "a moment not finite": (
        at("optimizers", 0, "state", 0, "momentum_buffer", value=NAN),
        "is not finite",
    ),
    "a companion of words": (at("companion", value="x"), "no companion"),
    "an empty companion": (at("companion", value={}), "no critic"),
    "a critic's moments": (at("companion", "optimizer", "state", value=None), "no critic's mom"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_does_not_fit_is_said_and_nothing_is_restored(name: str, tmp_path: Path) -> None:
    change, words = CHANGES[name]
    path, first = tmp_path / "checkpoint.pt", run()
    checkpoint.save(path, first)
    state = torch.load(path, weights_only=True)
    change(state)
    torch.save(state, path)
    again = run()
    before = {key: tensor.clone() for key, tensor in again.network.state_dict().items()}
    with pytest.raises(DataError) as caught:
        checkpoint.load(path, again, CPU)
    line = str(caught.value)
    assert words in line and str(path) in line and "\n" not in line
    after = again.network.state_dict()
    assert all(torch.equal(tensor, after[key]) for key, tensor in before.items())


def test_a_sound_one_is_restored_under_the_recipes_own_rates(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    first = run()
    checkpoint.save(path, first)
    state = torch.load(path, weights_only=True)
    state["optimizers"][1]["param_groups"][0]["betas"] = "rubbish"
    torch.save(state, path)
    again = run()
    checkpoint.load(path, again, CPU)
    assert again.optimisers[1].param_groups[0]["betas"] == (0.9, SETTINGS.beta2)
    assert (again.progress, again.average.updates) == (first.progress, first.average.updates)
    moments = [each.optimisers[1].state_dict()["state"][0]["exp_avg"] for each in (first, again)]
    assert torch.equal(*moments)


@pytest.mark.parametrize("what", ["words", "a list", "an archive of zeros", "a pickle"])
def test_other_files_get_no_advice_from_torch(what: str, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    if what == "words":
        path.write_text("words")
    elif what == "an archive of zeros":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("checkpoint/data.pkl", bytes(2**24))
        assert path.stat().st_size < 2**16
    else:
        torch.save([1] if what == "a list" else {"network": Path}, path)
    with pytest.raises(DataError) as caught:
        checkpoint.load(path, run(), CPU)
    line = str(caught.value)
    assert str(path) in line and "\n" not in line
    assert not any(word in line for word in ("weights_only", "torch", "pickle", "inline"))
