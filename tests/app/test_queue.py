"""The Queue workspace through real clicks, on a recording bridge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread
from typing import Any

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from studio.core.generating import Generate
from studio.core.messages import CancelledAt, Finished
from studio.core.settings import Settings
from studio.gallery import queue_file, word_lists
from studio.ui.library import pictures as library
from studio.ui.workspaces.queue.keeper import SETTLE
from studio.ui.workspaces.queue.panel import QueuePanel
from studio.ui.workspaces.queue.rows import JOB, SENTENCE
from tests.app.conftest import Stage, open_window


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def panel(stage: Stage) -> QueuePanel:
    return panel_of(stage)


def panel_of(stage: Stage) -> QueuePanel:
    stage.window._go_to("queue")
    found = next(p for p in stage.window.panels if isinstance(p, QueuePanel))
    assert found.isVisible()
    return found


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    qtbot.mouseClick(stage.find(name), Qt.MouseButton.LeftButton)


def waiting(stage: Stage, *prompts: str) -> list[int]:
    """Jobs for these prompts; the first one runs."""
    submit = stage.window.shared.jobs.submit
    made = [submit(Generate(Settings(p, seed=5))) for p in prompts]
    jobs = [job.number for job in made if job is not None]
    stage.bridge.begin(jobs[0])
    return jobs


def shown(panel: QueuePanel) -> list[int]:
    return [int(panel.list.item(row).data(JOB)) for row in range(panel.list.count())]


def test_what_is_made_and_what_waits(stage: Stage, panel: QueuePanel, qtbot: QtBot) -> None:
    jobs = waiting(stage, "a bear", "a cat", "a dog")
    assert shown(panel) == jobs
    assert panel.list.item(0).text().startswith("Now") and "a bear" in panel.list.item(0).text()
    assert "seed 5" in panel.list.item(1).text()
    stage.bridge.step(jobs[0], 5)
    assert panel.bar.value() == 500
    stage.bridge.arrived.emit(Finished(jobs[0], 1.0))
    assert shown(panel) == jobs[1:]


def test_order_is_changed_by_buttons_and_keys(
    stage: Stage, panel: QueuePanel, qtbot: QtBot
) -> None:
    first, a, b, c = waiting(stage, "1", "2", "3", "4")
    panel.list.item(3).setSelected(True)
    click(qtbot, stage, "queue-up")
    assert shown(panel) == [first, a, c, b] and stage.bridge.moves[-1] == (c, 1)
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert shown(panel) == [first, c, a, b]
    qtbot.keyClick(panel.list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert shown(panel) == [first, c, a, b]  # what runs stays first
    click(qtbot, stage, "queue-down")
    assert shown(panel) == [first, a, c, b]


def test_cancel_and_repeat(stage: Stage, panel: QueuePanel, qtbot: QtBot) -> None:
    first, second = waiting(stage, "1", "2")
    panel.list.item(1).setSelected(True)
    click(qtbot, stage, "queue-again")
    again = stage.bridge.jobs[-1]
    assert (again.settings.prompt, again.settings.seed) == ("2", 6)
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert stage.bridge.cancels == [second]
    stage.bridge.arrived.emit(CancelledAt(second, 0))
    assert second not in shown(panel)
    click(qtbot, stage, "queue-clear")
    assert first in stage.bridge.cancels


def test_a_list_of_prompts(stage: Stage, panel: QueuePanel, qtbot: QtBot) -> None:
    session = stage.window.shared.session
    session.count.set(2)
    session.use_seed(Settings("", seed=30))
    panel.prompts.text.setPlainText("a {red|blue} car\n\na dog")
    qtbot.waitUntil(lambda: panel.prompts.count.text() == "3 prompts, 6 pictures.")
    before = len(stage.bridge.jobs)
    with qtbot.waitSignal(panel.prompts.wanted):
        click(qtbot, stage, "promptAdd")
    made = stage.bridge.jobs[before:]
    assert [each.settings.prompt for each in made] == ["a red car", "a blue car", "a dog"]
    assert {(each.settings.seed, each.count) for each in made} == {(30, 2)}
    panel.prompts.how.setCurrentIndex(1)
    qtbot.waitUntil(lambda: panel.prompts.count.text() == "2 prompts, 4 pictures.")
    panel.prompts.text.setPlainText("# a bear\na {red car")
    qtbot.waitUntil(lambda: "Unmatched {" in panel.prompts.count.text())
    assert not panel.prompts.add.isEnabled()


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Thread]:
    """The threads that read a list of 100,000 words, which lies where lists lie."""
    threads: list[Thread] = []
    usual = word_lists.read_lines
    monkeypatch.setattr(
        word_lists, "read_lines", lambda path: (threads.append(current_thread()), usual(path))[1]
    )
    file = word_lists.words_folder() / "words.txt"
    file.parent.mkdir(parents=True)
    file.write_text("".join(f"{{a|b}} word {number}\n" for number in range(100_000)))
    return threads


def test_long_lists_of_words_are_read_beside_the_window_and_once(
    stage: Stage, panel: QueuePanel, readers: list[Thread], qtbot: QtBot
) -> None:
    panel.prompts.text.setPlainText("a __words__")
    qtbot.waitUntil(lambda: "more than 10,000" in panel.prompts.count.text())
    panel.prompts.how.setCurrentIndex(1)
    qtbot.waitUntil(panel.prompts.add.isEnabled)
    click(qtbot, stage, "promptAdd")
    qtbot.waitUntil(lambda: len(stage.bridge.jobs) == 1)
    stage.bridge.begin(1)
    stage.panel.session.prompt.set("__words__")
    click(qtbot, stage, "queueUntil")
    stage.bridge.make(1)
    qtbot.waitUntil(lambda: len(stage.bridge.jobs) == 2)
    stage.panel.generate()
    qtbot.waitUntil(lambda: len(stage.bridge.jobs) == 3)
    assert all("word " in job.settings.prompt for job in stage.bridge.jobs)
    assert len(readers) == 1 and main_thread() not in readers


def test_a_file_of_more_prompts_than_can_be_queued_is_not_shown(
    panel: QueuePanel, readers: list[Thread], qtbot: QtBot
) -> None:
    panel.prompts.take(word_lists.words_folder() / "words.txt")
    qtbot.waitUntil(panel.banner.isVisible)
    assert "more than 2,000 prompts" in panel.banner.text.text()
    assert panel.prompts.text.toPlainText() == ""


def test_only_what_was_typed_last_is_counted(panel: QueuePanel, qtbot: QtBot) -> None:
    counted: list[str] = []
    panel.prompts._work.done.connect(lambda key, _: counted.append(key))
    for number in range(200):
        panel.prompts.text.setPlainText("a bear\n" * (number + 1))
    qtbot.waitUntil(lambda: panel.prompts.count.text().startswith("200 prompts"))
    assert len(counted) <= 3


def test_until_cancelled(stage: Stage, panel: QueuePanel, qtbot: QtBot) -> None:
    stage.window.shared.session.prompt.set("a bear")
    click(qtbot, stage, "queueUntil")
    (first,) = stage.bridge.jobs
    stage.bridge.begin(1)
    stage.bridge.make(1)
    second = stage.bridge.jobs[1]
    assert second.settings.seed == first.settings.seed + 1
    stage.bridge.arrived.emit(CancelledAt(2, 3))
    assert not panel.until.isChecked() and len(stage.bridge.jobs) == 2


def test_until_cancelled_waits_for_what_is_queued(
    stage: Stage, panel: QueuePanel, qtbot: QtBot
) -> None:
    (job,) = waiting(stage, "first")
    click(qtbot, stage, "queueUntil")
    assert len(stage.bridge.jobs) == 1
    stage.bridge.make(job)
    assert len(stage.bridge.jobs) == 2
    click(qtbot, stage, "queueUntil")
    stage.bridge.make(job + 1)
    assert len(stage.bridge.jobs) == 2


def test_it_survives_a_restart(
    stage: Stage, panel: QueuePanel, qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    click(qtbot, stage, "queueKept")
    waiting(stage, "a bear", "a cat")
    qtbot.waitUntil(lambda: queue_file.queue_file().is_file())
    stage.window.close()
    again = open_window(qtbot, qapp, tmp_path / "Pictures", tmp_path / "settings.ini")
    restarted = panel_of(again)
    qtbot.waitUntil(restarted.banner.isVisible)
    assert "2 requests" in restarted.banner.text.text() and not again.bridge.jobs
    qtbot.mouseClick(
        restarted.banner.findChild(QWidget, "bannerChoice0"), Qt.MouseButton.LeftButton
    )
    assert [each.settings.prompt for each in again.bridge.jobs] == ["a bear", "a cat"]
    again.window.close()


def kept(stage: Stage) -> list[str]:
    """The prompts in the file."""
    found, problems = queue_file.read(queue_file.queue_file(), stage.folder)
    assert not problems
    return [each.settings.prompt for each in found]


def test_it_is_written_down_however_fast_steps_come(
    stage: Stage, panel: QueuePanel, qtbot: QtBot
) -> None:
    click(qtbot, stage, "queueKept")
    job, _ = waiting(stage, "a bear", "a cat")
    hurry = QTimer()
    hurry.timeout.connect(lambda: stage.bridge.step(job, 3))
    hurry.start(20)
    qtbot.waitUntil(lambda: kept(stage) == ["a bear", "a cat"], timeout=3 * SETTLE)


def test_a_request_stays_until_its_picture_is_written(
    stage: Stage, panel: QueuePanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    click(qtbot, stage, "queueKept")
    job, _ = waiting(stage, "a bear", "a cat")
    qtbot.waitUntil(lambda: len(kept(stage)) == 2)
    disk, usual, write = Event(), library.write_new, queue_file.Own.write
    there: list[int] = []  # pictures, whenever the file is written

    def slow(*arguments: Any) -> Path:
        assert disk.wait(20)
        return usual(*arguments)

    def counting(own: queue_file.Own, requests: tuple[Generate, ...]) -> None:
        there.append(len(list(stage.folder.glob("*.png"))))
        write(own, requests)

    monkeypatch.setattr(library, "write_new", slow)
    monkeypatch.setattr(queue_file.Own, "write", counting)
    with qtbot.waitSignal(panel.keeper._settle.timeout):
        stage.bridge.make(job)
    assert not list(stage.folder.glob("*.png")) and kept(stage) == ["a bear", "a cat"]
    disk.set()
    qtbot.waitUntil(lambda: kept(stage) == ["a cat"])
    assert there == [1]


@pytest.fixture
def left(stage: Stage, panel: QueuePanel, qtbot: QtBot, tmp_path: Path) -> Iterator[Stage]:
    """Another start, which finds two requests."""
    click(qtbot, stage, "queueKept")
    waiting(stage, "a bear", "a cat")
    stage.window.close()
    again = open_window(qtbot, QApplication.instance(), stage.folder, tmp_path / "settings.ini")  # type: ignore[arg-type]
    qtbot.waitUntil(panel_of(again).banner.isVisible)
    yield again
    again.window.close()


def test_what_was_left_stays_until_it_is_said_what_of_it(left: Stage, qtbot: QtBot) -> None:
    waiting(left, "a dog")
    qtbot.waitUntil(lambda: kept(left) == ["a bear", "a cat", "a dog"])
    click(qtbot, left, "queueDismiss")
    left.bridge.make(1)
    qtbot.waitUntil(lambda: kept(left) == ["a bear", "a cat"])


def test_what_was_left_is_forgotten(left: Stage, qtbot: QtBot) -> None:
    click(qtbot, left, "bannerChoice1")
    qtbot.waitUntil(lambda: not queue_file.queue_file().exists())
    assert not left.bridge.jobs


def test_two_windows_keep_their_own(
    stage: Stage, panel: QueuePanel, qtbot: QtBot, tmp_path: Path
) -> None:
    click(qtbot, stage, "queueKept")
    waiting(stage, "a bear", "a cat")
    qtbot.waitUntil(lambda: kept(stage) == ["a bear", "a cat"])

    def another() -> Stage:
        return open_window(qtbot, QApplication.instance(), stage.folder, tmp_path / "settings.ini")  # type: ignore[arg-type]

    second = another()
    other = panel_of(second)
    qtbot.waitUntil(lambda: other.keeper._place is not None)  # it has looked
    assert not other.banner.isVisible()  # the first still works on its own
    waiting(second, "a dog")
    file = queue_file.queue_file().with_name("queue-2.json")
    qtbot.waitUntil(file.is_file)
    second.window.close()
    third = another()
    qtbot.waitUntil(panel_of(third).banner.isVisible)
    assert "1 request" in panel_of(third).banner.text.text()
    click(qtbot, third, "bannerChoice1")
    qtbot.waitUntil(lambda: not file.exists())
    waiting(third, "a fish")
    qtbot.waitUntil(file.is_file)
    third.window.close()
    assert kept(stage) == ["a bear", "a cat"]
    stage.window.close()
    last = another()
    qtbot.waitUntil(panel_of(last).banner.isVisible)
    click(qtbot, last, "bannerChoice0")
    prompts = [each.settings.prompt for each in last.bridge.jobs]
    assert prompts == ["a bear", "a cat", "a fish"] and not file.exists()
    last.window.close()


def test_keeping_from_now_on_does_not_overwrite_what_was_left(
    stage: Stage, panel: QueuePanel, qtbot: QtBot
) -> None:
    queue_file.write(queue_file.queue_file(), (Generate(Settings("a bear")),))
    waiting(stage, "a cat")
    click(qtbot, stage, "queueKept")
    qtbot.waitUntil(panel.banner.isVisible)
    qtbot.waitUntil(lambda: kept(stage) == ["a bear", "a cat"])


def test_without_an_engine_what_was_left_stays(
    left: Stage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left.window.shared.jobs, "_bridge", None)
    click(qtbot, left, "bannerChoice0")
    panel_of(left).keeper.save()
    left.window.shared.library.writer.wait()
    assert panel_of(left).banner.kind == "error" and kept(left) == ["a bear", "a cat"]


def test_thousands_of_prompts_are_shown_once(
    stage: Stage, panel: QueuePanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked: list[int] = []
    usual = panel._mark
    monkeypatch.setattr(panel, "_mark", lambda item, row: (marked.append(row), usual(item, row)))
    panel.prompts.text.setPlainText("\n".join(str(number) for number in range(500)))
    qtbot.waitUntil(panel.prompts.add.isEnabled)
    with qtbot.waitSignal(panel.prompts.wanted):
        click(qtbot, stage, "promptAdd")
    assert len(shown(panel)) == 500 and marked == list(range(500))
    job = shown(panel)[0]
    stage.bridge.begin(job)
    marked.clear()
    stage.bridge.step(job, 5)
    assert marked == []


def test_every_control_can_be_found_and_named(panel: QueuePanel) -> None:
    buttons = panel.findChildren(QPushButton)
    assert len({button.objectName() for button in buttons}) == len(buttons)
    for button in buttons:
        assert button.toolTip() and button.accessibleName()


def test_until_cancelled_draws_the_words_every_time(
    stage: Stage, panel: QueuePanel, qtbot: QtBot
) -> None:
    stage.panel.session.prompt.set("a {red|blue|green|pink} bear")
    click(qtbot, stage, "queueUntil")
    for job in range(1, 13):
        stage.bridge.begin(job)
        stage.bridge.make(job)
    prompts = [request.settings.prompt for request in stage.bridge.jobs]
    assert len(set(prompts)) > 1 and not any("{" in prompt for prompt in prompts)


def test_a_slip_in_the_prompt_stops_it(stage: Stage, panel: QueuePanel, qtbot: QtBot) -> None:
    stage.panel.session.prompt.set("a {red bear")
    click(qtbot, stage, "queueUntil")
    assert not panel.until.isChecked() and stage.bridge.jobs == []
    assert panel.banner.text.text().startswith("Unmatched { at character 3")


def test_rows_name_samplers_as_the_window_does_and_none_says_so(
    stage: Stage, panel: QueuePanel, qtbot: QtBot
) -> None:
    assert panel.list.count() == 0
    assert "Nothing is waiting" in SENTENCE
    empty = panel.list.grab().toImage()
    waiting(stage, "a bear")
    text = panel.list.item(0).text()
    assert text == "Now  a bear  ·  1 picture\nDPM-Solver++ 2M · 16 steps · guidance 4 · seed 5"
    assert panel.list.grab().toImage() != empty
    assert panel.list.sizeHintForRow(0) > 2 * panel.list.fontMetrics().height()
