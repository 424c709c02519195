"""Comparisons on a real (tiny) model: cells, trajectories, distances, cancelling, cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import torch

from studio.core.comparing import Cell, Compare, Distance
from studio.core.errors import Cancelled, StudioError, UsageError
from studio.core.generating import Decode, Decoded, Generate
from studio.core.grid import Axis, Grid
from studio.core.messages import Event, Progress
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.core.specs import SamplerSpec
from studio.diffusion import samplers
from studio.diffusion.noise import NoiseStream
from studio.diffusion.state import State
from studio.engine import devices, judging, references
from studio.engine.batches import MOST_AT_ONCE, Batch, Clock, batches
from studio.engine.compare import compare
from studio.engine.decode import decode
from studio.engine.generate import generate
from studio.engine.starting import Seeds
from studio.engine.trajectories import Recorder
from studio.engine.worker import Worker, open_from_disk
from studio.metrics import perceptual
from studio.models.model import Model
from studio.models.plan import Plan
from tests import tiny
from tests.diffusion.mixture import Mixture
from tests.engine.fake import SIDE, SIZE, FakeModel, OverflowingModel

EXACT = devices.Device("cpu", "float32", "CPU")
BASE = Settings("a red bear", model="tiny", sampler="flow-euler", steps=3, size=tiny.SIZE, seed=1)
AnyEvent = TypeVar("AnyEvent", bound=Event)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def model(bundle: Path) -> Model:
    return open_from_disk(str(bundle), EXACT, lambda: None)


def events(model: Model, kind: type[AnyEvent], *cells: Settings, **flags: bool) -> list[AnyEvent]:
    given = {"trajectories": False, "distances": False} | flags
    heard = compare(model, Compare(cells, **given))
    return sorted(
        (event for event in heard if isinstance(event, kind)),
        key=lambda event: getattr(event, "index", 0),
    )


def fake(**changes: object) -> Settings:
    return replace(BASE, model="fake", size=SIZE, guidance=1.0, **changes)


def rms(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a.astype(np.float64) - b) ** 2)))


def test_each_cell_is_the_picture_its_settings_make(model: Model) -> None:
    grid = Grid(Axis("steps", (2, 5)), Axis("sampler", ("ddpm", "flow")), Axis("seed", (7, 8)))
    cells = grid.cells(BASE)
    made = events(model, Cell, *cells)
    assert [cell.index for cell in made] == list(range(8))
    for cell, settings in zip(made, cells, strict=True):
        assert cell.settings.sampler == samplers.find(settings.sampler).spec.name
        assert (cell.settings.steps, cell.settings.seed) == (settings.steps, settings.seed)
        (alone,) = (e for e in generate(model, Generate(settings, 1, 0)) if hasattr(e, "nfe"))
        assert np.abs(cell.image.astype(int) - alone.image).max() <= 1  # rounding of an 8-bit step
        assert cell.nfe == alone.nfe
        assert cell.seconds > 0
        assert cell.latents.shape == model.latent_shape(tiny.SIZE)


def test_pictures_that_differ_in_their_seeds_are_made_together() -> None:
    grid = Grid(Axis("seed", tuple(range(6))), Axis("steps", (2, 3)))
    cells = grid.cells(fake())
    parts = batches(cells)
    assert [len(part.seeds.own) for part in parts] == [3, 3, 3, 3]
    assert sorted(index for part in parts for index in part.indices) == list(range(12))
    for part in parts:
        assert {cells[index].steps for index in part.indices} == {part.settings.steps}
        assert tuple(cells[index].seed for index in part.indices) == part.seeds.own
    watched = FakeModel()
    assert len(events(watched, Cell, *cells)) == 12
    assert max(watched.batches) <= MOST_AT_ONCE


def test_twelve_cells_ask_the_denoiser_no_more_than_twelve_pictures_do() -> None:
    cells = Grid(Axis("steps", (4, 5, 6)), Axis("prompt", ("a", "b", "c", "d"))).cells(fake())
    model = FakeModel()
    decoded: list[int] = []
    model.on_decode = lambda: decoded.append(1)
    made = events(model, Cell, *cells)
    warm_up = 1
    assert model.calls == sum(cell.settings.steps for cell in made) + warm_up == 60 + warm_up
    assert len(decoded) == 12 + warm_up


def test_progress_counts_cells_and_time(model: Model) -> None:
    cells = Grid(Axis("steps", (2, 3))).cells(BASE)
    heard = list(compare(model, Compare(cells, trajectories=False)))
    progress = [event for event in heard if isinstance(event, Progress)]
    first = [(p.picture, p.pictures, p.step, p.steps) for p in progress[:5]]
    assert first == [(0, 2, 1, 2), (0, 2, 2, 2), (1, 2, 1, 3), (1, 2, 2, 3), (1, 2, 3, 3)]
    assert [(p.picture, p.steps) for p in progress[5:]] == [
        (1, references.STEPS)
    ] * references.STEPS
    assert progress[-1].seconds_left == 0
    assert all(p.seconds_left > 0 for p in progress[:-1])
    kinds = [type(event) for event in heard if not isinstance(event, Progress)]
    assert kinds == [Cell, Cell, Distance, Distance]


def test_progress_names_pictures_that_follow_each_other() -> None:
    seeds = Axis("seed", (1, 2, 3))
    for grid, together in ((Grid(seeds), 3), (Grid(Axis("steps", (1, 2)), seeds), 1)):
        progress = events(FakeModel(), Progress, *grid.cells(fake()))
        assert {event.together for event in progress} == {together}


def test_the_time_left_is_shared_out_by_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    heun = Batch(Plan.of(replace(BASE, sampler="flow-heun", steps=10)), (0,), Seeds((0,)))
    euler = Batch(Plan.of(replace(BASE, steps=10, guidance=1.0)), (1, 2), Seeds((0, 1)))
    clock = Clock(heun.cost + euler.cost)  # 40 evaluations and 20
    now[0] = 4.0
    state = samplers.find("flow").run(
        FakeModel().denoiser(("",)), torch.randn(1, 3, 8, 8), 10, NoiseStream([0])
    )
    half = [next(state) for _ in range(5)][-1]
    done = half.step / half.steps
    assert clock.seconds_left(heun.cost * done) == pytest.approx(8.0)
    now[0] = 10.0
    assert clock.seconds_left(heun.cost + euler.cost * done) == pytest.approx(2.0)


@pytest.mark.parametrize(
    "spec", [s for s in samplers.all_samplers() if not s.needs], ids=lambda spec: spec.name
)
def test_a_trajectory_holds_where_every_step_began(model: Model, spec: SamplerSpec) -> None:
    given = replace(BASE, sampler=spec.name, steps=4)
    (cell,) = events(model, Cell, given, trajectories=True)
    kept = cell.trajectory
    assert kept is not None
    channels, height, width = model.latent_shape(tiny.SIZE)
    count = len(kept.times)
    assert count == 5 if spec.nfe_per_step else count > 2  # adaptive solvers, restarts
    assert kept.x.shape == kept.x0.shape == (count, channels, height, width)
    assert kept.noisy.shape == kept.clean.shape == (count, height, width, 3)
    assert kept.gap.shape == (count, height, width)
    assert 0.98 < kept.times[0] <= 1.0
    assert kept.times[-1] == 0.0 < min(kept.times[:-1])
    noise = NoiseStream([given.seed]).initial((channels, height, width))[0]
    np.testing.assert_allclose(kept.x[0], noise, atol=2e-3)  # float16
    np.testing.assert_allclose(kept.x[-1], cell.latents, atol=2e-3, rtol=1e-3)
    np.testing.assert_array_equal(kept.x[-1], kept.x0[-1])
    np.testing.assert_array_equal(kept.noisy[-1], kept.clean[-1])


def test_a_frame_is_what_the_denoiser_says_there(model: Model) -> None:
    """x0 and the gap of every frame, asked again of the model at the frame's x and time."""
    (cell,) = events(model, Cell, replace(BASE, steps=4, guidance=3.0), trajectories=True)
    kept = cell.trajectory
    assert kept is not None
    guided, asked = Plan.of(replace(BASE, guidance=3.0)).guided(model), {}
    for name, prompt in (("c", BASE.prompt), ("u", "")):
        asked[name] = model.denoiser(model.condition([prompt]))
    for k, t in enumerate(kept.times[:-1]):
        x = torch.from_numpy(kept.x[k : k + 1]).float() * math.hypot(1 - t, t)
        with torch.inference_mode():
            x0 = guided(x, 1 - t, t).x0[0]
            c, u = (asked[name](x, 1 - t, t).epsilon[0] for name in "cu")
        np.testing.assert_allclose(kept.x0[k], x0, atol=2e-2)
        np.testing.assert_allclose(kept.gap[k], (c - u).abs().mean(0), atol=1e-3)
    assert kept.gap[-2].max() > 0.01
    assert not kept.gap[-1].any()


def test_recording_a_step_never_waits_for_the_device() -> None:
    """Tensors without numbers can only be queued, never read."""
    noise = torch.randn(2, 3, 4, 4, device="meta")
    recorder = Recorder(noise, 1.0)
    recorder.watch(noise)
    recorder.add(State(1, 2, 0.5, 0.5, noise, noise, 1))
    with pytest.raises(NotImplementedError):
        next(recorder.trajectories(FakeModel(), lambda: None))


def test_without_guidance_there_is_no_gap(model: Model) -> None:
    (cell,) = events(model, Cell, replace(BASE, guidance=1.0), trajectories=True)
    assert cell.trajectory is not None
    assert not cell.trajectory.gap.any()


def test_distances_fall_with_the_steps_of_an_ode_solver(model: Model) -> None:
    cells = Grid(Axis("steps", (2, 8, 64)), Axis("sampler", ("flow-heun", "flow-euler")))
    found = events(model, Distance, *cells.cells(BASE), distances=True)
    heun, euler = ([distance.latent for distance in found[start : start + 3]] for start in (0, 3))
    assert heun == sorted(heun, reverse=True)
    assert euler == sorted(euler, reverse=True)
    assert heun[-1] < euler[-1]
    assert heun[-1] < 0.1 * heun[0]


class Gaussian(FakeModel):
    """N(mean, std^2) in every number: its ODE takes noise exactly to mean + std noise."""

    exact = Mixture((1.0,), ((0.4,) * 3 * SIDE * SIDE,), (0.7,))

    def denoiser(self, condition: object) -> Mixture:
        return self.exact

    def end(self, seed: int) -> np.ndarray:
        noise = NoiseStream([seed]).initial(self.latent_shape(SIZE))[0]
        return 0.4 + 0.7 * noise.numpy()


def test_the_reference_is_the_end_of_the_ode() -> None:
    """Known exactly for a Gaussian: within half a percent of its standard deviation."""
    model = Gaussian()
    (end,) = events(model, Cell, references.reference_of(fake(seed=3)))
    assert rms(end.latents, model.end(3)) < 0.005 * 0.7


@pytest.mark.parametrize("sampler", ["flow-euler", "flow-heun", "dpmpp-2m", "ddpm"])
def test_a_distance_is_that_to_the_exact_end(sampler: str) -> None:
    model, given = Gaussian(), fake(sampler=sampler, steps=10, seed=3)
    (cell,) = events(model, Cell, given)
    (distance,) = events(model, Distance, given, distances=True)
    assert distance.latent == pytest.approx(rms(cell.latents, model.end(3)), abs=0.005)


def test_a_distance_is_the_rms_to_the_reference(model: Model) -> None:
    (cell,) = events(model, Cell, BASE)
    (end,) = events(model, Cell, references.reference_of(BASE))
    (distance,) = events(model, Distance, BASE, distances=True)
    assert distance.latent == pytest.approx(rms(cell.latents, end.latents), rel=1e-4)
    assert distance.lpips is None  # too small a picture for it


def test_one_reference_serves_all_samplers_and_steps() -> None:
    grid = Grid(Axis("steps", (2, 3)), Axis("sampler", ("ddpm", "flow")), Axis("guidance", (1, 2)))
    kept = references.References(grid.cells(BASE), frozenset(range(64)))
    assert len(kept.batches) == 2
    assert {batch.settings.guidance for batch in kept.batches} == {1, 2}


def test_lpips_is_measured_where_its_weights_are(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Judge(torch.nn.Module):
        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            assert a.shape == b.shape == (1, 3, tiny.SIDE, tiny.SIDE)
            assert a.abs().max() <= 1
            return (a - b).abs().mean().reshape(1, 1, 1, 1)

    monkeypatch.setattr(perceptual, "lpips_available", lambda: True)
    monkeypatch.setattr(perceptual, "load_lpips", lambda device: Judge())
    monkeypatch.setattr(judging, "SMALLEST", 1)
    far, itself = BASE, references.reference_of(BASE)
    cells = events(model, Cell, far, itself)
    distances = events(model, Distance, far, itself, distances=True)
    images = [cell.image.astype(float) / 127.5 for cell in cells]
    assert distances[0].lpips == pytest.approx(np.abs(images[0] - images[1]).mean(), abs=1e-4)
    assert distances[1].lpips == 0.0
    assert distances[1].latent == 0.0


def test_cancelling_acts_between_steps_and_keeps_the_cells_that_are_done() -> None:
    model = FakeModel()
    heard: list[Event] = []

    def check() -> None:
        if model.calls == 1 + 4 + 2:  # the warm-up, a whole cell, two steps of the second
            raise Cancelled

    cells = Grid(Axis("prompt", ("a", "b", "c"))).cells(fake(steps=4))
    with pytest.raises(Cancelled):
        heard.extend(_collected(compare(model, Compare(cells), check), heard.append))
    assert model.calls == 7
    assert [event.index for event in heard if isinstance(event, Cell)] == [0]
    assert [e.step for e in heard if isinstance(e, Progress)] == [1, 2, 3, 4, 1, 2]


def _collected(found: object, hear: Callable[[Event], None]) -> list[Event]:
    for event in found:  # type: ignore[attr-defined]
        hear(event)
    return []


def test_cancelling_acts_within_a_step_of_the_references() -> None:
    model = FakeModel()
    heard: list[Event] = []

    def check() -> None:
        if model.calls >= 1 + 2 + 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        _collected(compare(model, Compare((fake(steps=2),)), check), heard.append)
    assert model.calls == 8
    assert not any(isinstance(event, Distance) for event in heard)
    assert sum(isinstance(event, Cell) for event in heard) == 1


@pytest.mark.parametrize(
    "wrong", [{"sampler": "no-such"}, {"options": (("no-such", 1.0),)}, {"size": Size(9, 8)}]
)
def test_wrong_settings_are_refused_before_the_first_step(wrong: dict[str, object]) -> None:
    model = FakeModel()
    cells = (fake(), fake(prompt="b", **wrong) if "size" not in wrong else replace(fake(), **wrong))
    with pytest.raises(UsageError):
        next(iter(compare(model, Compare(cells))))
    assert model.calls == 0


def test_the_worker_runs_comparisons_and_decodes(bundle: Path, model: Model) -> None:
    worker = Worker("cpu", open_model=lambda *_: model)
    cells = Grid(Axis("seed", (1, 2))).cells(BASE)
    heard = list(worker.run(Compare(cells)))
    made = [event for event in heard if isinstance(event, Cell)]
    latents = np.stack([cell.latents for cell in made])
    (decoded,) = (e for e in worker.run(Decode("tiny", latents)) if isinstance(e, Decoded))
    for cell, image in zip(made, decoded.images, strict=True):
        assert np.abs(cell.image.astype(int) - image).max() <= 1


def test_decoding_can_be_cancelled_between_batches() -> None:
    model = FakeModel()
    calls = [0]
    model.on_decode = lambda: calls.__setitem__(0, calls[0] + 1)

    def check() -> None:
        if calls[0] == 2:
            raise Cancelled

    latents = np.zeros((4 * MOST_AT_ONCE, 3, SIDE, SIDE), np.float16)
    with pytest.raises(Cancelled):
        list(decode(model, Decode("fake", latents), check))
    assert calls == [2]
    (whole,) = decode(model, Decode("fake", latents))
    assert whole.images.shape == (4 * MOST_AT_ONCE, SIDE, SIDE, 3)


def test_a_cell_whose_numbers_ran_over_is_named_and_the_others_are_made() -> None:
    model = OverflowingModel(call=5)  # the first three are to warm up and of the first cell
    cells = [replace(BASE, size=SIZE, seed=n, guidance=1.0, steps=k) for n, k in ((1, 3), (2, 4))]
    heard: list[Event] = []
    with pytest.raises(StudioError, match=r"^Cell 2 was lost: .* step 1 of 4"):
        heard.extend(compare(model, Compare(tuple(cells))))
    assert [event.index for event in heard if isinstance(event, Cell)] == [0]
