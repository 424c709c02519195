"""A comparison: its cells one after another from their own noise, then how far each has come.

Imports torch (the rest of the engine imports this lazily). Must not import Qt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch

from studio.core.comparing import Cell, Compare, Distance
from studio.core.messages import Progress
from studio.diffusion import samplers
from studio.engine import finite, sampling
from studio.engine.batches import Batch, Countdown, batches, steps
from studio.engine.references import References
from studio.engine.trajectories import Recorder
from studio.models.model import Model


def compare(
    model: Model, request: Compare, check: Callable[[], None] = lambda: None, job: int = 0
) -> Iterator[Progress | Cell | Distance]:
    """Makes every cell, then measures them; yields a Progress after every step.

    A Progress names the first cell of its batch (cells that differ only in their seeds are made
    together, and share the batch's time), a Cell its own index. `check` is called between steps and
    around the decoder and may raise Cancelled.
    Raises UsageError, before the first step, for settings that a cell cannot be made with;
    StudioError, after all others are made, for cells whose numbers ran over.
    """
    cells = tuple(
        replace(cell, sampler=samplers.find(cell.sampler).spec.name) for cell in request.cells
    )
    made = {cell.index: cell for cell in request.made}
    mine = frozenset(range(len(cells))) if request.only is None else request.only
    parts = [batch for batch in batches(cells) if mine.intersection(batch.indices) - made.keys()]
    references = References(cells, mine) if request.distances else None
    for batch in parts:  # not under inference mode: a classifier's weights must not be made in it
        check()
        sampling.check(batch.settings)
        sampling.states(model, batch.settings, batch.seeds)  # not begun: asks what the model has
    if parts:
        _warm(model, parts[0])
    countdown = Countdown((*parts, *(references.batches if references else ())))
    lost: dict[int, int] = {}
    for batch in parts:
        whole = replace(request, cells=cells)
        for event in _made(model, batch, whole, check, job, countdown, lost):
            if isinstance(event, Cell):
                made[event.index] = replace(event, trajectory=None)
            yield event
    if lost:
        raise finite.lost("Cell", lost, cells[min(lost)])
    if references is not None:
        yield from references.distances(model, made, check, job, countdown)


@torch.inference_mode()
def _warm(model: Model, batch: Batch) -> None:
    """One step and one decode for nothing: what a device does once is not the first cell's time."""
    for state in sampling.states(model, batch.settings, batch.seeds):
        model.decode(state.x)
        return


@torch.inference_mode()  # entered anew whenever the generator goes on
def _made(
    model: Model,
    batch: Batch,
    request: Compare,
    check: Callable[[], None],
    job: int,
    countdown: Countdown,
    lost: dict[int, int],
) -> Iterator[Progress | Cell]:
    began = time.perf_counter()
    recorder = _recorder(model, batch) if request.trajectories else None
    state, watched = None, finite.Watched()
    for state in steps(model, batch, check, recorder.watch if recorder else None):
        watched.add(state)
        if recorder is not None:
            recorder.add(state)
        left = countdown.seconds_left(batch, state)
        first, count = batch.indices[0], len(request.cells)
        yield Progress(job, first, count, state.step, state.steps, left, batch.together)
    assert state is not None
    gone = watched.lost()
    lost.update({batch.indices[i]: step for i, step in gone.items()})
    images = model.decode(state.x.nan_to_num() if gone else state.x)
    check()
    seconds = (time.perf_counter() - began) / len(batch.indices)
    countdown.finished(batch)
    latents = state.x.float().cpu().numpy()
    kept = recorder.trajectories(model, check) if recorder else None
    for i, index in enumerate(batch.indices):
        mine = request.cells[index]
        trajectory = next(kept) if kept else None
        if i not in gone:
            yield Cell(job, index, images[i], latents[i], mine, seconds, state.nfe, trajectory)


def _recorder(model: Model, batch: Batch) -> Recorder:
    settings = batch.settings
    start = sampling.start_of(model, settings, batch.seeds)
    return Recorder(start, sampling.schedule_of(settings)(settings.steps)[0])
