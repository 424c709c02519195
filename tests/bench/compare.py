"""What a comparison costs and shows, on the bundled model.

    python tests/bench/compare.py

Twelve cells against twelve times one picture (the budget is a ratio of 1.1), interleaved, minima;
then, without guidance and with it, the fewest denoiser evaluations with which a sampler comes
within LPIPS 0.05 of the converged picture, mean over prompts (needs LPIPS's weights). Prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from studio.core.events import Distance, Finished
from studio.core.requests import Compare, Generate, Settings
from studio.engine.worker import Worker, run_now

PROMPTS = ("a teddy bear", "a slice of pizza", "a rocket", "a red apple")
SAMPLERS = ("flow-euler", "ddim", "dpmpp-2m")
STEPS = (4, 6, 8, 10, 12, 16, 20, 24, 32)
SCHEDULES = ("", "uniform-lambda", "beta")  # the sampler's own, and two that it may take
NEAR = 0.05  # LPIPS
REPEATS = 3


def seconds(worker: Worker, request: Generate | Compare) -> float:
    start = time.perf_counter()
    run_now(request, worker)
    return time.perf_counter() - start


def twelve_cells(worker: Worker) -> dict[str, float]:
    """Different prompts and guidance, so that no two cells can share a batch."""
    base = Settings("", sampler="dpmpp-2m", steps=20, seed=1)
    cells = tuple(
        replace(base, prompt=prompt, guidance=w) for prompt in PROMPTS for w in (2.0, 4.0, 6.0)
    )
    alone, together, with_distances = [], [], []
    for _ in range(REPEATS):
        alone.append(sum(seconds(worker, Generate(cell, preview_every=0)) for cell in cells))
        together.append(seconds(worker, Compare(cells, distances=False)))
        with_distances.append(seconds(worker, Compare(cells[:1] * 12)))
    return {
        "twelve_pictures_s": min(alone),
        "twelve_cells_s": min(together),
        "ratio": min(together) / min(alone),
        "one_reference_share": min(with_distances) / min(together) - 1,
    }


def evaluations(worker: Worker, guidance: float) -> dict[str, dict[str, object]]:
    """LPIPS to the converged picture by steps, and the fewest evaluations that come near."""
    found: dict[str, dict[str, object]] = {}
    for sampler in SAMPLERS:
        for schedule in SCHEDULES:
            cells = tuple(
                Settings(p, sampler=sampler, steps=n, guidance=guidance, seed=1, schedule=schedule)
                for p in PROMPTS
                for n in STEPS
            )
            far = lpips_of(worker, cells)
            a_step = 2 if sampler == "flow-heun" else 1
            curve = {
                n * a_step: round(sum(far[i :: len(STEPS)]) / len(PROMPTS), 4)
                for i, n in enumerate(STEPS)
            }
            near = [nfe for nfe in curve if all(curve[m] <= NEAR for m in curve if m >= nfe)]
            name = f"{sampler} {schedule}".strip()
            found[name] = {"lpips_by_steps_nfe": curve, "near_at": min(near, default=None)}
            print(name, found[name], file=sys.stderr, flush=True)
    return found


def lpips_of(worker: Worker, cells: tuple[Settings, ...]) -> list[float]:
    far = [float("nan")] * len(cells)
    for event in worker.run(Compare(cells, trajectories=False)):
        if isinstance(event, Distance):
            assert event.lpips is not None, "LPIPS's weights are not on this machine"
            far[event.index] = event.lpips
        assert not isinstance(event, Finished) or all(x == x for x in far)
    return far


def main() -> None:
    worker = Worker("cpu")
    document = {
        "cells": twelve_cells(worker),
        "within_0.05": {f"guidance {w:g}": evaluations(worker, w) for w in (1.0, 4.0)},
    }
    json.dump(document, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
