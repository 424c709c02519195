"""The event loop's longest wait in each workspace, while it opens and while the engine works."""

from __future__ import annotations

from collections.abc import Iterator

from studio.bench import probes
from studio.bench.bench import Bench, Conditions, Row

WAIT = 33.0


def measure(conditions: Conditions) -> Iterator[Row]:
    yield from waits("workspaces", conditions)


def waits(probe: str, conditions: Conditions, repeats: int = 2) -> Iterator[Row]:
    """The longest wait in everything that a probe does; the least of several runs of it."""
    found = [probes.run(probe, conditions)["waits"] for _ in range(conditions.repeats(repeats))]
    for what in (what for what in found[0] if what != "loading"):  # that is the bench `window`'s
        yield Row(f"longest wait, {what}", min(each[what] for each in found), "ms", WAIT)


BENCH = Bench("workspaces", "the event loop's longest wait in each workspace", measure)
