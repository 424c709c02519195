"""The adapter's training on a tiny bundle: trajectories kept, jumps learnt, a file that draws."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.core.errors import UsageError
from studio.core.settings import Settings
from studio.diffusion.noise import NoiseStream
from studio.diffusion.samplers.turbo import SCHEDULE
from studio.models.digests import weights_digest
from studio.models.latent_diffusion import LatentDiffusion
from studio.models.plan import Plan
from studio.models.registry import open_model
from studio.training import checkpoint, tasks
from studio.training import recipe as recipes
from studio.training.hardware import Hardware
from studio.training.tasks.turbo import VALIDATION, TurboTask
from studio.training.trajectories import SHARD, trajectories
from tests import tiny

ON = Hardware(torch.device("cpu"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture
def task(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TurboTask:
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **_: None)
    recipe = recipes.load("turbo")
    settings = {**recipe.settings, "bundle": str(bundle), "folder": str(tmp_path / "kept"),
                "trajectories": 3 * SHARD, "rank": 2}  # fmt: skip
    recipe = replace(recipe, run=replace(recipe.run, batch=4), settings=settings)
    made = tasks.find(recipe.task)(recipe)
    assert isinstance(made, TurboTask)
    made.teacher = replace(made.teacher, size=tiny.SIZE)
    return made


def test_the_jumps_times_lie_on_the_teacher_s_way() -> None:
    way = Plan.of(Settings("")).times
    assert SCHEDULE(4) == pytest.approx(way[::4])


@torch.inference_mode()
def test_a_trajectory_ends_in_the_default_picture_and_lies_on_the_flow(bundle: Path) -> None:
    model = open_model(str(bundle))
    assert isinstance(model, LatentDiffusion)
    settings = Settings("a bear", size=tiny.SIZE)
    stream = NoiseStream([3])
    noise = stream.initial(model.latent_shape(tiny.SIZE))
    plan = Plan.of(settings)
    *_, last = plan.states(plan.guided(model), noise, stream)
    states = trajectories(model, settings, ["a bear"], noise)
    assert states.shape == (1, settings.steps + 1, *noise.shape[1:])
    torch.testing.assert_close(states[:, -1], last.x, atol=1e-4, rtol=1e-4)
    assert torch.equal(states[:, 0], noise)


def test_it_learns_and_makes_no_shard_twice(task: TurboTask, bundle: Path, tmp_path: Path) -> None:
    list(task.prepare(ON))
    for part in ("denoiser", "text"):
        assert weights_digest(bundle / part) in task.ways.about["weights"]
    shards = sorted((tmp_path / "kept").iterdir())
    assert len(shards) == 3
    written = [path.stat().st_mtime_ns for path in shards]
    list(task.ways.fill(task.points))
    assert [path.stat().st_mtime_ns for path in shards] == written
    task.ways.about["weights"] = "others"  # new weights make them void
    list(task.ways.fill(task.points))
    assert all(path.stat().st_mtime_ns != old for path, old in zip(shards, written, strict=True))

    first, again = task.batch(0, 0, 1), task.batch(0, 0, 1)
    assert torch.equal(first.states, again.states)
    learning = [p for p in task.network.parameters() if p.requires_grad]
    optimiser, losses = torch.optim.AdamW(learning, 1e-2), []
    for step in range(30):
        loss = task.losses(task.network, first, step + task.settings.forced)["loss"]
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
    assert task.validate(task.network.eval())["fixed_error"] > 0


def test_forced_jumps_begin_where_the_teacher_was(task: TurboTask) -> None:
    """The first begins in the noise either way; the others begin elsewhere."""
    list(task.prepare(ON))
    ways = task.batch(0, 0, 1)
    with torch.no_grad():
        forced = task._errors(task.network, ways, forced=True)
        free = task._errors(task.network, ways, forced=False)
    torch.testing.assert_close(forced[0], free[0])
    assert not torch.allclose(forced[1:], free[1:])


def test_what_validation_judges_is_not_learnt(task: TurboTask) -> None:
    list(task.prepare(ON))
    held = task.ways.states[:VALIDATION, -1].float()
    for step in range(20):
        drawn = task.batch(step, 0, 1).states[:, -1]
        assert not any(torch.equal(a, b) for a in drawn for b in held)


def test_what_is_exported_draws(task: TurboTask, bundle: Path, tmp_path: Path) -> None:
    list(task.prepare(ON))
    whole = tmp_path / "whole"
    whole.mkdir()
    for part in ("text", "denoiser", "autoencoder"):
        (whole / part).symlink_to(bundle / part)
    task.export(task.network, whole / "turbo", tiny.ABOUT)
    model = open_model(str(whole))
    assert model.has == ("turbo",)
    answer = model.turbo_denoiser(model.condition(["a bear"]))
    shape = (1, *model.latent_shape(tiny.SIZE))
    assert answer(torch.zeros(shape), 0.0, 1.0).x0.isfinite().all()


def test_an_adapter_begins_as_another_denoiser_s(task: TurboTask, tmp_path: Path) -> None:
    made_before = deepcopy(task.network)
    for name, parameter in made_before.named_parameters():
        torch.nn.init.normal_(parameter)  # of the base's too, which must not be read
        assert ("lora_" in name) == parameter.requires_grad
    task.export(made_before, tmp_path / "before", tiny.ABOUT)
    base = deepcopy(task.network).state_dict()
    checkpoint.start_from(tmp_path / "before", task.network)
    for name, tensor in task.network.state_dict().items():
        wanted = made_before.state_dict() if "lora_" in name else base
        torch.testing.assert_close(tensor, wanted[name], rtol=1e-3, atol=1e-3)  # kept as fp16


def test_a_number_that_fills_no_shard_is_refused() -> None:
    recipe = recipes.load("turbo")
    with pytest.raises(UsageError, match="multiple of 32"):
        TurboTask(replace(recipe, settings={**recipe.settings, "trajectories": 100}))
