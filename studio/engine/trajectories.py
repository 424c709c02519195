"""Keeps every step of a batch on its device, and brings it home as NumPy arrays at the end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from studio.core.generating import Trajectory
from studio.diffusion.state import State
from studio.models.format import Check
from studio.models.model import Model

PREVIEWED_AT_ONCE = 16


class Recorder:
    """Frame k is where step k began: x there, the x0 predicted there and the guidance's gap.

    Samples are kept as x / hypot(alpha, sigma), the variance-preserving path's scale, whatever path
    the sampler walks: from one noise, equal times then show equal amounts of it. Nothing here waits
    for the device before `trajectories`.
    """

    def __init__(self, noise: Tensor, time: float) -> None:
        """`noise` (B, C, h, w), standard normal, is where all samplers begin, at `time`."""
        self._x, self._times = [noise.half()], [time]
        self._x0: list[Tensor] = []
        self._gaps: list[Tensor] = []
        self._gap: Tensor | None = None

    def watch(self, difference: Tensor) -> None:
        """Takes epsilon_c - epsilon_u (B, C, h, w) of the first evaluation of a step."""
        if self._gap is None:
            self._gap = difference.abs().mean(1).half()

    def passed(self, states: Iterable[State]) -> Iterator[State]:
        """The same states, each kept on its way."""
        for state in states:
            self.add(state)
            yield state

    def add(self, state: State) -> None:
        """Takes the end of a step, which is where the next begins."""
        x = state.x / math.hypot(state.alpha, state.sigma)
        self._x0.append(state.x0.half())
        self._gaps.append(torch.zeros_like(x[:, 0]).half() if self._gap is None else self._gap)
        self._x.append(x.half())
        self._times.append(state.sigma / (state.alpha + state.sigma))
        self._gap = None

    def trajectories(self, model: Model, check: Check) -> Iterator[Trajectory]:
        """One for each picture of the batch; `check` is called between previews."""
        end = self._x[-1]
        x, x0 = torch.stack(self._x, 1), torch.stack([*self._x0, end], 1)  # (B, n, C, h, w)
        gaps = torch.stack([*self._gaps, torch.zeros_like(end[:, 0])], 1)
        for frames, clean, gap in zip(x, x0, gaps, strict=True):
            yield Trajectory(
                times=tuple(self._times),
                x=frames.cpu().numpy(),
                x0=clean.cpu().numpy(),
                noisy=_previews(model, frames, check),
                clean=_previews(model, clean, check),
                gap=gap.float().cpu().numpy(),
            )


def _previews(model: Model, latents: Tensor, check: Check) -> np.ndarray:
    """(n, C, h, w) -> (n, h', w', 3) uint8."""
    images = []
    for some in latents.float().split(PREVIEWED_AT_ONCE):
        check()
        images.append(model.preview(some))
    return np.concatenate(images)
