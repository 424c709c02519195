"""A walk: what its ends are, then its frames from coarse to fine."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.core.generating import Preview
from studio.core.messages import Progress
from studio.core.walks import End, Frame, Inverted, Spaced, Walk, places, weights
from studio.diffusion.interpolation import (
    bilinear,
    coarse_to_fine,
    coarse_to_fine_grid,
    equal_speed,
)
from studio.diffusion.inversion import invert
from studio.diffusion.noise import NoiseStream
from studio.diffusion.state import State
from studio.engine.batches import Batch, Clock, Runner
from studio.engine.judging import judge_for
from studio.engine.starting import Seeds, checked, picture_for
from studio.models.format import Check
from studio.models.model import Model
from studio.models.plan import Plan

Walked = Progress | Preview | Inverted | Frame | Spaced


@dataclass(frozen=True, eq=False)
class Prepared:
    """An end: its `noise` or clean `latents` (1, C, h, w), and its prompts' features. `encoded` are
    the latents of its picture, if it came as one."""

    point: Tensor
    prompted: Any
    negative: Any
    stream: NoiseStream
    encoded: Tensor | None = None


class MixedStream(NoiseStream):
    """The further noise of a frame: on the way between that of the ends, so that a frame at an end
    draws what the end draws."""

    def __init__(self, ends: Sequence[NoiseStream], place: tuple[float, float], how: str) -> None:
        self._ends, self._place, self._how = ends, place, how

    def like(self, x: Tensor) -> Tensor:
        return bilinear([end.like(x) for end in self._ends], *self._place, self._how)


def walk(
    model: Model, request: Walk, check: Check = lambda: None, job: int = 0
) -> Iterator[Walked]:
    """Yields every Frame as soon as it is made, ends first, then middles, quarters and so on.

    A frame at an end is the picture that `generate` makes of it, bit for bit (alone in its batch).
    `check` is called between steps and may raise Cancelled. Raises UsageError.
    """
    return Walker(model, request, check, job).run()


class Walker:
    """One walk: its prepared ends, its frames so far."""

    def __init__(self, model: Model, request: Walk, check: Check, job: int) -> None:
        self._plan = Plan.of(request.ends[0].settings).on(model)
        self._plain, self._model = model, self._plan.dressed(model)
        self._walk, self._check, self._job = request, check, job
        self._ends: list[Prepared] = []
        self._made: dict[int, Frame] = {}
        total = request.runs
        self._runner, self._run = Runner(model, Clock(total), total, check, job), 0

    def run(self) -> Iterator[Walked]:
        for end in self._walk.ends:
            yield from self._prepare(end)
        where, columns = places(self._walk), self._walk.columns
        if self._walk.rows == 1:
            order = coarse_to_fine(columns)
        else:
            order = coarse_to_fine_grid(self._walk.rows, columns)
        for index in order:
            yield from self._frame(index, where[index])
        if len(self._walk.ends) == 2:
            yield from self._even(order)

    def _end_of(self, states: Iterator[State]) -> Generator[Progress | Preview, None, State]:
        """The last state of one of the walk's runs."""
        self._run += 1
        return self._runner.steps(states, 1.0, self._run - 1)

    @torch.inference_mode()
    def _prepare(self, end: End) -> Iterator[Walked]:
        plan = Plan.of(end.settings).on(self._plain)
        if not plan.same_loras(self._plan):
            raise UsageError("the ends of a walk have the same LoRA on; give both the same tags.")
        model = plan.dressed(self._plain)
        self._check()
        prompted = model.condition([plan.settings.prompt])
        negative = model.condition([plan.settings.negative], negative=True)
        alone = Batch(plan, (0,), Seeds.of([plan.settings]))
        encoded, point = None, None  # type: Tensor | None, Tensor | None
        if end.picture is not None:
            encoded = point = model.encode(picture_for(plan.settings, end.picture)[None])
            checked(point, f"What {plan.settings.model} encodes this picture to")
        if self._walk.way == "noise" and encoded is None:
            point = alone.start(model)
        elif self._walk.must_run(end):
            states = alone.states(model) if encoded is None else self._inverted(plan, encoded)
            last = yield from self._end_of(states)
            point = last.x / math.hypot(last.alpha, last.sigma)
        assert point is not None
        self._ends.append(Prepared(point, prompted, negative, alone.seeds.stream(), encoded))

    def _inverted(self, plan: Plan, latents: Tensor) -> Iterator[State]:
        denoiser, steps = plan.guided(self._plain), plan.settings.steps
        return invert(plan.sampler, denoiser, latents, steps, plan.schedule)

    @torch.inference_mode()  # entered anew whenever the generator goes on
    def _frame(self, index: int, place: tuple[float, float]) -> Iterator[Walked]:
        began, nfe = time.perf_counter(), 0
        self._check()
        point = bilinear([end.point for end in self._ends], *place, self._walk.noise)
        if self._walk.way == "noise":
            last = yield from self._end_of(self._sampled(point, place))
            point, nfe = last.x, last.nfe
        checked(point, f"Frame {index + 1} was lost: its latent")
        image = self._model.decode(point)[0]
        seconds = time.perf_counter() - began
        self._made[index] = Frame(self._job, index, place, image, seconds, nfe)
        yield self._made[index]
        share = weights(len(self._ends), place)
        if 1.0 in share and self._walk.way == "noise":
            yield from self._returned(share.index(1.0), image, point)

    def _sampled(self, noise: Tensor, place: tuple[float, float]) -> Iterator[State]:
        share, like = weights(len(self._ends), place), self._walk.conditioning == "normalised"
        conditions = (
            self._model.mixed([getattr(end, name) for end in self._ends], share, like)
            for name in ("prompted", "negative")
        )
        for end in self._ends:  # every frame draws anew
            end.stream.restart()
        stream = MixedStream([end.stream for end in self._ends], place, self._walk.noise)
        denoiser = self._plan.guided_by(self._model, *conditions)
        return self._plan.states(denoiser, noise, stream)

    def _returned(self, index: int, image: np.ndarray, latents: Tensor) -> Iterator[Inverted]:
        """How well a picture came back from its noise."""
        wanted = self._ends[index].encoded
        if wanted is not None:
            target = self._model.decode(wanted)[0]
            error = float((latents - wanted).square().mean())
            span = float(wanted.max() - wanted.min())
            difference = image.astype(np.float64) - target
            yield Inverted(
                self._job,
                index,
                image,
                psnr=_decibels(255.0, float(np.square(difference).mean())),
                latent_psnr=_decibels(span, error),
            )

    def _even(self, order: Sequence[int]) -> Iterator[Walked]:
        """Distances between neighbours; if asked, the inner frames again at an even speed."""
        spaced = self._spaced()
        yield spaced
        if not self._walk.even:
            return
        shares = equal_speed(spaced.distances, self._walk.columns)
        for index in order:
            if 0 < index < self._walk.columns - 1:
                yield from self._frame(index, (shares[index], 0.0))
        yield self._spaced()

    @torch.inference_mode()
    def _spaced(self) -> Spaced:
        judge = judge_for(self._model, self._plan.settings.size)
        distances = []
        for index, after in pairwise(range(self._walk.columns)):
            self._check()
            a, b = self._made[index].image, self._made[after].image
            distances.append((judge or _root_mean_square)(a, b))
        return Spaced(self._job, tuple(distances), "LPIPS" if judge is not None else "pixels")


def _root_mean_square(a: np.ndarray, b: np.ndarray) -> float:
    return math.sqrt(float(np.square(a / 255.0 - b / 255.0).mean()))


def _decibels(peak: float, square: float) -> float:
    return 20 * math.log10(peak) - 10 * math.log10(max(square, 1e-12))
