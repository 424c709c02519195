"""The tasks on latents, with a tiny bundle: the denoiser's objectives, and the classifier."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.models.network_folder import read_manifest
from studio.models.registry import open_model, open_network
from studio.networks.classifier import NoisyClassifier
from studio.training import recipe as recipes
from studio.training import tasks
from studio.training.data import SceneSource
from studio.training.hardware import Hardware
from studio.training.tasks import classifier, denoiser
from tests import tiny
from tests.training import learning

CPU = torch.device("cpu")
ON = Hardware(CPU)
CUT = {"channels": 4, "side": 64, "patch": 16, "width": 32, "depth": 1, "heads": 2}
WIDTHS = {"condition_width": 16, "text_width": 16, "pooled_width": 12}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bundle(tmp_path_factory.mktemp("bundle"))


def small(name: str, network: Mapping[str, object], **settings: object) -> recipes.Recipe:
    recipe = recipes.load(name)
    run = replace(recipe.run, batch=8)
    return replace(
        recipe, run=run, network=network, settings={**recipe.settings, **settings, "pool": 32}
    )


def denoiser_task(bundle: Path, **settings: object) -> denoiser.DenoiserTask:
    task = denoiser.DenoiserTask(
        small("denoiser-cpu", CUT | WIDTHS, bundle=str(bundle), forms=1, **settings)
    )
    list(task.prepare(ON))
    return task


@pytest.mark.parametrize(("path", "prediction"), [("vp", "epsilon"), ("gvp", "v")])
def test_a_denoiser_of_another_objective_generates(
    bundle: Path, tmp_path: Path, path: str, prediction: str
) -> None:
    task = denoiser_task(bundle, path=path, prediction=prediction)
    task.export(task.network, tmp_path / "denoiser", tiny.ABOUT)
    extra = read_manifest(tmp_path / "denoiser").extra
    assert (extra["path"], extra["prediction"]) == (path, prediction)

    loss = task.losses(task.network, task.batch(0, 0, 1), 0)["loss"]
    assert loss.isfinite()
    for part in ("text", "autoencoder"):
        (tmp_path / part).symlink_to(bundle / part)
    model = open_model(str(tmp_path))
    x = torch.randn(1, 4, 64, 64)
    answer = model.denoiser(model.condition(("an apple",)))(x, 0.6, 0.8)
    torch.testing.assert_close(0.6 * answer.x0 + 0.8 * answer.epsilon, x, atol=1e-5, rtol=1e-4)


def test_the_objective_is_the_one_named(bundle: Path) -> None:
    """A network that answers zero is told the mean square of what it was asked."""
    batches: dict[str, Tensor] = {}
    for prediction in ("epsilon", "score", "velocity"):
        task = denoiser_task(bundle, path="vp", prediction=prediction, channel_power=0.0)
        data = task.batch(0, 0, 1)
        target = task.objective.prediction.target(
            data.clean, data.noise, task.objective.path, data.times
        )
        if prediction == "score":
            target = target * task.objective.path.sigma(data.times)[:, None, None, None]
        batches[prediction] = task.losses(task.network, data, 0)["loss"]  # begins silent
        torch.testing.assert_close(batches[prediction], target.pow(2).mean())
    torch.testing.assert_close(batches["epsilon"], batches["score"])
    assert not torch.allclose(batches["epsilon"], batches["velocity"])


@pytest.mark.parametrize("name", ["denoiser-weak", "denoiser-epsilon", "denoiser-score"])
def test_the_small_denoisers(name: str) -> None:
    recipe = recipes.load(name)
    assert tasks.find(recipe.task) is denoiser.DenoiserTask
    task = denoiser.DenoiserTask(recipe)
    count = sum(p.numel() for p in task.network.parameters())
    assert count <= (700_000 if name == "denoiser-weak" else 4_000_000)
    extra = (task.settings.path, task.settings.prediction)
    kind = name.removeprefix("denoiser-")
    assert extra == (("rectified-flow", "velocity") if kind == "weak" else ("vp", kind))


def classifier_task(bundle: Path, **settings: object) -> classifier.ClassifierTask:
    settings = {"bundle": str(bundle), "held_out": 32, **settings}
    return classifier.ClassifierTask(small("classifier", CUT, **settings))


def test_the_classifier_learns_what_scenes_show(bundle: Path, tmp_path: Path) -> None:
    task = classifier_task(bundle, shift=0)
    list(task.prepare(ON))
    assert task.labels.shape == (64,)
    shown = SceneSource(Catalogue(), task.mix, task.recipe.run.seed).scene(40)[0].objects[0]
    assert task.codes[int(task.labels[40])] == shown.code  # a held-out one

    data = task.batch(0, 0, 1)
    again = task.batch(0, 0, 1)
    assert torch.equal(data.clean, again.clean)
    assert torch.equal(data.noise, again.noise)
    losses = learning.losses(task, data, steps=25, rate=3e-3)
    assert losses[-1] < 0.6 * losses[0]

    figures = task.validate(task.network.eval())
    assert set(figures) == {f"top{k}_at_{t}" for k in (1, 5) for t in classifier.JUDGED}
    assert all(figures[f"top1_at_{t}"] <= figures[f"top5_at_{t}"] for t in classifier.JUDGED)
    task.export(task.network, tmp_path, tiny.ABOUT)
    names = read_manifest(tmp_path).extra["classes"]
    opened = open_network(str(tmp_path), "classifier")
    assert isinstance(opened, NoisyClassifier)
    assert len(names) == len(set(names)) == opened.config.classes == len(task.codes)
    assert names[int(task.labels[40])] == Catalogue().by_code[shown.code].label
    expected = task.network(data.clean, data.times).detach()
    torch.testing.assert_close(opened(data.clean, data.times), expected, atol=2e-2, rtol=2e-2)


def test_its_classes_are_what_the_denoiser_knows() -> None:
    catalogue = Catalogue()
    mix = Mix(styles={"fluent-3d": 1.0}, groups={"symbols": 0.0})  # type: ignore[arg-type]
    codes = classifier.class_codes(catalogue, mix)
    labels = {catalogue.by_code[code].label for code in codes}
    assert {"teddy bear", "red apple"} <= labels
    assert all(catalogue.by_code[c].split == "train" for c in codes)
    assert all(catalogue.by_code[c].group != "symbols" for c in codes)
    assert set(codes) <= set(catalogue.codes("fluent-3d"))


def test_a_picture_of_two_things_has_no_class(bundle: Path) -> None:
    recipe = small("classifier", CUT, bundle=str(bundle))
    with pytest.raises(UsageError, match="p_pair"):
        classifier.ClassifierTask(replace(recipe, data={**recipe.data, "p_pair": 0.2}))


def test_shifts_repeat_the_edge() -> None:
    latents = torch.arange(2 * 16.0).reshape(2, 1, 4, 4)
    seen = set()
    for seed in range(40):
        moved = classifier.shifted(latents, 1, torch.Generator().manual_seed(seed))
        offset = int(moved[0, 0, 1, 1]) - 5
        seen.add(offset)
        down, right = divmod(offset + 5, 4)
        assert moved[1, 0, 2, 2] == latents[1, 0, down + 1, right + 1]
    assert seen == {row * 4 + column for row in (-1, 0, 1) for column in (-1, 0, 1)}
    still = classifier.shifted(latents, 0, torch.Generator().manual_seed(0))
    assert torch.equal(still, latents)
