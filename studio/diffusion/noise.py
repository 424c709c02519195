"""Noise that a seed alone fixes: drawn on the CPU in float32, one generator a picture, then moved.

Picture i of a batch gets the numbers it would get alone, on whatever device and in whatever dtype
(the rule of edm2's StackedRandomGenerator). Must not choose devices or import samplers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from studio.core.errors import UsageError


class NoiseStream:
    """Standard normal noise for len(seeds) pictures; seeds are whole numbers from 0 to 2^63 - 1."""

    def __init__(self, seeds: Sequence[int]) -> None:
        for seed in seeds:
            if not isinstance(seed, int) or not 0 <= seed < 2**63:
                raise UsageError(f"seed {seed} must be a whole number from 0 to {2**63 - 1}")
        self._seeds = tuple(seeds)
        self._generators = [torch.Generator() for _ in seeds]
        self.restart()

    def initial(
        self,
        shape: tuple[int, ...],
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """The noise sampling starts from, (B, *shape). Always the same: it restarts the stream."""
        self.restart()
        return self._draw(shape).to(device, dtype)

    def like(self, x: Tensor) -> Tensor:
        """The next noise, of x's shape (B, ...), device and dtype."""
        # CUDA stages pageable memory before it returns, so the host need not wait for the device.
        return self._draw(tuple(x.shape[1:])).to(x.device, x.dtype, non_blocking=x.is_cuda)

    def _draw(self, shape: tuple[int, ...]) -> Tensor:
        return torch.stack([torch.randn(shape, generator=g) for g in self._generators])

    def restart(self) -> None:
        """Draws the same again."""
        # torch's CPU generator keeps only 32 bits of a seed: fold the high ones in, so that seeds
        # 2^32 apart differ while smaller seeds mean what they mean everywhere else.
        for generator, seed in zip(self._generators, self._seeds, strict=True):
            generator.manual_seed((seed ^ (seed >> 32) * 0x9E3779B9) & 0xFFFFFFFF)
