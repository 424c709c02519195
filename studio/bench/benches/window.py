"""The window: how soon it is there, and how long its event loop waits while the engine works."""

from __future__ import annotations

from collections.abc import Iterator

from studio.bench import probes
from studio.bench.bench import Bench, Conditions, Row

PAINTED, WAIT = 1.2, 33.0
REPEATS = 3


def measure(conditions: Conditions) -> Iterator[Row]:
    """The least of several starts, so that another program's work is not counted."""
    found = [probes.run("window", conditions) for _ in range(conditions.repeats(REPEATS))]
    yield Row("window on the screen", min(each["painted"] for each in found), "s", PAINTED)
    ready = min(each["painted"] + each["seconds"]["loading"] for each in found)
    yield Row("model ready, from the start", ready, "s")
    for what in found[0]["waits"]:
        longest = min(each["waits"][what] for each in found)
        yield Row(f"longest wait, {what}", longest, "ms", WAIT)


BENCH = Bench("window", "the window on the screen, and its event loop's longest waits", measure)
