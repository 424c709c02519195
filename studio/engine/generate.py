"""From a request to pictures: noise, sampler loop, decoder. Pure but for the device's work."""

from __future__ import annotations

import time
from collections.abc import Iterator

from studio.core.generating import Generate, Picture, Preview
from studio.core.messages import Progress
from studio.diffusion.state import State
from studio.engine.batches import Batch, Clock, Pace, Runner, at_once, lost_numbers
from studio.engine.scoring import fits
from studio.engine.starting import Seeds, source_of
from studio.models.format import Check
from studio.models.model import Model
from studio.models.plan import Plan

PREVIEW_SHARE = 0.05  # of the time


def generate(
    model: Model, request: Generate, check: Check = lambda: None, job: int = 0
) -> Iterator[Progress | Preview | Picture]:
    """Makes request.count pictures; yields what happens, a Progress after every step.

    Picture i is fixed by settings.numbered(i), however many are made in one batch (batches
    round differently in the last bits of the network's precision, as devices do).
    `check` is called between steps and around the decoder and may raise Cancelled.
    Raises UsageError for a sampler that does not exist or a size the model cannot make, and
    StudioError, after all others are made, for pictures whose numbers ran over.
    """
    plan, count = Plan.of(request.settings), request.count
    model.latent_shape(plan.settings.size)
    numbered = [plan.settings.numbered(index) for index in range(count)]
    source, most = source_of(model, plan.settings, request.inputs), at_once(plan)
    clock = Clock(count * plan.cost, count, plan.cost / plan.settings.steps)
    runner = Runner(model, clock, count, check, job)
    for first in range(0, count, most):
        indices = tuple(range(first, min(first + most, count)))
        batch = Batch(plan, indices, Seeds.of([numbered[i] for i in indices]), source)
        previews = Previews(model, runner.pace, indices, request.preview_every, check, job)
        made = yield from runner.made(batch, request.trajectories, previews.after)
        found = fits(list(made.images.values()), plan.settings.prompt)
        score = dict(zip(made.images, found, strict=True))
        for i, (index, trajectory) in enumerate(
            zip(indices, made.trajectories(model, check), strict=True)
        ):
            if i in made.images:
                yield Picture(
                    job, index, made.images[i], numbered[index], made.seconds, made.end.nfe,
                    trajectory, score[i],
                )  # fmt: skip
    if runner.lost:
        raise lost_numbers("Picture", runner.lost, plan.settings)


class Previews:
    """Of a batch, every few steps while they take under 5 % of the time. The first does not count:
    what a model makes of itself once, to be previewed, would keep all others away."""

    def __init__(
        self, model: Model, pace: Pace, indices: tuple[int, ...], every: int, check: Check, job: int
    ) -> None:
        self._model, self._pace, self._indices = model, pace, indices
        self._every, self._check, self._job = every, check, job
        self._began = time.perf_counter()
        self._costs: list[float] = []  # seconds

    def after(self, state: State) -> Iterator[Preview]:
        """Those of a step; none most of the time."""
        if state.step == state.steps or not self._allowed(state.step):
            return
        self._pace.wait()
        began = time.perf_counter()
        images = self._model.preview(state.x0)
        self._costs.append(time.perf_counter() - began)
        for index, image in zip(self._indices, images, strict=True):
            yield Preview(self._job, index, image)
        self._check()

    def _allowed(self, step: int) -> bool:
        if not self._every or step % self._every:
            return False
        elapsed = time.perf_counter() - self._began
        costs = self._costs[1:]
        return sum(costs) + sum(costs[-1:]) <= PREVIEW_SHARE * elapsed
