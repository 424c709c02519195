"""Events by one signal: in the UI thread, whole, in order, none after closing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QObject, Slot
from pytestqt.qtbot import QtBot

from studio.bridge.bridge import EngineBridge
from studio.core import generating, messages
from studio.core.errors import UsageError
from studio.core.messages import LoadModel
from studio.core.settings import MAX_SEED
from studio.core.sizes import Size
from tests.engine.fake import PATIENCE, FakeModel, Gate, request

MILLISECONDS = int(PATIENCE * 1000)


class Window(QObject):
    """Notes what arrives, and in which thread."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__()
        self.heard: list[messages.Event] = []
        self.threads: set[threading.Thread] = set()
        bridge.arrived.connect(self._note)

    @Slot(object)
    def _note(self, event: messages.Event) -> None:
        self.heard.append(event)
        self.threads.add(threading.current_thread())


def waiting(bridge: EngineBridge, qtbot: QtBot, kind: type) -> Any:
    """Waits for an event of a kind."""
    return qtbot.waitSignal(
        bridge.arrived,
        timeout=MILLISECONDS,
        check_params_cb=lambda event: isinstance(event, kind),
    )


def bridge_to(model: FakeModel) -> EngineBridge:
    return EngineBridge("cpu", open_model=lambda *_: model)


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[EngineBridge]:
    made = bridge_to(FakeModel())
    yield made
    made.close()
    assert not [each for each in threading.enumerate() if each.name == "engine"]


def test_every_event_arrives_in_the_window_s_thread_in_order(
    bridge: EngineBridge, qtbot: QtBot
) -> None:
    window = Window(bridge)
    with waiting(bridge, qtbot, messages.Finished):
        job = bridge.submit(request(steps=3, preview_every=1, count=2, seed=MAX_SEED - 1))
        assert window.heard == []  # never inside submit
    assert window.threads == {threading.main_thread()}
    kinds = [type(event) for event in window.heard]
    assert kinds[:4] == [messages.Queued, messages.Loading, messages.Ready, messages.Started]
    assert kinds[-3:] == [generating.Picture, generating.Picture, messages.Finished]
    assert kinds.count(messages.Progress) == 3
    assert {event.job for event in window.heard} == {job}
    seeds = [event.settings.seed for event in window.heard if isinstance(event, generating.Picture)]
    assert seeds == [MAX_SEED - 1, MAX_SEED]


def test_cancelling_and_failing_are_signals_too(qtbot: QtBot) -> None:
    gate = Gate()
    model = FakeModel(on_call=gate)
    bridge = bridge_to(model)
    window = Window(bridge)
    with waiting(bridge, qtbot, messages.CancelledAt):
        job = bridge.submit(request(steps=9))
        gate.wait_until_entered()
        bridge.cancel(job)
        gate.opened.set()
    assert window.heard[-1] == messages.CancelledAt(job, 1)
    with waiting(bridge, qtbot, messages.Failed):
        bridge.submit(request(size=Size.square(9)))
    bridge.close()


def test_nonsense_is_raised_to_the_caller(bridge: EngineBridge) -> None:
    with pytest.raises(UsageError):
        bridge.submit(request(steps=0))


def test_loading_ahead(bridge: EngineBridge, qtbot: QtBot) -> None:
    with waiting(bridge, qtbot, messages.Ready) as heard:
        bridge.submit(LoadModel("fake"))
    assert heard.args is not None
    assert heard.args[0].model == "fake"


def test_nothing_arrives_after_closing(qtbot: QtBot) -> None:
    gate = Gate()
    bridge = bridge_to(FakeModel(on_call=gate))
    window = Window(bridge)
    bridge.submit(request(steps=9))
    bridge.submit(request(steps=9))
    gate.wait_until_entered()
    threading.Timer(0.05, gate.opened.set).start()
    bridge.close()
    QCoreApplication.sendPostedEvents(bridge)  # all that the engine told until it ended
    assert window.heard == []
    bridge.close()
