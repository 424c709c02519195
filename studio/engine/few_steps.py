"""How few steps will do: the cheapest way to a picture that nobody tells from the converged one.

Behind the default sampler, its schedule and steps, and each deterministic sampler's own default
steps (`samplers --few-steps`). Samplers that add noise leave the converged picture on purpose; so
their steps are not chosen this way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from studio.core.errors import ModelError
from studio.core.settings import Settings
from studio.diffusion import samplers
from studio.engine.batches import Batch
from studio.engine.judging import Judge, judge_for
from studio.engine.references import reference_of
from studio.engine.starting import Seeds
from studio.models.model import Model
from studio.models.plan import Plan

STEPS = (4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 25, 30, 40, 50, 60)
PAIRS = (
    "a red apple and a green apple",
    "a cat next to a dog",
    "a car to the left of a tree",
    "a book in front of a teddy bear",
    "a hat on top of a pumpkin",
    "three stars",
    "a bee above a sunflower",
    "a blue cup and a yellow banana",
)


@dataclass(frozen=True)
class Reached:
    """`nfe`: network evaluations a picture, guidance counted. LPIPS to the converged pictures:
    `mean` and `worst` of all, and the mean `alone` of single things (the prompts not in PAIRS)."""

    sampler: str
    schedule: str
    guidance_interval: tuple[float, float]
    steps: int
    nfe: int
    mean: float
    worst: float
    alone: float


@dataclass(frozen=True)
class Pictures:
    """What is made: each prompt with each seed, under the other settings of `base`."""

    base: Settings
    prompts: tuple[str, ...]
    seeds: tuple[int, ...]

    @torch.inference_mode()
    def made(
        self, model: Model, settings: Settings, tell: Callable[[], object] = lambda: None
    ) -> tuple[np.ndarray, int]:
        """(prompts x seeds, S, S, 3) uint8, and the evaluations that each took; `tell` is called
        after each prompt."""
        images, nfe = [], 0
        for prompt in self.prompts:
            plan = Plan.of(replace(settings, prompt=prompt))
            indices = tuple(range(len(self.seeds)))
            *_, last = Batch(plan, indices, Seeds(self.seeds)).states(model)
            images.append(model.decode(last.x))
            nfe = max(nfe, last.nfe)
            tell()
        return np.concatenate(images), nfe


class Measure:
    """Pictures against the converged ones, guided everywhere, which are made once."""

    def __init__(
        self, model: Model, pictures: Pictures, tell: Callable[[], object] = lambda: None
    ) -> None:
        """`tell` is called after each prompt's pictures, the converged ones' too. Raises ModelError
        where LPIPS's weights are not at hand."""
        self._model, self._pictures, self._tell = model, pictures, tell
        judge = judge_for(model, pictures.base.size)
        if judge is None:
            raise ModelError("LPIPS's weights are needed to judge, and are not on this machine.")
        self._judge: Judge = judge
        self._converged = pictures.made(model, reference_of(pictures.base), tell)[0]

    def reached(self, settings: Settings) -> Reached:
        made, nfe = self._pictures.made(self._model, settings, self._tell)
        far = [self._judge(a, b) for a, b in zip(made, self._converged, strict=True)]
        prompts, seeds = self._pictures.prompts, len(self._pictures.seeds)
        alone = [d for i, d in enumerate(far) if prompts[i // seeds] not in PAIRS]
        way = settings.sampler, settings.schedule, settings.guidance_interval, settings.steps
        mean, worst = float(np.mean(far)), float(np.max(far))
        return Reached(*way, nfe, mean, worst, float(np.mean(alone)))


def candidates() -> tuple[str, ...]:
    """Samplers that end where the equation does, in as many steps as they are told."""
    specs = samplers.all_samplers()
    return tuple(s.name for s in specs if not (s.stochastic or s.needs) and s.nfe_per_step)


def fewest(
    measure: Measure,
    base: Settings,
    near: float,
    report: Callable[[Reached], None] = lambda row: None,
) -> list[Reached]:
    """The rows met on the way to the fewest steps whose mean LPIPS is `near`: halving, because more
    steps come nearer. None is where even the most STEPS are not."""
    rows: list[Reached] = []

    def is_near(steps: int) -> bool:
        rows.append(measure.reached(replace(base, steps=steps)))
        report(rows[-1])
        return rows[-1].mean <= near

    bisect_left(STEPS, True, key=is_near)
    return rows


def cheapest(rows: Sequence[Reached], near: float) -> Reached | None:
    """The near row of fewest evaluations, then of the smallest distance; None if none is near."""
    found = [row for row in rows if row.mean <= near]
    return min(found, key=lambda row: (row.nfe, row.mean), default=None)
