"""The toy task: it learns, measures itself, exports, and opens again."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.core.errors import UsageError
from studio.metrics.distributions import energy_distance
from studio.models.network_folder import read_manifest
from studio.models.registry import ASSETS, open_network
from studio.training import loop, tasks
from studio.training import recipe as recipes
from studio.training.hardware import Hardware
from studio.training.tasks import toy

CPU = torch.device("cpu")
ON = Hardware(CPU)
RECIPES = [name for name in recipes.available() if name.startswith("toy-")]
GUIDED = [name for name in RECIPES if name.startswith("toy-trio-")]


def short(name: str, steps: int, batch: int = 256) -> recipes.Recipe:
    recipe = recipes.load(name)
    return replace(recipe, run=replace(recipe.run, steps=steps, batch=batch, ema=0.98))


def test_there_is_one_for_each_objective() -> None:
    wanted = {f"toy-{d}-{p}" for d in ("moons", "grid") for p in ("epsilon", "score", "velocity")}
    assert set(RECIPES) - set(GUIDED) == wanted
    for name in wanted:
        _, distribution, prediction = name.split("-")
        recipe = recipes.load(name)
        assert tasks.find(recipe.task) is toy.ToyTask
        assert recipe.settings["distribution"] == distribution
        assert recipe.settings["prediction"] == prediction


@pytest.mark.parametrize("prediction", ["epsilon", "score", "velocity"])
def test_it_learns_and_opens_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prediction: str
) -> None:
    monkeypatch.setattr(toy, "JUDGED", 500)
    monkeypatch.setattr(toy, "STEPS", 10)
    recipe = short(f"toy-moons-{prediction}", 500)
    task = toy.ToyTask(recipe)
    list(task.prepare(ON))
    untrained = task.validate(task.network)
    loop.train(task, recipe, tmp_path, ON, report=lambda _: None)

    manifest = read_manifest(tmp_path)
    assert manifest.kind == "toy"
    assert manifest.extra == {
        "path": recipe.settings["path"],
        "prediction": prediction,
    }
    figures = manifest.trained["validation"]
    assert isinstance(figures, dict)
    assert figures["true_energy"] < 0.01
    # far nearer to the truth than a standard normal, or no network; and more of it where data is
    noise = torch.randn(500, 2, generator=torch.Generator().manual_seed(1))
    truth = task.mixture.sample(500, torch.Generator().manual_seed(98))
    for sampler in toy.SAMPLERS:
        energy, density = f"{sampler}_energy", f"{sampler}_log_density"
        assert figures[energy] < 0.5 * min(untrained[energy], energy_distance(noise, truth))
        assert untrained[density] + 1.0 < figures[density] < figures["true_log_density"] + 0.3

    x, t = torch.randn(7, 2), torch.rand(7)
    kept = open_network(str(tmp_path), "toy")
    assert kept(x, t).shape == (7, 2)
    files = [path.stat().st_size for path in tmp_path.glob("*.safetensors")]
    assert sum(files) < 100_000


def test_batches_are_decided_by_their_number() -> None:
    task = toy.ToyTask(short("toy-grid-velocity", 1, 16))
    list(task.prepare(ON))
    a, b, other = task.batch(3, 0, 1), task.batch(3, 0, 1), task.batch(3, 1, 2)
    assert torch.equal(a.clean, b.clean)
    assert torch.equal(a.noise, b.noise)
    assert torch.equal(a.times, b.times)
    assert not torch.equal(a.clean, other.clean)


def test_some_are_not_told_their_class() -> None:
    """As many as p_uncond says; the others by p(class | x), which is where they lie."""
    task = toy.ToyTask(short("toy-trio-unlabelled-20", 1, 4000))
    list(task.prepare(ON))
    batch = task.batch(0, 0, 1)
    told = batch.known < 3
    assert (~told).float().mean() == pytest.approx(0.2, abs=0.02)
    likeliest = task.distribution.log_classes(batch.clean).argmax(-1)
    assert (likeliest == batch.known)[told].float().mean() == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("noisy", [True, False])
def test_classifiers_learn_and_open_again(tmp_path: Path, noisy: bool) -> None:
    recipe = short(f"toy-trio-{'noisy' if noisy else 'clean'}-classifier", 120)
    task = tasks.find(recipe.task)(recipe)
    loop.train(task, recipe, tmp_path, ON, report=lambda _: None)
    manifest = read_manifest(tmp_path)
    assert manifest.extra == ({"path": "rectified-flow"} if noisy else {})
    assert isinstance(figures := manifest.trained["validation"], dict)
    assert figures["divergence_at_0"] < 0.2
    assert open_network(str(tmp_path), "toy")(torch.randn(7, 2), torch.rand(7)).shape == (7, 3)


@pytest.mark.parametrize("setting", ["distribution", "path", "prediction"])
def test_unknown_names(setting: str) -> None:
    recipe = recipes.load("toy-moons-velocity")
    with pytest.raises(UsageError, match="nowhere"):
        toy.ToyTask(replace(recipe, settings={**recipe.settings, setting: "nowhere"}))


def test_the_shipped_ones_draw_the_truth() -> None:
    """One for each recipe, small, and as good now as its `model.json` says."""
    folders = sorted((ASSETS / "toys").iterdir())
    assert [folder.name for folder in folders] == [name.removeprefix("toy-") for name in RECIPES]
    for folder in folders:
        assert sum(path.stat().st_size for path in folder.iterdir()) < 100_000
        said = read_manifest(folder).trained["validation"]
        recipe = recipes.load(f"toy-{folder.name}")
        task = tasks.find(recipe.task)(recipe)
        list(task.prepare(ON))
        figures = task.validate(open_network(str(folder), "toy"))
        assert isinstance(said, dict)
        for name, value in figures.items():
            assert value == pytest.approx(said[name], abs=0.02)  # the file's weights are fp16
        if folder.name.endswith("-classifier"):
            assert figures["divergence_at_0"] < 0.01
            assert (figures["divergence_at_0.5"] < 0.01) == ("noisy" in folder.name)
            continue
        for sampler in toy.SAMPLERS:  # without a class: what p_uncond = 0 never learns
            assert (figures[f"{sampler}_energy"] < 0.002) == (folder.name != "trio-unlabelled-0")
