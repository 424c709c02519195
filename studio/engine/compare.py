"""A comparison: its cells one after another from their own noise, then how far each has come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch

from studio.core.comparing import Cell, Compare, Distance
from studio.core.generating import Preview
from studio.core.messages import Progress
from studio.engine.batches import Batch, Clock, Runner, batches, lost_numbers
from studio.engine.references import References
from studio.engine.scoring import fits
from studio.models.format import Check
from studio.models.model import Model
from studio.models.plan import Plan


def compare(
    model: Model, request: Compare, check: Check = lambda: None, job: int = 0
) -> Iterator[Progress | Preview | Cell | Distance]:
    """Makes every cell, then measures them; yields a Progress after every step.

    A Progress names the first cell of its batch (cells that differ only in their seeds are made
    together, and share the batch's time), a Cell its own index. `check` is called between steps and
    around the decoder and may raise Cancelled.
    Raises UsageError, before the first step, for settings that a cell cannot be made with;
    StudioError, after all others are made, for cells whose numbers ran over.
    """
    cells = tuple(Plan.of(cell).settings for cell in request.cells)
    made = {cell.index: cell for cell in request.made}
    mine = frozenset(range(len(cells))) if request.only is None else request.only
    parts = [batch for batch in batches(cells) if mine.intersection(batch.indices) - made.keys()]
    references = References(cells, mine) if request.distances else None
    for batch in parts:  # not under inference mode: a classifier's weights must not be made in it
        check()
        batch.states(model)  # not begun: asks what the model has
    if parts:
        _warm(model, parts[0])
    every = (*parts, *(references.batches if references else ()))
    runner = Runner(model, Clock(sum(batch.cost for batch in every)), len(cells), check, job)
    for batch in parts:
        come = yield from runner.made(batch, request.trajectories)
        latents = come.end.x.float().cpu().numpy()
        for i, trajectory in enumerate(come.trajectories(model, check)):
            if i in come.images:
                index = batch.indices[i]
                cell = Cell(
                    job, index, come.images[i], latents[i], cells[index], come.seconds,
                    come.end.nfe, trajectory, *fits([come.images[i]], cells[index].prompt),
                )  # fmt: skip
                made[index] = replace(cell, trajectory=None)
                yield cell
    if runner.lost:
        raise lost_numbers("Cell", runner.lost, cells[min(runner.lost)])
    if references is not None:
        yield from references.distances(model, made, runner, check)


@torch.inference_mode()
def _warm(model: Model, batch: Batch) -> None:
    """One step and one decode for nothing: what a device does once is not the first cell's time."""
    for state in batch.states(model):
        model.decode(state.x)
        return
