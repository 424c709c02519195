"""The decode cache: one request at a time, the last wish first, nothing asked twice."""

from __future__ import annotations

import numpy as np
import pytest

from studio.core.generating import Decode, Decoded
from studio.core.messages import CancelledAt, Failed, Finished
from studio.ui.jobs import Jobs
from studio.ui.output.decoder import Batch, Decoder
from tests.app.fakes import RecordingBridge

MODEL = "studio-256"


@pytest.fixture
def bridge(qapp: object) -> RecordingBridge:
    return RecordingBridge()


@pytest.fixture
def decoder(bridge: RecordingBridge) -> Decoder:
    jobs = Jobs()
    jobs.attach(bridge, "bundled")  # type: ignore[arg-type]
    bridge.get_ready()
    decoder = Decoder(jobs, 4)
    decoder.kept = jobs  # type: ignore[attr-defined]
    decoder.told = []  # type: ignore[attr-defined]
    decoder.ended.connect(lambda *told: decoder.told.append(told))  # type: ignore[attr-defined]
    return decoder


def batch(*keys: int) -> Batch:
    """Latents that are full of their keys."""
    return MODEL, {key: np.full((4, 2, 2), key, np.float16) for key in keys}


def asked(bridge: RecordingBridge) -> list[list[int]]:
    """The keys of every request so far."""
    found = (each for each in bridge.requests if isinstance(each, Decode))
    return [each.latents[:, 0, 0, 0].astype(int).tolist() for each in found]


def decode(bridge: RecordingBridge) -> None:
    """Brings the pictures of the last request."""
    request, job = bridge.requests[-1], len(bridge.requests) - 1
    assert isinstance(request, Decode)
    bridge.begin(job)
    shades = request.latents[:, 0, 0, 0].astype(np.uint8)
    bridge.arrived.emit(Decoded(job, np.tile(shades[:, None, None, None], (1, 8, 8, 3))))
    bridge.arrived.emit(Finished(job, 0.1))


def test_pictures_are_remembered(decoder: Decoder, bridge: RecordingBridge) -> None:
    decoder.want("look", [batch(1, 2)])
    decode(bridge)
    assert decoder.pictures[2][0, 0, 0] == 2
    decoder.want("look", [batch(2, 3)])
    assert asked(bridge) == [[1, 2], [3]]
    decode(bridge)
    decoder.want("look", [batch(1, 2, 3)])
    assert asked(bridge) == [[1, 2], [3]]
    assert decoder.told == [("look", True)] * 3  # type: ignore[attr-defined]


def test_one_request_at_a_time_and_the_last_wish_first(
    decoder: Decoder, bridge: RecordingBridge
) -> None:
    decoder.want("film", [batch(1), batch(2)])
    decoder.want("look", [batch(5)])
    decoder.want("look", [batch(6)])  # in place of the one before
    assert asked(bridge) == [[1]]
    for wanted in ([1], [6], [2]):
        assert asked(bridge)[-1] == wanted
        decode(bridge)
    assert decoder.told == [("look", True), ("film", True)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("end", [Failed(1, "No memory."), CancelledAt(1, 0)])
def test_what_failed_is_not_asked_again(
    decoder: Decoder, bridge: RecordingBridge, end: Failed | CancelledAt
) -> None:
    decoder.want("film", [batch(1), batch(2)])
    decoder.want("look", [batch(3)])
    bridge.begin(1)
    bridge.arrived.emit(end)
    assert asked(bridge) == [[1]]
    assert sorted(decoder.told) == [("film", False), ("look", False)]  # type: ignore[attr-defined]


def test_after_forgetting_old_pictures_do_not_come(
    decoder: Decoder, bridge: RecordingBridge
) -> None:
    decoder.want("look", [batch(1)])
    decoder.forget()
    decode(bridge)
    assert not decoder.pictures and not decoder.told  # type: ignore[attr-defined]
    decoder.want("look", [batch(1)])
    assert asked(bridge) == [[1], [1]]
