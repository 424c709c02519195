"""A job's handle: who hears what, in which order, and who hears nothing any more."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Slot
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from studio.core.generating import Decoded, Generate, Preview
from studio.core.messages import CancelledAt, Event, Failed, Finished, Progress, Started
from studio.core.settings import Settings
from studio.ui.job import Job, Requester
from studio.ui.jobs import Jobs
from tests.app.fakes import RecordingBridge

ASKED = Generate(Settings("a dog"))


class Ear(QObject):
    """Notes what it hears."""

    def __init__(self, heard: list[object]) -> None:
        super().__init__()
        self.heard = heard

    @Slot(object)
    def hear(self, event: object) -> None:
        self.heard.append(event)


@pytest.fixture
def bridge(qapp: object) -> RecordingBridge:
    return RecordingBridge()


@pytest.fixture
def jobs(bridge: RecordingBridge) -> Jobs:
    jobs = Jobs()
    jobs.attach(bridge, "bundled")  # type: ignore[arg-type]
    bridge.get_ready()
    return jobs


def submitted(jobs: Jobs) -> Job:
    job = jobs.submit(ASKED)
    assert job is not None
    return job


def test_a_handle_hears_its_own_job_only(jobs: Jobs, bridge: RecordingBridge) -> None:
    first, second = submitted(jobs), submitted(jobs)
    mine, all_of_them = list[Event](), list[Event]()
    second.on(Progress, mine.append)
    jobs.on(Progress, all_of_them.append)
    for job in (first, second):
        bridge.begin(job.number)
        bridge.step(job.number, 3)
    assert [event.job for event in mine] == [second.number]
    assert [event.job for event in all_of_them] == [first.number, second.number]


def test_the_end_is_known_when_it_is_told(jobs: Jobs, bridge: RecordingBridge) -> None:
    job, heard = submitted(jobs), list[object]()
    job.on(Failed, heard.append)
    job.ended.connect(lambda: heard.append(job.end))
    jobs.ended.connect(heard.append)
    failed = Failed(job.number, "There is not enough memory.")
    bridge.arrived.emit(failed)
    assert heard == [failed, failed, job] and jobs.open == [] and jobs.sentence() == "Failed"


def test_who_has_left_hears_nothing_but_the_queue_goes_on(
    jobs: Jobs, bridge: RecordingBridge
) -> None:
    job, heard = submitted(jobs), list[object]()
    job.on(Started, heard.append)
    job.ended.connect(lambda: heard.append(job.end))
    job.leave()
    bridge.begin(job.number)
    assert jobs.running is job
    bridge.arrived.emit(Finished(job.number, 1.0))
    assert heard == [] and not jobs.busy


def test_what_is_deleted_is_not_called(jobs: Jobs, bridge: RecordingBridge) -> None:
    job, heard = submitted(jobs), list[object]()
    gone, stays = Ear(heard), Ear(heard)
    for ear in (gone, stays):
        job.on(Started, ear.hear)
        job.ended.connect(ear.deleteLater)
    delete(gone)
    bridge.begin(job.number)
    assert heard == [Started(job.number)]
    bridge.arrived.emit(Finished(job.number, 1.0))


def test_no_preview_while_it_is_cancelled(jobs: Jobs, bridge: RecordingBridge) -> None:
    job, heard = submitted(jobs), list[object]()
    job.on(Preview, heard.append)
    bridge.begin(job.number)
    bridge.step(job.number, 1)
    jobs.cancel()
    bridge.step(job.number, 2)
    assert len(heard) == 1 and jobs.sentence() == "Cancelling…"


def test_a_requester_asks_for_one_thing_at_a_time(
    jobs: Jobs, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    requester = Requester(jobs)
    job = requester.ask(ASKED)
    assert job is not None and requester.job is job
    with qtbot.waitSignal(requester.failed) as told:
        bridge.arrived.emit(Failed(job.number, "No room."))
    assert told.args == ["No room."] and requester.job is None
    heard = list[object]()
    dropped = requester.ask(ASKED)
    assert dropped is not None
    dropped.on(Decoded, heard.append)
    requester.drop()
    assert requester.job is None and bridge.cancels == [dropped.number]
    bridge.arrived.emit(CancelledAt(dropped.number, 0))
    assert heard == [] and not jobs.busy


def test_without_an_engine_nothing_is_asked(qapp: object, qtbot: QtBot) -> None:
    jobs = Jobs()
    with qtbot.waitSignal(jobs.unavailable):
        assert Requester(jobs).ask(ASKED) is None
