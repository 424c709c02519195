"""Training inside the engine: it gives way, rests, is kept early, cancelled and gone on with."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.core.device import Device
from studio.core.errors import EndedEarly, ModelError, UsageError
from studio.core.laboratory import Lab, LabRun
from studio.core.learning import Paused, Train, Trained, TrainSample, TrainStep
from studio.core.messages import CancelledAt, Event, Failed, Finished, Started
from studio.core.settings import Settings
from studio.engine import train as training
from studio.engine.engine import Engine
from studio.engine.worker import Worker
from studio.models import registry

CPU = Device("cpu", "float32", "CPU")
REQUEST = Train(
    "vae-l2", "mine", 1.0, 1e-3, 0.0, 0.0, norm="l2", size=32, minutes=0.05, seed=3
)  # fmt: skip
LAB = Lab("moons", Settings("", sampler="flow-euler", steps=2), particles=4, side=2)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setattr(registry, "user_folder", lambda: folder)
    monkeypatch.setattr(training, "user_folder", lambda: folder)
    return folder


class Told:
    """The engine's events, and waiting for one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._more:
            self.events.append(event)
            self._more.notify_all()

    def wait(self, wanted: Callable[[Event], bool]) -> Event:
        with self._more:
            assert self._more.wait_for(lambda: any(map(wanted, self.events)), 60), self.events
            return next(each for each in self.events if wanted(each))


@pytest.fixture
def stage() -> Iterator[tuple[Engine, Told]]:
    told = Told()
    engine = Engine(told, device="cpu")
    yield engine, told
    engine.close(60)


def ended(job: int) -> Callable[[Event], bool]:
    return lambda e: isinstance(e, Finished | CancelledAt | Failed) and e.job == job


def test_without_lpips_weights_it_says_how_to_train_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(ModelError, match=r"Get LPIPS.* a perceptual weight of 0"):
        list(Worker("cpu").run(replace(REQUEST, perceptual=1.0)))


def test_what_is_learnt_can_be_opened(home: Path) -> None:
    events = list(Worker("cpu").run(REQUEST))
    trained = next(each for each in events if isinstance(each, Trained))
    assert trained.name == "mine" and trained.steps > 0
    names = [info.name for info in registry.list_autoencoders()]
    assert "mine" in names
    assert registry.open_autoencoder("mine").downsampling == 8
    samples = [each for each in events if isinstance(each, TrainSample)]
    assert samples[0].originals.shape == samples[0].decoded.shape == (6, 32, 32, 3)
    assert dict(samples[-1].figures)["psnr"] > dict(samples[0].figures)["psnr"]
    step = next(each for each in events if isinstance(each, TrainStep))
    assert {"loss", "reconstruction", "kl"} <= dict(step.terms).keys()
    with pytest.raises(UsageError, match="choose another name"):
        list(Worker("cpu").run(REQUEST))


def test_it_gives_way_and_rests_and_is_kept(stage: tuple[Engine, Told]) -> None:
    engine, told = stage
    job = engine.submit(Train(**{**vars(REQUEST), "minutes": 60.0}))
    told.wait(lambda e: isinstance(e, TrainStep))
    other = engine.submit(LAB)
    told.wait(ended(other))
    assert any(isinstance(e, LabRun) for e in told.events)
    engine.pause(job)
    told.wait(lambda e: isinstance(e, Paused) and e.paused)
    again = engine.submit(LAB)  # served while the training rests
    told.wait(ended(again))
    steps = len([e for e in told.events if isinstance(e, TrainStep)])
    assert not any(ended(job)(e) for e in told.events)
    engine.pause(job, False)
    told.wait(lambda e: isinstance(e, Paused) and not e.paused)
    told.wait(lambda e: isinstance(e, TrainStep) and told.events.count(e) and _later(told, steps))
    engine.keep(job)
    assert isinstance(told.wait(ended(job)), Finished)
    assert any(isinstance(e, Trained) for e in told.events)


def _later(told: Told, steps: int) -> bool:
    return len([e for e in told.events if isinstance(e, TrainStep)]) > steps


def test_cancelled_it_leaves_a_checkpoint_to_go_on_with(stage: tuple[Engine, Told]) -> None:
    engine, told = stage
    job = engine.submit(Train(**{**vars(REQUEST), "minutes": 60.0}))
    step = told.wait(lambda e: isinstance(e, TrainStep) and e.step > 1)
    engine.pause(job)
    engine.cancel(job)  # even at rest
    end = told.wait(ended(job))
    assert isinstance(end, CancelledAt) and isinstance(step, TrainStep)
    assert end.step >= step.step
    assert not (registry.user_folder() / "autoencoders" / "mine").exists()
    resumed = engine.submit(Train(**{**vars(REQUEST), "minutes": 60.0, "resume": True}))
    went_on = told.wait(lambda e: isinstance(e, TrainStep) and e.job == resumed)
    assert isinstance(went_on, TrainStep) and went_on.step > end.step - 1
    engine.cancel(resumed)
    told.wait(ended(resumed))


def test_two_trainings_wait_for_each_other(stage: tuple[Engine, Told]) -> None:
    engine, told = stage
    first = engine.submit(Train(**{**vars(REQUEST), "minutes": 60.0}))
    second = engine.submit(Train(**{**vars(REQUEST), "name": "other", "minutes": 60.0}))
    told.wait(lambda e: isinstance(e, TrainStep))
    assert not any(isinstance(e, Started) and e.job == second for e in told.events)
    engine.cancel(first)
    told.wait(lambda e: isinstance(e, Started) and e.job == second)
    engine.cancel_all()
    told.wait(ended(second))


def test_keeping_ends_it_early() -> None:
    def check() -> None:
        raise EndedEarly

    request = Train(**{**vars(REQUEST), "minutes": 60.0})
    events = list(training.train(request, CPU, check))
    assert isinstance(events[-1], Trained) and events[-1].steps == 1


def test_a_cancelled_run_is_not_thrown_away(stage: tuple[Engine, Told]) -> None:
    engine, told = stage
    job = engine.submit(Train(**{**vars(REQUEST), "minutes": 60.0}))
    told.wait(lambda e: isinstance(e, TrainStep))
    engine.cancel(job)
    told.wait(ended(job))
    checkpoint = registry.run_folder("mine") / "checkpoint.pt"
    learnt = checkpoint.read_bytes()
    again = engine.submit(Train(**{**vars(REQUEST), "minutes": 60.0}))
    end = told.wait(ended(again))
    assert isinstance(end, Failed) and "resume it, or choose another name" in end.message
    assert checkpoint.read_bytes() == learnt


def test_there_must_be_a_run_to_go_on_with() -> None:
    with pytest.raises(UsageError, match="to resume"):
        list(training.train(Train(**{**vars(REQUEST), "resume": True}), CPU))


def test_only_autoencoders_are_trained_here() -> None:
    with pytest.raises(UsageError, match="not an autoencoder"):
        list(training.train(Train(**{**vars(REQUEST), "recipe": "classifier"}), CPU))
