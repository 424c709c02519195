"""What the training loop asks of a task: the one interface between loop and networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn


class Task(Protocol):
    """One training job. Everything stateful that must survive a restart is in `network`."""

    network: nn.Module  # what is optimised, averaged and saved

    def prepare(self, device: torch.device) -> None:
        """Loads data and frozen helpers; called once before the first step."""

    def batch(self, step: int, rank: int, world: int) -> object:
        """The training batch of `step`, on the device; depends on nothing but its arguments."""

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        """Scalars; "loss" is what is minimised. Called under bf16 autocast."""

    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """Figures on held-out data, for the log."""

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        """Writes the shippable weights and `model.json`."""
