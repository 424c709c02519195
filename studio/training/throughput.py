"""How fast training goes: samples a second, and the share of the device's own matmul peak."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from studio.training.hardware import Hardware


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def matmul_peak(on: Hardware) -> float:
    """Measured FLOP/s of a large matrix product in the run's precision: what shares refer to."""
    device = on.device
    side = 8192 if device.type == "cuda" else 1024
    a = torch.randn(side, side, device=device, dtype=on.precision)
    times = []
    for _ in range(6):
        synchronise(device)
        begin = time.perf_counter()
        a @ a
        synchronise(device)
        times.append(time.perf_counter() - begin)
    return float(2.0 * side**3 / min(times))


def count_flops(loss: Callable[[], Tensor]) -> int:
    """Floating-point operations of one forward and backward pass, by counting them in one."""
    with FlopCounterMode(display=False) as counter:
        loss().backward()  # type: ignore[no-untyped-call]
    return int(counter.get_total_flops())


class Meter:
    """Rates since the previous reading."""

    def __init__(self, on: Hardware, samples: int, flops_per_sample: float) -> None:
        self.flops_per_sample, self.peak = flops_per_sample, matmul_peak(on)
        self._samples, self._time = samples, time.monotonic()

    def read(self, samples: int) -> dict[str, float]:
        """Samples and TFLOP a second, and the share of the matmul peak. Waits for nothing."""
        now = time.monotonic()
        rate = (samples - self._samples) / max(1e-9, now - self._time)
        self._samples, self._time = samples, now
        flops = rate * self.flops_per_sample
        return {
            "samples_per_s": round(rate, 2),
            "tflops": round(flops / 1e12, 4),
            "share_of_peak": round(flops / self.peak, 4),
        }
