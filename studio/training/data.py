"""Batches of composed scenes: deterministic by index, made ahead of time by worker processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from studio.dataset.captions import caption
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix, Scene, compose, sample_scene

T = TypeVar("T")


class SceneSource:
    """Scene number i of a seed is always the same scene, with the same `forms` captions."""

    def __init__(
        self, catalogue: Catalogue, mix: Mix, seed: int, size: int = 256, forms: int = 1
    ) -> None:
        self.catalogue, self.mix, self.seed = catalogue, mix, seed
        self.size, self.forms = size, forms

    def scene(self, index: int) -> tuple[Scene, np.random.Generator]:
        """Scene `index`, and the generator as drawing it left it."""
        rng = np.random.default_rng([self.seed, index])
        return sample_scene(rng, self.catalogue, self.mix), rng

    def one(self, index: int) -> tuple[np.ndarray, tuple[str, ...]]:
        """The picture (S, S, 3) uint8 of scene `index`, and its captions."""
        scene, rng = self.scene(index)
        captions = tuple(caption(scene, self.catalogue, rng) for _ in range(self.forms))
        return compose(scene, self.catalogue, self.size), captions

    def many(self, start: int, count: int) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
        """(count, S, S, 3) uint8 and captions of scenes start .. start + count - 1."""
        pictures, captions = zip(*(self.one(start + i) for i in range(count)), strict=True)
        return np.stack(pictures), captions


def to_tensor(pictures: np.ndarray, device: torch.device) -> Tensor:
    """(B, S, S, 3) uint8 -> (B, 3, S, S) float in [-1, 1], channels last."""
    tensor = torch.from_numpy(pictures).to(device, non_blocking=True)
    return tensor.permute(0, 3, 1, 2).float() / 127.5 - 1.0


def workers_for(device: torch.device) -> int:
    """Worker processes: none where the cores are busy training, all but two beside a GPU."""
    return max(1, (os.cpu_count() or 2) - 2) if device.type == "cuda" else 0


class Ahead(Generic[T]):
    """Calls `make(step)` for the coming steps in worker processes; in place with no workers."""

    def __init__(self, make: Callable[[int], T], workers: int) -> None:
        self._make = make
        # spawned, not forked: a fork of a process that uses CUDA may hang
        context = multiprocessing.get_context("spawn")
        self._pool: Executor | None = (
            ProcessPoolExecutor(workers, mp_context=context) if workers else None
        )
        self._ahead = 2 * workers
        self._pending: dict[int, Future[T]] = {}

    def get(self, step: int, stride: int = 1) -> T:
        if self._pool is None:
            return self._make(step)
        for coming in range(step, step + self._ahead * stride, stride):
            if coming not in self._pending:
                self._pending[coming] = self._pool.submit(self._make, coming)
        return self._pending.pop(step).result()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
