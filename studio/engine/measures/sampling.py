"""Samplers on the plane, where the truth is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from studio.core.laboratory import Lab, LabRun
from studio.core.settings import Settings
from studio.engine.measures import Means

PARTICLES = 800  # as the laboratory shows


def lab(means: Means, sampler: str, steps: int, likelihood: bool = False, **asked: Any) -> LabRun:
    settings = Settings("", sampler=sampler, steps=steps, guidance=1.0, seed=0)
    asked = {"distribution": "moons", **asked}
    request = Lab(settings=settings, particles=PARTICLES, likelihood=likelihood, **asked)  # type: ignore[arg-type]
    return means.ask(request, LabRun)[0]


def off(run: LabRun) -> float:
    """The median distance of a particle from where the exact ODE takes its noise."""
    return float(np.median(np.linalg.norm(run.points[-1] - run.exact_end, axis=-1)))


def distance(means: Means, samplers: tuple[str, ...], steps: int, **asked: Any) -> float:
    """The largest energy distance to the truth among them, less what true samples get."""
    runs = (lab(means, sampler, steps, **asked) for sampler in samplers)
    return max(run.distance - run.floor for run in runs)


def order(means: Means, sampler: str, steps: int, **asked: Any) -> float:
    """log2 of what twice the steps gain."""
    few, many = (off(lab(means, sampler, n, **asked)) for n in (steps, 2 * steps))
    return math.log2(few / many)


def gain(means: Means, worse: str, better: str, calls: int) -> float:
    """How many times further off one is than the other for as many evaluations."""
    runs = [lab(means, name, calls) for name in (worse, better)]
    runs = [lab(means, r.settings.sampler, calls * calls // r.nfe) for r in runs]
    return off(runs[0]) / off(runs[1])


def likelihood(means: Means, source: str, distribution: str = "moons") -> float:
    """Nats a point that a denoiser's log-likelihood of true samples lies below the truth's."""
    run = lab(means, "flow-heun", 4, True, source=source, distribution=distribution)
    assert run.exact_log_likelihood is not None and run.log_likelihood is not None
    return run.exact_log_likelihood - run.log_likelihood


MEASURES = {
    "lab-distance": distance, "lab-order": order, "lab-gain": gain, "lab-likelihood": likelihood,
}  # fmt: skip
