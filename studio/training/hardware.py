"""What a run computes with: a device, and the precision of its matrix products."""

from __future__ import annotations

import ctypes
import platform
import sys
from dataclasses import dataclass

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


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


def keep_freed_memory() -> None:
    """Lets the C library keep what is freed, for the rest of the process: a step on the CPU frees
    and wants the same tensors, and glibc gives those above 32 MB back to the system, which then
    clears every page of them anew (5 % of the time of the denoiser's step of 128)."""
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(M_MMAP_THRESHOLD, 2**30)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
