"""What the training loop asks of a task: the one interface between loop and networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from studio.training.hardware import Hardware


@dataclass(frozen=True)
class Stage:
    """A part of the preparation: `done` of `total` of what `what` says ("encoding scenes")."""

    what: str
    done: int = 0
    total: int = 1


@dataclass(frozen=True)
class Noised:
    """What is learnt from under noise: `clean` (B, ...), its `times` (B,) on the path, the `noise`,
    and what is `known` of it, a text's features or labels."""

    clean: Tensor
    times: Tensor
    noise: Tensor
    known: Any = None


def generator_of(seed: int, step: int, rank: int) -> torch.Generator:
    """Of one process's batch of one step, whatever came before."""
    mixed = np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(mixed[0] >> np.uint64(1)))


class Task(Protocol):
    """One training job. What must survive a restart is in `network`, or in a companion."""

    network: nn.Module  # what is optimised, averaged and saved

    @property
    def hot(self) -> tuple[nn.Module, ...]:
        """The modules worth compiling: fixed shapes, most of the work."""
        return (self.network,)

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        """Loads data and frozen helpers, and says how far it is; run to its end before the first
        step, or left in the middle."""

    def batch(self, step: int, rank: int, world: int) -> object:
        """The training batch of `step`, on the device; depends on nothing but its arguments."""

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        """Scalars; "loss" is what is minimised. Called under autocast."""

    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Figures on held-out data, for the log."""

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        """Writes the shippable weights and `model.json`."""


class Companion(Protocol):
    """What a task trains beside its network, such as a discriminator: saved with it."""

    def step(self) -> None:
        """Called after every step of the network."""

    def state_dict(self) -> dict[str, Any]:
        """What --resume needs: tensors and plain values."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Raises ValueError for a state that is not of this companion."""


@runtime_checkable
class Accompanied(Protocol):
    """A task that may have a companion; made in its `prepare`."""

    companion: Companion | None
