"""diffusers' First Block Cache around one denoiser. Imports torch, and diffusers late.

Where the first block changes a picture by nearly what it changed it by when all blocks were last
asked, what the others added then is added again. Lossy: how nearly is the `threshold`, the mean
absolute difference as a share. ParaAttention's, on the idea of TeaCache (Liu et al. 2024,
arXiv:2411.19108).
"""

from __future__ import annotations

import math
from itertools import count
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor

from studio.diffusion.denoiser import Network
from studio.networks.text import TextFeatures


class BlockCache:
    """Of one denoiser, a CacheMixin: on while a network asks that keeps blocks, off otherwise."""

    def __init__(self, denoiser: Any) -> None:
        self._denoiser, self._threshold = denoiser, 0.0
        self._running, self._names = WeakSet[Keeping](), count()

    def use(self, threshold: float) -> None:
        """0: off. What was kept under another threshold is forgotten."""
        if threshold == self._threshold:
            return
        if self._threshold:
            self._denoiser.disable_cache()
        self._threshold = threshold
        if threshold:
            from diffusers import FirstBlockCacheConfig

            config = FirstBlockCacheConfig(threshold)  # type: ignore[no-untyped-call]
            self._denoiser.enable_cache(config)

    def begin(self, network: Keeping) -> int:
        """A run, by a name of its own; what runs kept that are over is forgotten."""
        if network in self._running or not self._running:
            threshold = self._threshold
            self.use(0.0)
            self.use(threshold)
            self._running.clear()
        self._running.add(network)
        return next(self._names)

    def asked(self, name: str, network: Network, *given: Any) -> Tensor:
        with self._denoiser.cache_context(name):
            return network(*given)


class Keeping:
    """A network asked picture by picture, each with what was kept of itself, under this condition
    and in this run alone: so none depends on those beside it, and no two are joined in one call."""

    def __init__(self, network: Network, cache: BlockCache, threshold: float) -> None:
        self._network, self._cache, self._threshold = network, cache, threshold
        self._start, self._run = -math.inf, 0

    def __call__(self, x: Tensor, t: Tensor, condition: TextFeatures) -> Tensor:
        """A call as noisy as the first one begins a new run, and so does every step of a way back
        to noise."""
        self._cache.use(self._threshold)
        if (now := float(t[0])) >= self._start:
            self._start, self._run = now, self._cache.begin(self)
        rows = [slice(row, row + 1) for row in range(len(x))]
        return torch.cat([
            self._cache.asked(
                f"{self._run} {row.start}", self._network, x[row], t[row], condition.rows(row)
            )
            for row in rows
        ])  # fmt: skip
