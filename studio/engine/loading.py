"""How a model is loaded: whether it fits is known before, how far it is meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from studio.core.device import Device
from studio.core.errors import ModelError
from studio.core.messages import Loading
from studio.engine import devices
from studio.models.chosen import split
from studio.models.format import Check, Reading
from studio.models.known import bytes_of, place_of

if TYPE_CHECKING:
    from studio.models.memory import Fit

EVERY = 0.1  # seconds between two reports


def fit_of(name: str, device: Device, held: int = 0) -> Fit:
    """What a model needs of the device, `held` of which are another's that it replaces. Raises
    ModelError."""
    from studio.models.memory import Fit, need_of

    need, free = need_of(name, device.precision), devices.free_bytes(device.name)
    return Fit(name, need, free + held if free else 0, device)


def stored(name: str) -> int:
    """The bytes of a model's files; 0 for what is not there."""
    from studio.models.memory import need_of

    with suppress(ModelError):
        return need_of(name, "float32").stored
    return bytes_of(place_of(split(name)[0]))


def watched(check: Check, begin: Loading, hear: Callable[[Loading], None]) -> Reading:
    """The check of a load that tells how far it is."""
    began = last = time.perf_counter()

    def read(done: int) -> None:
        nonlocal last
        now, done = time.perf_counter(), min(done, begin.bytes)
        if now - last >= EVERY and done:
            last = now
            left = (now - began) * (begin.bytes / done - 1)
            hear(Loading(begin.job, begin.model, begin.bytes, done, left))

    return Reading(check, read)
