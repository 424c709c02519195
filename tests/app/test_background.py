"""Work off the UI thread tells its owner how it went, and nobody when the owner is gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import shiboken6
from pytestqt.qtbot import QtBot

from studio.core.errors import DataError
from studio.ui.background import Background, _Task


def fails_with(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DataError("It is empty."), "It is empty."),
        (OSError(28, "No space left on device", "a.png"), "a.png: No space left on device."),
        (ZeroDivisionError("by 0"), "Something went wrong inside the studio"),
        (SystemExit(3), "Something went wrong inside the studio"),
    ],
)
def test_a_failure_is_one_sentence(qtbot: QtBot, error: BaseException, sentence: str) -> None:
    background = Background()
    with qtbot.waitSignal(background.failed) as heard:
        background.start("key", fails_with(error))
    key, said = heard.args
    assert key == "key" and said.startswith(sentence)


def test_results_come_in_order_on_the_owners_thread(qtbot: QtBot) -> None:
    background, heard = Background(), list[tuple[object, object]]()
    background.done.connect(lambda key, result: heard.append((key, result)))
    for number in range(5):
        background.start(number, lambda n=number: n * n)
    background.wait()
    assert heard == []  # not before the loop turns
    qtbot.waitUntil(lambda: len(heard) == 5)
    assert heard == [(n, n * n) for n in range(5)]


@pytest.mark.parametrize("work", [lambda: 1, fails_with(DataError("x")), fails_with(OSError())])
def test_an_owner_that_is_gone_is_told_nothing(qtbot: QtBot, work: Callable[[], object]) -> None:
    background = Background()
    task = _Task(background, "key", work, ())
    shiboken6.delete(background)
    task.run()
