"""The machine that figures belong to: processor, cores, instructions, torch; and what is masked."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass

from studio.core.device import Device
from studio.engine import devices

#: From the least to the most: those that decide how fast a network runs.
INSTRUCTIONS = (
    "neon", "fp16", "bf16", "sve", "i8mm",
    "avx2", "avx_vnni", "avx512_f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16",
)  # fmt: skip
#: Set before torch is imported they make it a processor with AVX2 and no more.
AS_AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}


@dataclass(frozen=True)
class Machine:
    """`masked`: the processor has more instructions than the environment lets libraries use."""

    processor: str
    cores: int
    instructions: tuple[str, ...]
    masked: bool
    device: str
    system: str
    torch: str
    threads: int

    @property
    def kind(self) -> str:
        """A name for files, one for machines whose figures belong in one column."""
        words = (self.processor, self.cores, "cores", *self.instructions[-1:])
        gpu = () if self.device == "CPU" else (self.device,)
        plain = "-".join(str(word) for word in (*words, *gpu)) + "-masked" * self.masked
        return re.sub(r"[^a-z0-9_]+", "-", plain.lower()).strip("-")


def this_machine(device: Device) -> Machine:
    """Imports torch."""
    import torch

    query = getattr(torch.cpu, "get_capabilities", None)  # not in older versions
    capabilities = query() if query else {}
    masked = bool(devices.masks())
    found = tuple(name for name in INSTRUCTIONS if capabilities.get(name))
    if masked:
        found = tuple(name for name in found if not name.startswith(("avx512", "amx", "avx_vnni")))
    return Machine(
        str(capabilities.get("cpu_name") or platform.processor() or platform.machine()),
        _cores(),
        found,
        masked,
        device.label,
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        torch.__version__,
        torch.get_num_threads(),
    )


def _cores() -> int:
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
