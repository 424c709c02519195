"""The event loop's longest waits: in each workspace while it opens and while the engine works, and
in those that do more. The work is in the probes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from studio.bench import probes
from studio.bench.bench import Bench, Conditions, Row

WAIT = 33.0


def waits(probe: str, conditions: Conditions, repeats: int = 2) -> Iterator[Row]:
    """The longest wait in everything that a probe does; the least of several runs of it."""
    found = [probes.run(probe, conditions)["waits"] for _ in range(conditions.repeats(repeats))]
    for what in (what for what in found[0] if what != "loading"):  # that is the bench `window`'s
        yield Row(f"longest wait, {what}", min(each[what] for each in found), "ms", WAIT)


def _bench(name: str, summary: str) -> Bench:
    return Bench(name, summary, partial(waits, name.replace("-", "_")))


WORKSPACES = _bench("workspaces", "the event loop's longest wait in each workspace")
COMPARE = _bench("compare-window", "Compare's longest waits: a comparison made and looked at")
HISTORY = _bench(
    "history-window", "History's longest waits: scrolled, searched and sorted, with 50,000 pictures"
)
INTERPOLATE = _bench(
    "interpolate-window", "Interpolate's longest waits: walks made, scrubbed and exported"
)
LANGUAGE = _bench("language-window", "Language's longest waits: every view and control")
RECONSTRUCT = _bench(
    "reconstruct-window",
    "Reconstruct's longest waits: pictures through all autoencoders, then a training",
)
