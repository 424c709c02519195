"""Parts of a job that several processes make: files, so that what one has made outlives it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np

from studio.core.files import saving
from studio.core.world import World

POLL = 0.1  # seconds between two looks for what another process makes


class Parts:
    """Named sets of arrays in a folder of their own, which is gone once all processes are done."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder, self.world = folder, world
        self._calls = count()

    def __contains__(self, name: str) -> bool:
        return self._path(name).exists()

    def put(self, name: str, **arrays: np.ndarray) -> None:
        """Whole or not at all. Raises OutputError."""
        with saving(self._path(name)) as draft, draft.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    def get(self, name: str) -> dict[str, np.ndarray]:
        """Waits until some process has made it."""
        while name not in self:
            time.sleep(POLL)
        with np.load(self._path(name)) as kept:
            return dict(kept)

    def each(self, make: Callable[[int], np.ndarray], total: int) -> list[np.ndarray]:
        """make(0) ... make(total - 1): of those that nobody has made yet, every process makes its
        share. All processes must come here in the same order."""
        call = next(self._calls)
        names = [f"{call}-{index}" for index in range(total)]
        for index in self.world.mine(range(total)):
            if names[index] not in self:
                self.put(names[index], made=make(index))
        return [self.get(name)["made"] for name in names]

    def close(self) -> None:
        """Ends this process's part; the first waits for the others and clears up."""
        world = self.world
        if world.rank:
            self.put(f"done {world.attempt} {world.rank}")
            return
        for rank in range(1, world.size):
            self.get(f"done {world.attempt} {rank}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"
