"""The layout's task: what captions say of places, with a tiny bundle."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch

from studio.core.installation import ASSETS
from studio.dataset.layout import SIDES
from studio.models.network_folder import read_manifest
from studio.models.registry import open_network
from studio.networks.denoiser import DenoiserTransformer
from studio.networks.text import TextTower
from studio.training import checkpoint
from studio.training import recipe as recipes
from studio.training.bundle import export
from studio.training.hardware import Hardware
from studio.training.tasks import layout
from tests import tiny
from tests.training import learning

ON = Hardware(torch.device("cpu"))


PLAIN = replace(tiny.DENOISER, layout=False)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its denoiser has no layout yet."""
    folder = tiny.bundle(tmp_path_factory.mktemp("bundle"))
    plain = tiny.randomised(DenoiserTransformer(PLAIN))
    flow = {"path": "rectified-flow", "prediction": "velocity"}
    export(plain, "denoiser", PLAIN, folder / "denoiser", tiny.ABOUT, flow)
    return folder


def made(bundle: Path) -> layout.LayoutTask:
    recipe = recipes.load("layout")
    settings = {"bundle": str(bundle), "denoiser": str(bundle / "denoiser")}
    run = replace(recipe.run, batch=16)
    task = layout.LayoutTask(replace(recipe, run=run, settings=settings))
    list(task.prepare(ON))
    return task


def finer(task: layout.LayoutTask) -> layout.LayoutTask:
    """Four by four places: the tiny denoiser's two by two are wider than things."""
    task.config = replace(task.config, patch=1)
    return task


def test_a_batch_says_what_is_where(bundle: Path) -> None:
    task = finer(made(bundle))
    data = task.batch(3, 0, 1)
    scenes = [task.source.scene(3 * 16 + i)[0] for i in range(16)]
    assert data.named.shape == (16, 16)
    seen = set()
    for scene, named, pair in zip(scenes, data.named.view(16, 4, 4), data.pairs, strict=True):
        codes = {(thing.code, thing.colour) for thing in scene.objects}
        assert bool(pair) is (len(codes) == 2)
        if scene.relation in SIDES and not any(thing.scale for thing in scene.objects):
            across = named[1:3] if scene.relation.endswith("of") else named[:, 1:3].T
            assert (across[:, :2] == across[0, 0]).all()
            assert (across[:, 2:] == across[0, 2]).all()
            assert across[0, 0] != across[0, 2]
            seen.add(scene.relation)
    assert len(seen) > 2
    torch.testing.assert_close(data.vectors.norm(dim=-1), torch.ones(len(data.vectors)))
    assert torch.equal(data.named, task.batch(3, 0, 1).named)
    assert not torch.equal(data.captions.tokens, task.batch(3, 1, 2).captions.tokens)


def test_a_cell_belongs_to_what_its_middle_is_in() -> None:
    assert layout._within(0.5, 0.5, 8) == slice(2, 6)
    assert layout._within(0.1, 0.5, 8) == slice(0, 3)
    assert layout._within(0.9, 0.4, 8) == slice(6, 8)


def test_only_the_layout_learns(bundle: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    task = made(bundle)
    with torch.no_grad():  # so that the tiny tower tells more words apart
        cast(TextTower, task.tower).embedding.weight.mul_(10)
    before = open_network(str(bundle / "denoiser"), "denoiser")
    data = task.batch(0, 0, 1)
    losses = learning.losses(task, data, steps=60, rate=1e-2)
    assert losses[-1] < losses[0] - 0.2  # most words are unknown to the tiny tower

    task.export(task.network, tmp_path / "denoiser", tiny.ABOUT)
    found = read_manifest(tmp_path / "denoiser")
    assert found.config["layout"] is True
    assert found.trained["begun"] == tiny.ABOUT
    assert found.extra["path"] == "rectified-flow"
    grown = open_network(str(tmp_path / "denoiser"), "denoiser")
    new = grown.state_dict().keys() - before.state_dict().keys()
    assert {name.split(".")[0] for name in new} == {"layout", "blocks"}
    assert {name for name in new if "blocks" in name[:6]} == {"blocks.1.cross.placed"}
    for name, tensor in before.state_dict().items():
        assert torch.equal(grown.state_dict()[name], tensor)
    checkpoint.start_from(tmp_path / "denoiser", DenoiserTransformer(task.config))


def test_the_figures_are_shares_of_places(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = finer(made(bundle))
    task.fixed = task._told(layout.APART, 64)
    told = task.fixed

    class Oracle(torch.nn.Module):
        """Knows every thing, but of pairs always says the first."""

        def __init__(self, blind: bool) -> None:
            super().__init__()
            self.blind = blind

        def forward(self, captions: object) -> torch.Tensor:
            named = told.named.clamp_min(0)
            if self.blind:
                first = told.named.max(1, keepdim=True).values.expand_as(named)
                named = torch.where(told.pairs[:, None], first, named)
            # tiny towers' vectors may be alike: any that tells the numbers apart does
            return torch.nn.functional.one_hot(named, len(told.vectors)).float()

    task.fixed = replace(told, vectors=torch.eye(len(told.vectors)))
    monkeypatch.setattr(task, "_answers", lambda network, data: network(data.captions))
    assert task.validate(Oracle(blind=False)) == {"named": 1.0, "bound": 1.0}
    scores = task.validate(Oracle(blind=True))
    assert scores["bound"] == pytest.approx(0.5, abs=0.12)
    assert scores["named"] < 0.8


def test_a_new_denoiser_needs_no_old_one(bundle: Path, tmp_path: Path) -> None:
    recipe = recipes.load("layout")
    network = vars(PLAIN)
    task = layout.LayoutTask(replace(recipe, network=network, settings={"bundle": str(bundle)}))
    task.export(task.network, tmp_path, tiny.ABOUT)
    assert read_manifest(tmp_path).config["layout"] is True


def test_the_bundle_has_room_for_it() -> None:
    """The bundle stays within 64 MiB."""
    files = (ASSETS / "studio-256").rglob("*")
    assert sum(file.stat().st_size for file in files if file.is_file()) <= 64 * 2**20
