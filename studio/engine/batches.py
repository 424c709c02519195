"""Settings that one batch can serve, its steps, and what is left of a job made of batches.

Imports torch (the rest of the engine imports this lazily). Must not import Qt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from studio.core.settings import Settings
from studio.diffusion import samplers
from studio.diffusion.guidance import Watch
from studio.diffusion.state import State
from studio.engine.generate import Pace
from studio.engine.sampling import at_once, states
from studio.engine.starting import Seeds
from studio.models.model import Model


@dataclass(frozen=True)
class Batch:
    """Pictures that differ in their seeds only: `indices` among all, one seed for each."""

    settings: Settings  # of the first
    indices: tuple[int, ...]
    seeds: Seeds

    @property
    def together(self) -> int:
        """How many pictures a Progress can name: those that follow the first without a gap."""
        first = self.indices[0]
        return sum(index == first + i for i, index in enumerate(self.indices))

    @property
    def cost(self) -> int:
        """Denoiser evaluations, roughly: an adaptive solver's are not known beforehand."""
        settings = self.settings
        a_step = samplers.find(settings.sampler).spec.nfe_per_step or 1
        prompts = 1 if settings.guidance in (0.0, 1.0) else 2
        return len(self.seeds.own) * settings.steps * a_step * prompts


def batches(all_settings: Sequence[Settings]) -> tuple[Batch, ...]:
    """Pictures that can be made together, in even numbers: no picture's time then stands out."""
    alike: dict[Settings, list[int]] = {}
    for index, settings in enumerate(all_settings):
        alike.setdefault(replace(settings, seed=0, variation_seed=0), []).append(index)
    made = []
    for indices in alike.values():
        settings = all_settings[indices[0]]
        count = -(-len(indices) // at_once(settings))
        for part in (indices[i * len(indices) // count : (i + 1) * len(indices) // count]
                     for i in range(count)):  # fmt: skip
            seeds = Seeds.of([all_settings[index] for index in part])
            made.append(Batch(all_settings[part[0]], tuple(part), seeds))
    return tuple(made)


def steps(
    model: Model, batch: Batch, check: Callable[[], None], watch: Watch | None = None
) -> Iterator[State]:
    """The sampler's states, the host never far ahead of a GPU; `check` before and after each."""
    pace = Pace(model.device)
    check()
    for state in states(model, batch.settings, batch.seeds, watch):
        pace.step()
        yield state
        check()


class Countdown:
    """What is left of a job, from how long its share that is done has taken."""

    def __init__(self, job: Sequence[Batch]) -> None:
        self._total = sum(batch.cost for batch in job)
        self._done = 0
        self._began = time.perf_counter()

    def seconds_left(self, batch: Batch, state: State) -> float:
        """After a step of `batch`."""
        done = self._done + batch.cost * state.step / state.steps
        return (time.perf_counter() - self._began) * max(0.0, self._total / done - 1.0)

    def finished(self, batch: Batch) -> None:
        self._done += batch.cost
