"""What a run computes with: a device, and the precision of its matrix products."""

from __future__ import annotations

import platform
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Hardware:
    """Weights are fp32 always; `precision` is that of the forward and backward passes."""

    device: torch.device
    precision: torch.dtype = torch.float32

    @classmethod
    def named(cls, device: str, precision: str) -> Hardware:
        return cls(torch.device(device), getattr(torch, precision))

    @property
    def words(self) -> str:
        """The precision as torch spells it: "bfloat16"."""
        return str(self.precision).removeprefix("torch.")

    @property
    def name(self) -> str:
        """The GPU's name, or the kind of processor: "x86_64"."""
        cuda = self.device.type == "cuda"
        return torch.cuda.get_device_name(self.device) if cuda else platform.machine()

    def autocast(self) -> torch.autocast:
        lower = self.precision != torch.float32
        return torch.autocast(self.device.type, self.precision if lower else None, enabled=lower)
