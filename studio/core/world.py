"""This process among those that torchrun started: who does what is known without talking."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """Process `rank` of `size`; alone when not started by torchrun.

    `name` is the run's, the same in all its processes ("" when alone): what nobody chose follows
    from it. `attempt` names these processes among those that torchrun began anew; `restarted`, it
    did so; `last`, it will not again.
    """

    rank: int = 0
    size: int = 1
    name: str = ""
    attempt: str = ""
    restarted: bool = False
    last: bool = True

    @classmethod
    def here(cls, among: Mapping[str, str] = os.environ) -> World:
        rank, size = int(among.get("RANK", "0")), int(among.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls(rank)
        # The agent tells runs apart that have no --rdzv-id of their own, on one machine.
        agent = os.getppid() if among.get("LOCAL_WORLD_SIZE") == str(size) else 0
        run = f"{among.get('TORCHELASTIC_RUN_ID')} {agent}"
        name = hashlib.sha256(run.encode()).hexdigest()[:8]
        restarts = int(among.get("TORCHELASTIC_RESTART_COUNT", "0"))
        most = int(among.get("TORCHELASTIC_MAX_RESTARTS", "0"))
        return cls(rank, size, name, f"{name}-{restarts}", restarts > 0, restarts >= most)

    def mine(self, things: Sequence[T]) -> Sequence[T]:
        """This process's share: every `size`-th."""
        return things[self.rank % self.size :: self.size]
