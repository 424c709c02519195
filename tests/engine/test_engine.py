"""The engine's thread: order, cancelling, failures, closing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from studio.core.errors import ModelError, StudioError, UsageError
from studio.core.generating import Picture, Preview
from studio.core.messages import (
    CancelledAt,
    Event,
    Failed,
    Finished,
    Loading,
    LoadModel,
    Progress,
    Queued,
    Ready,
    Started,
)
from studio.core.sizes import Size
from studio.engine import devices, generate
from studio.engine.engine import Engine

from .fake import PATIENCE, SIDE, FakeModel, Gate, Listener, request, running


def names(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_a_jobs_events_come_in_order() -> None:
    with running() as (engine, heard):
        first = engine.submit(request(steps=3))
        heard.end_of(first)
        second = engine.submit(request(steps=1))
        heard.end_of(second)
    steps = ["Progress"] * 3
    expected = ["Queued", "Loading", "Ready", "Started", *steps, "Picture", "Finished"]
    assert names(heard.of(first)) == expected
    assert names(heard.of(second)) == ["Queued", "Started", "Progress", "Picture", "Finished"]
    picture = heard.of(first, Picture)[0]
    assert picture.image.shape == (SIDE, SIDE, 3)
    assert picture.image.dtype == np.uint8
    assert (picture.nfe, picture.settings) == (3, request(steps=3).settings)
    assert heard.of(first, Finished)[0].seconds >= picture.seconds > 0


def test_progress_counts_steps_and_time() -> None:
    with running(FakeModel(on_call=lambda: time.sleep(0.01))) as (engine, heard):
        job = engine.submit(request(steps=5, count=6))
        heard.end_of(job)
    progress = heard.of(job, Progress)
    assert [(p.picture, p.step) for p in progress] == [(b, s) for b in (0, 4) for s in range(1, 6)]
    assert {(p.pictures, p.steps) for p in progress} == {(6, 5)}
    left = [p.seconds_left for p in progress]
    assert left[0] > left[4] > left[9] >= 0
    assert left[0] < 1.0


def test_every_picture_has_its_own_seed_and_equals_itself_alone() -> None:
    with running() as (engine, heard):
        many = engine.submit(request(count=6, seed=10, sampler="sde-euler"))
        alone = [engine.submit(request(seed=seed, sampler="sde-euler")) for seed in range(10, 16)]
        heard.end_of(alone[-1])
    together = heard.of(many, Picture)
    assert [p.picture for p in together] == list(range(6))
    assert [p.settings.seed for p in together] == list(range(10, 16))
    for job, picture in zip(alone, together, strict=True):
        assert np.array_equal(heard.of(job, Picture)[0].image, picture.image)
    assert not np.array_equal(together[0].image, together[1].image)


def test_a_family_name_is_resolved_in_what_is_stored() -> None:
    with running() as (engine, heard):
        heard.end_of(job := engine.submit(request(sampler="flow")))
    assert heard.of(job, Picture)[0].settings.sampler == "flow-heun"


def test_cancel_acts_within_the_step() -> None:
    gate = Gate()
    model = FakeModel()

    def third() -> None:
        if model.calls == 3:
            gate()

    model.on_call = third
    with running(model) as (engine, heard):
        job = engine.submit(request(steps=50))
        gate.wait_until_entered()
        engine.cancel(job)
        gate.opened.set()
        assert heard.end_of(job) == CancelledAt(job, 3)
        assert model.calls == 3
        assert heard.of(job, Picture) == []
        heard.end_of(after := engine.submit(request()))
        assert len(heard.of(after, Picture)) == 1


def test_cancel_in_the_last_step_comes_before_the_decoder() -> None:
    gate, decoded = Gate(), threading.Event()
    model = FakeModel(on_call=gate, on_decode=decoded.set)
    with running(model) as (engine, heard):
        job = engine.submit(request(steps=1))
        gate.wait_until_entered()
        engine.cancel(job)
        gate.opened.set()
        assert heard.end_of(job) == CancelledAt(job, 1)
    assert not decoded.is_set()


def test_cancel_between_pictures_keeps_those_that_are_done() -> None:
    gate = Gate()
    model = FakeModel()

    def second_batch() -> None:
        if len(model.batches) == 2:
            gate()

    model.on_call = second_batch
    with running(model) as (engine, heard):
        job = engine.submit(request(count=8))
        gate.wait_until_entered()
        engine.cancel(job)
        gate.opened.set()
        heard.end_of(job)
    assert model.batches == [4, 4]
    assert len(heard.of(job, Picture)) == 4


def test_cancel_while_a_model_loads() -> None:
    gate = Gate()
    opened: list[str] = []

    def open_slowly(name: str, device: object, check: Callable[[], None]) -> FakeModel:
        gate()
        check()
        opened.append(name)
        return FakeModel()

    listener = Listener()
    engine = Engine(listener, open_model=open_slowly, device="cpu")
    try:
        job = engine.submit(request())
        gate.wait_until_entered()
        engine.cancel(job)
        gate.opened.set()
        assert listener.end_of(job) == CancelledAt(job, 0)
        assert opened == []
        listener.end_of(after := engine.submit(request()))
        assert names(listener.of(after))[-2:] == ["Picture", "Finished"]
    finally:
        engine.close(PATIENCE)


def test_the_queue_keeps_order_and_lets_one_in_front() -> None:
    gate = Gate()
    model = FakeModel(on_call=gate)
    with running(model) as (engine, heard):
        first = engine.submit(request("first"))
        gate.wait_until_entered()
        jobs = [engine.submit(request(name)) for name in ("second", "third")]
        urgent = engine.submit(request("urgent"), front=True)
        dropped = engine.submit(request("dropped"))
        engine.cancel(dropped)
        assert heard.of(dropped) == [Queued(dropped, 4), CancelledAt(dropped, 0)]
        ahead = [heard.of(job, Queued)[0].ahead for job in (first, *jobs, urgent)]
        assert ahead == [0, 1, 2, 1]
        gate.opened.set()
        heard.end_of(jobs[-1])
    assert model.prompts == ["first", "urgent", "second", "third"]


def test_cancel_all_empties_the_queue() -> None:
    gate = Gate()
    with running(FakeModel(on_call=gate)) as (engine, heard):
        jobs = [engine.submit(request(steps=9)) for _ in range(3)]
        gate.wait_until_entered()
        engine.cancel_all()
        gate.opened.set()
        assert [heard.end_of(job) for job in jobs] == [
            CancelledAt(jobs[0], 1),
            CancelledAt(jobs[1], 0),
            CancelledAt(jobs[2], 0),
        ]


def test_a_job_that_ended_or_never_was_can_be_cancelled_in_vain() -> None:
    with running() as (engine, heard):
        heard.end_of(job := engine.submit(request()))
        engine.cancel(job)
        engine.cancel(999)
        heard.end_of(after := engine.submit(request()))
        assert isinstance(heard.end_of(after), Finished)
    assert heard.of(job, CancelledAt) == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModelError("weights.safetensors is damaged."), "weights.safetensors is damaged."),
        (MemoryError(), "Memory ran out; "),
        (torch.OutOfMemoryError("CUDA out of memory."), "Memory ran out; "),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "Memory ran"),
        (ZeroDivisionError("by\nzero"), "(ZeroDivisionError: by);"),
        (SystemExit("3"), "(SystemExit: 3);"),
    ],
)
def test_a_failure_is_one_sentence_and_the_next_job_works(error: BaseException, words: str) -> None:
    model = FakeModel()

    def fail_once() -> None:
        if model.calls == 2:
            raise error

    model.on_call = fail_once
    with running(model) as (engine, heard):
        job = engine.submit(request())
        end = heard.end_of(job)
        assert isinstance(end, Failed)
        assert words in end.message
        assert "\n" not in end.message
        assert isinstance(heard.end_of(engine.submit(request())), Finished)


def test_memory_that_ran_out_is_given_back_and_the_model_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, given = FakeModel(), Mock()
    monkeypatch.setattr(devices, "free_memory", given)
    failing = iter([MemoryError()])

    def fail_once() -> None:
        for error in failing:
            raise error

    model.on_call = fail_once
    with running(model) as (engine, heard):
        heard.end_of(engine.submit(request()))
        heard.end_of(again := engine.submit(request()))
        given.assert_called_once()
    assert names(heard.of(again))[:2] == ["Queued", "Started"]


def test_a_model_that_cannot_be_opened_fails_each_job_that_wants_it() -> None:
    with running(ModelError("no such model.")) as (engine, heard):
        for _ in range(2):
            job = engine.submit(request())
            assert heard.end_of(job) == Failed(job, "no such model.")


@pytest.mark.parametrize(
    "changes", [{"steps": 0}, {"guidance": -1.0}, {"seed": -1}, {"count": 0}, {"count": 65}]
)
def test_nonsense_is_refused_before_any_work(changes: dict[str, int]) -> None:
    with running() as (engine, heard):
        with pytest.raises(UsageError):
            engine.submit(request(**changes))
        assert heard.events == []


@pytest.mark.parametrize("changes", [{"sampler": "no-such"}, {"size": Size(8, 9)}])
def test_what_only_the_model_can_refuse_fails_the_job(changes: dict[str, object]) -> None:
    with running() as (engine, heard):
        end = heard.end_of(engine.submit(request(**changes)))
        assert isinstance(end, Failed)
        assert heard.of(end.job, Progress) == []


def test_an_unknown_device_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="tpu"):
        Engine(Listener(), device="tpu")


def test_loading_ahead_makes_the_first_picture_start_at_once() -> None:
    with running() as (engine, heard):
        load, picture = engine.submit(LoadModel("fake")), engine.submit(request())
        again = engine.submit(LoadModel("fake"))
        heard.end_of(again)
    assert names(heard.of(load)) == ["Queued", "Loading", "Ready", "Finished"]
    assert names(heard.of(picture))[:2] == ["Queued", "Started"]
    assert names(heard.of(again)) == ["Queued", "Ready", "Finished"]
    ready = heard.of(load, Ready)[0]
    assert (ready.model, ready.device) == ("fake", "CPU")
    assert ready.precision in ("bfloat16", "float32")
    assert heard.of(load, Loading)[0].model == "fake"


def test_previews_come_every_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "PREVIEW_SHARE", 1e9)  # the budget has its own test
    with running() as (engine, heard):
        job = engine.submit(request(steps=9, preview_every=3, count=2))
        heard.end_of(job)
    previews = heard.of(job, Preview)
    assert [p.picture for p in previews] == [0, 1, 0, 1]
    assert previews[0].image.shape == (SIDE, SIDE, 3)
    assert previews[0].image.dtype == np.uint8
    at = [i for i, e in enumerate(heard.of(job)) if isinstance(e, Preview)]
    before = [heard.of(job)[i - 1] for i in (at[0], at[2])]
    assert [e.step for e in before if isinstance(e, Progress)] == [3, 6]


def test_no_previews_when_none_are_wanted() -> None:
    with running() as (engine, heard):
        heard.end_of(job := engine.submit(request(steps=9)))
    assert heard.of(job, Preview) == []


def test_slow_previews_become_rare() -> None:
    model = FakeModel(on_call=lambda: time.sleep(0.002), preview_seconds=0.05)
    with running(model) as (engine, heard):
        heard.end_of(job := engine.submit(request(steps=60, preview_every=1)))
    assert len(heard.of(job, Preview)) == 2  # the first does not count


def test_closing_while_running_ends_the_thread_within_a_step() -> None:
    gate = Gate()
    listener = Listener()
    model = FakeModel(on_call=gate)
    engine = Engine(listener, open_model=lambda *_: model, device="cpu")
    jobs = [engine.submit(request(steps=99)), engine.submit(request())]
    gate.wait_until_entered()
    threading.Timer(0.05, gate.opened.set).start()
    engine.close(PATIENCE)
    assert model.calls == 1
    assert listener.of(jobs[0], CancelledAt) == [CancelledAt(jobs[0], 1)]
    assert listener.of(jobs[1], CancelledAt) == [CancelledAt(jobs[1], 0)]
    assert not [each for each in threading.enumerate() if each.name == "engine"]
    with pytest.raises(StudioError):
        engine.submit(request())
    engine.close()


def test_closing_from_the_listener_does_not_hang() -> None:
    engines: list[Engine] = []
    done = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, Started):
            engines[0].close()
            done.set()

    engines.append(Engine(listen, open_model=lambda *_: FakeModel(), device="cpu"))
    engines[0].submit(request())
    assert done.wait(PATIENCE)
    engines[0].close(PATIENCE)


def test_a_listener_that_fails_does_not_stop_the_engine() -> None:
    heard = Listener()

    def listen(event: Event) -> None:
        heard(event)
        raise RuntimeError("the window is gone")

    engine = Engine(listen, open_model=lambda *_: FakeModel(), device="cpu")
    job = engine.submit(request())
    assert isinstance(heard.end_of(job), Finished)
    engine.close(PATIENCE)


def test_many_threads_may_submit_and_cancel() -> None:
    with running() as (engine, heard):
        jobs: list[int] = []

        def hurry() -> None:
            for number in range(10):
                job = engine.submit(request(steps=2), front=number % 3 == 0)
                jobs.append(job)
                if number % 2:
                    engine.cancel(job)

        threads = [threading.Thread(target=hurry) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ends = [heard.end_of(job) for job in jobs]
    assert len(set(jobs)) == 40
    assert not [end for end in ends if isinstance(end, Failed)]
    for job in jobs:
        assert names(heard.of(job))[0] == "Queued"
        assert len(heard.of(job, Finished | CancelledAt)) == 1
