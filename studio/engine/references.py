"""How far pictures are from the converged end of their own ordinary differential equation.

All samplers of one model share its probability-flow ODE (Song et al. 2021, arXiv:2011.13456, eq.
13): prompt, guidance and noise fix where it ends, whatever the sampler's path. A stochastic sampler
leaves it on purpose, and its distance says how far. The ODE begins at pure noise: a schedule that
begins short of it (lambda -5) ends 0.02 away on the bundled model, however many its steps. Guidance
is part of the ODE; a rule whose answer depends on the size of the steps (CFG++) or on those before
(APG's momentum) has no limit of its own, so its reference is what the same rule gives in the
reference's many steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from studio.core.comparing import Cell, Distance
from studio.core.generating import Preview
from studio.core.messages import Progress
from studio.core.settings import Settings
from studio.engine.batches import Batch, Runner, batches
from studio.engine.judging import Judge, judge_for
from studio.models.format import Check
from studio.models.model import Model

# Measured on the bundled model in float32, against 800 steps of the same solver from lambda -9 to 7
# (400 of Heun's agree with those to 0.001): at guidance 4 within 0.007 in latents and 0.0003 in
# LPIPS, at guidance 8 within 0.034 and 0.0012.
SAMPLER, SCHEDULE, STEPS = "dpmpp-2m", "beta", 100


def reference_of(cell: Settings) -> Settings:
    """The settings of the converged run that this cell is measured against."""
    return replace(
        cell, sampler=SAMPLER, steps=STEPS, options=(), schedule=SCHEDULE, shift=1.0, cache=0.0
    )


class References:
    """The converged runs of a comparison: one for each prompt, guidance and seed in it."""

    def __init__(self, cells: Sequence[Settings], mine: frozenset[int]) -> None:
        """`mine` are those to measure; the others decide which runs are made together."""
        self._total = len(cells)
        self._cells: dict[Settings, list[int]] = {}
        for index, cell in enumerate(cells):
            self._cells.setdefault(reference_of(cell), []).append(index)
        self._settings = tuple(self._cells)
        served = {index for index, kept in enumerate(self._cells.values()) if mine & set(kept)}
        self.batches = [b for b in batches(self._settings) if served.intersection(b.indices)]
        self._cells = {key: [i for i in kept if i in mine] for key, kept in self._cells.items()}

    @torch.inference_mode()
    def distances(
        self, model: Model, cells: Mapping[int, Cell], runner: Runner, check: Check
    ) -> Iterator[Progress | Preview | Distance]:
        """Every cell's distance, as soon as its reference is made.

        The last cell's Progress goes on meanwhile, `step` of the reference's `steps`.
        """
        judge = judge_for(model, self._settings[0].size)
        for batch in self.batches:
            end = yield from runner.steps(batch.states(model), batch.cost, self._total - 1)
            yield from self._measured(model, batch, end.x, cells, judge, check)

    def _measured(
        self,
        model: Model,
        batch: Batch,
        ends: Tensor,
        cells: Mapping[int, Cell],
        judge: Judge | None,
        check: Check,
    ) -> Iterator[Distance]:
        latents = ends.float().cpu().numpy()
        images = None if judge is None else model.decode(ends)
        check()
        for i, reference in enumerate(batch.indices):
            for index in self._cells[self._settings[reference]]:
                cell = cells[index]
                difference = cell.latents - latents[i]
                lpips = None
                if judge is not None and images is not None:
                    lpips = judge(cell.image, images[i])
                    check()
                yield Distance(cell.job, index, float(np.sqrt(np.mean(difference**2))), lpips)
