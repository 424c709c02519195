"""Large work in little memory: all at once, else in smaller pieces that give the same."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from studio.core.errors import is_out_of_memory
from studio.models.model import ImageAutoencoder
from studio.models.tiling import TILE

#: Pictures at once (0: all of them) and a tile's side in pixels, from the most memory to the least.
WAYS = ((0, TILE), (1, TILE), (1, TILE // 2), (1, TILE // 4))


class Room:
    """What is known of the room there is. `notes` are sentences for the user on what was done."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name, self._notes = name, notes
        self._rows = 0  # that a denoiser can be asked for at once; 0: any number
        self._way = 0

    def asked(self, ask: Callable[[slice], Tensor], count: int) -> Tensor:
        """`ask` of `count` rows: together, or, once memory ran out so, one after another."""
        if not self._rows or count <= self._rows:
            try:
                return ask(slice(0, count))
            except Exception as error:
                if not is_out_of_memory(error) or count == 1:
                    raise
            self._smaller("asks for one prediction after another")  # the traceback is gone here
            self._rows = 1
        starts = range(0, count, self._rows)
        return torch.cat([ask(slice(start, start + self._rows)) for start in starts])

    def coded(
        self, code: Callable[[Tensor, int], Tensor], x: Tensor, autoencoder: ImageAutoencoder
    ) -> Tensor:
        """`code` of x (B, ...) in tiles of so many pixels a side, fp32 on the CPU: in less room
        each time memory runs out, and in float32 where fewer digits give no finite numbers."""
        found = self._tiled(code, x)
        kind = next(autoencoder.parameters()).dtype
        if kind == torch.float32 or bool(found.isfinite().all()):
            return found
        with torch.inference_mode(False):
            for parameter in autoencoder.parameters():
                parameter.data = parameter.data.float()
        word = str(kind).removeprefix("torch.")
        self._notes.append(
            f"The autoencoder of {self._name} overflows in {word}; it computes in float32 now."
        )
        return self._tiled(code, x)

    def _tiled(self, code: Callable[[Tensor, int], Tensor], x: Tensor) -> Tensor:
        while True:
            together, tile = WAYS[self._way]
            try:
                return torch.cat([code(part, tile) for part in x.split(together or len(x))])
            except Exception as error:
                if not is_out_of_memory(error) or self._way == len(WAYS) - 1:
                    raise
            self._way += 1
            together, tile = WAYS[self._way]
            self._smaller(f"uses its autoencoder picture by picture, in tiles of {tile} pixels")

    def _smaller(self, what: str) -> None:
        self._notes.append(f"Memory ran out; {self._name} {what} now.")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
