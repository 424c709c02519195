"""Whether the studio grows: memory, threads and handles over many pictures, made and cancelled."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from studio.bench import probes
from studio.bench.bench import Bench, Conditions, Row
from studio.core.errors import StudioError

CYCLES, QUICK = 200, 8
MEGABYTES, MORE = 100.0, 2.0  # and threads and handles that come and go


def measure(conditions: Conditions) -> Iterator[Row]:
    if sys.platform != "linux":
        raise StudioError("bench cycles reads /proc, which only Linux has.")
    cycles = QUICK if conditions.quick else CYCLES
    found = probes.run("cycles", conditions, cycles=cycles)
    first, last = found["samples"][0], found["samples"][-1]
    settled = next((each for each in found["samples"] if each["cycle"] >= 20), last)
    yield Row(f"{cycles} pictures, made or cancelled: memory", grown(first, last, "resident"), "MB",
              MEGABYTES)  # fmt: skip
    for what in ("threads", "handles"):
        yield Row(f"{what} more than after 20", grown(settled, last, what), "", MORE)


def grown(before: dict[str, float], after: dict[str, float], what: str) -> float:
    return after[what] - before[what]


BENCH = Bench("cycles", "whether the studio grows over many pictures", measure)
