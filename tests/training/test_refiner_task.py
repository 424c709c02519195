"""The refiner's task: what captions say of places, with a tiny bundle."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.models.network_folder import read_manifest
from studio.models.registry import open_network
from studio.networks.denoiser import DenoiserTransformer
from studio.training import checkpoint
from studio.training import recipe as recipes
from studio.training.hardware import Hardware
from studio.training.tasks import refiner
from tests import tiny

ON = Hardware(torch.device("cpu"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bundle(tmp_path_factory.mktemp("bundle"))


def made(bundle: Path) -> refiner.RefinerTask:
    recipe = recipes.load("refiner")
    settings = {"bundle": str(bundle), "denoiser": str(bundle / "denoiser")}
    task = refiner.RefinerTask(
        replace(recipe, run=replace(recipe.run, batch=16), settings=settings)
    )
    list(task.prepare(ON))
    return task


def test_a_batch_says_what_is_where(bundle: Path) -> None:
    task = made(bundle)
    data = task.batch(3, 0, 1)
    scenes = [task.source.scene(3 * 16 + i)[0] for i in range(16)]
    for scene, boxes, named in zip(scenes, data.boxes, data.named, strict=True):
        count = len(scene.objects)
        assert (named >= 0).tolist() == [i < count for i in range(3)]
        assert boxes[0].tolist() == pytest.approx(
            [scene.objects[0].x, scene.objects[0].y, scene.objects[0].size]
        )
        different = len({(thing.code, thing.colour) for thing in scene.objects})
        assert len(set(named.tolist()) - {-1}) == different
    torch.testing.assert_close(data.vectors.norm(dim=-1), torch.ones(len(data.vectors)))
    assert torch.equal(data.boxes, task.batch(3, 0, 1).boxes)
    assert not torch.equal(data.boxes, task.batch(3, 1, 2).boxes)  # another process's own


def test_only_the_refiner_and_its_head_learn(bundle: Path, tmp_path: Path) -> None:
    task = made(bundle)
    before = open_network(str(bundle / "denoiser"), "denoiser")
    data = task.batch(0, 0, 1)
    optimiser = torch.optim.AdamW([p for p in task.network.parameters() if p.requires_grad], 1e-2)
    losses = []
    for _ in range(60):
        loss = task.losses(task.network, data, 0)["loss"]
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 0.2  # most words are unknown to the tiny tower

    task.export(task.network, tmp_path / "denoiser", tiny.ABOUT)
    found = read_manifest(tmp_path / "denoiser")
    assert found.config["refiner"] == 1
    assert found.trained["begun"] == tiny.ABOUT
    assert found.extra["path"] == "rectified-flow"
    grown = open_network(str(tmp_path / "denoiser"), "denoiser")
    new = grown.state_dict().keys() - before.state_dict().keys()
    assert new
    assert all(name.startswith("refiner.") for name in new)
    for name, tensor in before.state_dict().items():
        assert torch.equal(grown.state_dict()[name], tensor)
    checkpoint.start_from(tmp_path / "denoiser", DenoiserTransformer(task.config))


def test_the_figures_are_shares(bundle: Path) -> None:
    task = made(bundle)
    task.fixed = task._grounds(refiner.APART, 64)
    scores = task.validate(task.network)
    assert scores.keys() == {"named", "bound"}
    assert all(0 <= score <= 1 for score in scores.values())


def test_a_new_denoiser_needs_no_old_one(bundle: Path, tmp_path: Path) -> None:
    recipe = recipes.load("refiner")
    network = {**vars(tiny.DENOISER), "refiner": 2}
    task = refiner.RefinerTask(replace(recipe, network=network, settings={"bundle": str(bundle)}))
    task.export(task.network, tmp_path, tiny.ABOUT)
    assert read_manifest(tmp_path).config["refiner"] == 2
