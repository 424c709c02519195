"""What a comparison costs over its pictures made one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from studio.bench.bench import Bench, Conditions, Row
from studio.core.comparing import Compare
from studio.core.generating import Generate
from studio.engine.worker import run_now

PROMPTS = ("a teddy bear", "a slice of pizza", "a rocket", "a red apple")
SCALES = (2.0, 4.0, 6.0)
STEPS = 10
GOAL = 1.1


def measure(conditions: Conditions) -> Iterator[Row]:
    """Different prompts and guidance, so that no two cells can share a batch."""
    worker = conditions.worker
    base = replace(conditions.settings, sampler="dpmpp-2m", steps=STEPS)
    prompts = PROMPTS[: 1 if conditions.quick else None]
    cells = tuple(replace(base, prompt=p, guidance=w) for p in prompts for w in SCALES)
    alone, together, measured = conditions.fastest(
        lambda: [run_now(Generate(cell, preview_every=0), worker) for cell in cells],
        lambda: run_now(Compare(cells, distances=False), worker),
        lambda: run_now(Compare(cells[:1] * len(cells)), worker),
        repeats=3,
    )
    yield Row(f"{len(cells)} cells over as many single pictures", together / alone, "x", GOAL)
    share = 100 * (measured / together - 1)
    yield Row("one converged reference adds", share, "%")


BENCH = Bench("compare", "a comparison's cells over the same pictures one by one", measure)
