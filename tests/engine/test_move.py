"""The order of what waits: moved by hand, whatever else happens to the queue."""

from __future__ import annotations

import threading
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.messages import CancelledAt, Failed, Finished, Queued

from .fake import FakeModel, Gate, request, running

NAMES = ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("name", "place", "order"),
    [
        ("d", 0, "dabc"),
        ("a", 1, "bacd"),
        ("a", 3, "bcda"),
        ("b", 1, "abcd"),
        ("b", 99, "acdb"),
        ("c", -5, "cabd"),
    ],
)
def test_a_waiting_job_goes_to_its_place(name: str, place: int, order: str) -> None:
    gate = Gate()
    model = FakeModel(on_call=gate)
    with running(model) as (engine, heard):
        engine.submit(request("now"))
        gate.wait_until_entered()
        jobs = {each: engine.submit(request(each)) for each in NAMES}
        before = list(heard.events)
        engine.move(jobs[name], place)
        assert heard.events == before  # nobody is told: the one who asks knows
        gate.opened.set()
        heard.end_of(jobs[order[-1]])
    assert model.prompts == ["now", *order]


def test_what_does_not_wait_is_not_moved() -> None:
    gate = Gate()
    model = FakeModel()
    with running(model) as (engine, heard):
        heard.end_of(ended := engine.submit(request("ended")))
        model.on_call = gate
        runs = engine.submit(request("runs"))
        gate.wait_until_entered()
        jobs = [engine.submit(request(each)) for each in NAMES]
        engine.cancel(cancelled := engine.submit(request("cancelled")))
        for job in (runs, ended, cancelled, 0, -1, 999):
            engine.move(job, 2)
        gate.opened.set()
        heard.end_of(jobs[-1])
        assert isinstance(heard.end_of(runs), Finished)
        assert heard.end_of(cancelled) == CancelledAt(cancelled, 0)
    assert model.prompts == ["ended", "runs", *NAMES]


def test_a_moved_job_can_be_cancelled_and_passed() -> None:
    gate = Gate()
    model = FakeModel(on_call=gate)
    with running(model) as (engine, heard):
        engine.submit(request("now"))
        gate.wait_until_entered()
        jobs = {each: engine.submit(request(each)) for each in NAMES}
        engine.move(jobs["d"], 0)
        engine.cancel(jobs["d"])
        engine.submit(request("urgent"), front=True)
        engine.move(jobs["c"], 1)
        gate.opened.set()
        assert heard.end_of(jobs["d"]) == CancelledAt(jobs["d"], 0)
        heard.end_of(jobs["b"])
    assert model.prompts == ["now", "urgent", "c", "a", "b"]


_ACTS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "front", "cancel", "move"]),
        st.integers(0, 15),  # the job
        st.integers(-2, 15),  # its place
    ),
    max_size=30,
)


@settings(max_examples=40)
@given(_ACTS)
def test_any_changes_leave_the_order_of_a_list(acts: list[tuple[str, int, int]]) -> None:
    gate = Gate()
    model = FakeModel(on_call=gate)
    queue: list[int] = []
    with running(model) as (engine, heard):
        engine.submit(request("1"))
        gate.wait_until_entered()
        for act, job, place in acts:
            if act in ("submit", "front"):
                number = engine.submit(
                    request(str(len([e for e in heard.events if isinstance(e, Queued)]) + 1)),
                    act == "front",
                )
                queue.insert(0 if act == "front" else len(queue), number)
            elif act == "cancel" and job != 1:
                engine.cancel(job)
                queue = [each for each in queue if each != job]
            elif act == "move":
                engine.move(job, place)
                if job in queue:
                    queue.remove(job)
                    queue.insert(max(0, place), job)
        gate.opened.set()
        heard.end_of(queue[-1] if queue else 1)
    assert model.prompts == [str(job) for job in (1, *queue)]


def test_many_threads_may_move_at_once() -> None:
    with running() as (engine, heard):
        jobs: list[int] = []

        def hurry(seed: int) -> None:
            dice = Random(seed)
            for number in range(15):
                jobs.append(engine.submit(request(steps=2)))
                engine.move(dice.choice(jobs), dice.randrange(-1, 20))
                if number % 3 == 0:
                    engine.cancel(dice.choice(jobs))

        threads = [threading.Thread(target=hurry, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for job in jobs:
            heard.end_of(job)
    ends = Counter(e.job for e in heard.events if isinstance(e, Finished | CancelledAt | Failed))
    assert ends == Counter(jobs)
    assert not [e for e in heard.events if isinstance(e, Failed)]
