"""A training with other work beside it: what every foot and the queue say, what the keys move."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QWidget
from pytestqt.qtbot import QtBot

from studio.core import generating, messages
from studio.core.learning import Paused, Preparing, TrainStep
from studio.ui.workspaces.queue.panel import QueuePanel
from studio.ui.workspaces.queue.rows import JOB, PLACE
from studio.ui.workspaces.reconstruct.panel import ReconstructPanel
from tests.app.conftest import Stage

FEET = ("generate", "compare", "walk", "reconstruct")


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    widget = stage.find(name)
    assert widget.isVisible(), name
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


@pytest.fixture
def training(stage: Stage, qtbot: QtBot) -> int:
    """The job of a training that has made 40 steps, a quarter of its time."""
    stage.window._go_to("reconstruct")
    panel = next(each for each in stage.window.panels if isinstance(each, ReconstructPanel))
    panel.tabs.setCurrentIndex([spec.id for spec in panel._specs].index("train"))
    click(qtbot, stage, "train")
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    step(stage, job, 40)
    return job


def step(stage: Stage, job: int, number: int) -> None:
    stage.bridge.arrived.emit(TrainStep(job, number, 16 * number, 0.25, 90.0, (("loss", 1.0),)))


def told(stage: Stage, foot: str) -> tuple[str, int, int]:
    said, bar = stage.find(f"{foot}Said"), stage.find(f"{foot}Progress")
    assert isinstance(said, QLabel)
    assert isinstance(bar, QProgressBar)
    return said.text(), bar.value(), bar.maximum()


def queue(stage: Stage) -> QueuePanel:
    stage.window._go_to("queue")
    return next(each for each in stage.window.panels if isinstance(each, QueuePanel))


def rows(panel: QueuePanel) -> list[tuple[int, str]]:
    items = (panel.list.item(row) for row in range(panel.list.count()))
    return [(item.data(JOB), item.data(PLACE)) for item in items]


def generate(stage: Stage, qtbot: QtBot, prompt: str) -> int:
    stage.window._go_to("generate")
    stage.panel.session.prompt.set(prompt)
    click(qtbot, stage, "generate")
    return len(stage.bridge.requests) - 1


def test_every_foot_tells_how_far_the_training_is(stage: Stage, training: int) -> None:
    expected = ("Training · Step 40 · 1 min 30 s left", 250, 1000)
    assert [told(stage, foot) for foot in FEET] == [expected] * len(FEET)
    stage.bridge.arrived.emit(Paused(training, True))
    assert told(stage, "generate")[0] == "Training paused · Step 40"
    stage.bridge.arrived.emit(Paused(training, False))
    step(stage, training, 41)
    assert "Step 41" in told(stage, "compare")[0]
    panel = queue(stage)
    assert panel.bar.value() == 250 and rows(panel) == [(training, "Now")]


def test_the_preparation_of_a_training_is_told_with_counts_and_obeys_cancel(
    stage: Stage, training: int, qtbot: QtBot
) -> None:
    stage.bridge.arrived.emit(messages.Finished(training, 1.0))
    click(qtbot, stage, "train")
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    told_at = (
        (Preparing(job, "reading pictures", 300, 1200, 75.0), (250, 1000)),
        (Preparing(job, "compiling", 0, 1, None), (0, 0)),  # runs to and fro
    )
    for event, (value, most) in told_at:
        stage.bridge.arrived.emit(event)
        bar, said = stage.find("trainProgress"), stage.find("trainSaid")
        assert isinstance(bar, QProgressBar)
        assert isinstance(said, QLabel)
        assert (max(bar.value(), 0), bar.maximum()) == (value, most)
        wanted = "Reading pictures: 300 of 1,200 · 1 min 15 s left" if most else "Compiling…"
        assert said.text() == told(stage, "generate")[0] == wanted
        assert told(stage, "walk")[2] == most
    picture = generate(stage, qtbot, "a bear")  # also now
    stage.bridge.begin(picture)
    stage.bridge.make(picture)
    stage.window._go_to("reconstruct")
    click(qtbot, stage, "trainCancel")
    assert stage.bridge.cancels == [job]
    stage.bridge.arrived.emit(Preparing(job, "compiling", 0, 1, None))
    assert said.text() == "Cancelling…"
    stage.bridge.arrived.emit(messages.CancelledAt(job, 0))
    assert said.text() == "Cancelled before its first step." and bar.maximum() == 1000
    assert stage.find("train").isEnabled()


def test_a_picture_interleaves_and_the_training_goes_on(
    stage: Stage, training: int, qtbot: QtBot
) -> None:
    assert stage.panel.column.foot.go.text() == "Generate"  # at once, between two steps
    picture = generate(stage, qtbot, "a bear")
    panel = queue(stage)
    assert rows(panel) == [(training, "Now"), (picture, "2")]
    stage.bridge.begin(picture)
    stage.bridge.step(picture, 5)
    assert rows(panel) == [(picture, "Now"), (training, "Begun")]
    assert panel.bar.value() == 500 and "Step 5 of 10" in panel.now.text()
    stage.bridge.make(picture)
    assert rows(panel) == [(training, "Now")]
    assert told(stage, "generate") == ("Training · Step 40 · 1 min 30 s left", 250, 1000)
    step(stage, training, 42)
    assert "Step 42" in told(stage, "generate")[0]


def test_what_waits_is_moved_to_the_place_the_engine_has_for_it(
    stage: Stage, training: int, qtbot: QtBot
) -> None:
    running = generate(stage, qtbot, "1")
    stage.bridge.begin(running)
    a, b, c = (generate(stage, qtbot, prompt) for prompt in "234")
    panel = queue(stage)
    assert [job for job, _ in rows(panel)] == [running, training, a, b, c]
    panel.list.item(4).setSelected(True)
    click(qtbot, stage, "queue-up")
    assert stage.bridge.moves == [(c, 1)]  # of those that wait in the engine: a, c, b
    click(qtbot, stage, "queue-up")
    click(qtbot, stage, "queue-up")  # what has begun stays before it
    assert stage.bridge.moves == [(c, 1), (c, 0)]
    assert [job for job, _ in rows(panel)] == [running, training, c, a, b]
    stage.window._go_to("generate")
    qtbot.keyClick(
        stage.window,
        Qt.Key.Key_Return,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    front = len(stage.bridge.requests) - 1
    assert [job for job, _ in rows(queue(stage))] == [running, training, front, c, a, b]


def test_a_job_that_waits_for_its_model_is_not_moved(stage: Stage, qtbot: QtBot) -> None:
    first, second, third = (generate(stage, qtbot, prompt) for prompt in "123")
    stage.bridge.arrived.emit(messages.Loading(first, "other"))  # out of the engine's queue
    panel = queue(stage)
    panel.list.item(2).setSelected(True)
    click(qtbot, stage, "queue-up")
    click(qtbot, stage, "queue-up")
    assert stage.bridge.moves == [(third, 0)]
    assert rows(panel) == [(first, "Now"), (third, "2"), (second, "3")]
    assert panel.now.text() == "Loading other… · 2 queued"
    stage.bridge.arrived.emit(messages.Failed(first, "There is no model named other."))
    assert rows(panel)[0][0] == third and "Loading" not in panel.now.text()


def test_cancelling_says_so_wherever_it_was_asked(
    stage: Stage, training: int, qtbot: QtBot
) -> None:
    click(qtbot, stage, "trainCancel")
    assert told(stage, "generate")[0] == "Cancelling…"
    assert not stage.find("generateCancel").isEnabled()
    stage.bridge.arrived.emit(messages.CancelledAt(training, 40))
    assert told(stage, "generate") == ("Cancelled at step 40", 0, 1000)


def test_another_jobs_end_does_not_end_the_cancelling(
    stage: Stage, training: int, qtbot: QtBot
) -> None:
    waits = generate(stage, qtbot, "a cat")
    stage.window._go_to("reconstruct")
    click(qtbot, stage, "trainCancel")
    stage.bridge.arrived.emit(messages.CancelledAt(waits, 0))
    assert told(stage, "generate")[0] == "Cancelling…"


def test_until_cancelled_begins_beside_a_training(
    stage: Stage, training: int, qtbot: QtBot
) -> None:
    queue(stage)
    click(qtbot, stage, "queueUntil")
    (first,) = stage.bridge.jobs
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    stage.bridge.make(job)
    assert stage.bridge.jobs[1].settings.seed == first.settings.seed + 1


def test_a_preview_ends_beside_a_training(stage: Stage, training: int, qtbot: QtBot) -> None:
    picture = generate(stage, qtbot, "a bear")
    stage.bridge.begin(picture)
    stage.bridge.step(picture, 2)
    viewer = stage.panel.viewer
    shown: QWidget = viewer.pages.currentWidget()
    assert shown is viewer.canvas
    stage.bridge.arrived.emit(messages.CancelledAt(picture, 2))
    assert viewer.pages.currentWidget() is viewer.welcome


def test_previews_of_variations_show_their_own_seed(stage: Stage, qtbot: QtBot) -> None:
    session = stage.panel.session
    for value, wanted in (
        (session.count, 3),
        (session.seed, 7),
        (session.seed_locked, True),
        (session.variation, 0.15),
        (session.variation_seed, 100),
        (session.variation_locked, True),
    ):
        value.set(wanted)
    job = generate(stage, qtbot, "a bear")
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(messages.Progress(job, 2, 3, 4, 10, 1.0))
    stage.bridge.arrived.emit(generating.Preview(job, 2, np.full((16, 16, 3), 90, np.uint8)))
    facts = stage.find("factsRest").toolTip()
    assert facts.startswith("Seed 7 ·") and "0.15 towards seed 102" in facts
