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


def views(conditions: Conditions) -> Iterator[Row]:
    """The longest wait in all that is done in each view of Language; and the longest without waits
    for a processor, which other programs cause as well."""
    found = [probes.run("language_window", conditions) for _ in range(conditions.repeats(2))]
    for kind, words in (("waits", "longest wait"), ("own", "without waits for a processor")):
        least = {what: min(each[kind][what] for each in found) for what in found[0][kind]}
        longest: dict[str, tuple[float, str]] = {}
        for what, wait in least.items():
            view, _, step = what.removesuffix(" opened").partition(": ")
            if what != "loading":
                longest[view] = max(longest.get(view, (0.0, "")), (wait, step or "opened"))
        for view, (wait, step) in longest.items():
            conditions.say(f"{view}: {wait:.0f} ms in {step!r}")
            yield Row(f"{words}, {view}", wait, "ms", WAIT)


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
LANGUAGE = Bench("language-window", "Language's longest waits: every view and control", views)
RECONSTRUCT = _bench(
    "reconstruct-window",
    "Reconstruct's longest waits: pictures through all autoencoders, then a training",
)
