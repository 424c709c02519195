"""Which device, and in which precision. The only place that decides either.

Imports torch inside functions only. Must not import Qt.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass

from studio.core.errors import UsageError
from studio.engine.importing import import_torch

NAMES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Device:
    """`name` and `precision` in torch's words ("cuda", "bfloat16"); `label` for people."""

    name: str
    precision: str
    label: str


def check_name(name: str) -> None:
    """Raises UsageError for a word that names no device."""
    if name not in NAMES:
        raise UsageError(f"there is no device {name!r}; choose one of {', '.join(NAMES)}.")


def choose(name: str = "auto") -> Device:
    """The device of that name; auto is the first of cuda, mps and cpu that works.

    Raises UsageError for an unknown name or a device this machine does not have.
    """
    check_name(name)
    import_torch()
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"
    if name == "cuda":
        return _cuda()
    if name == "mps":
        if not _has_mps():
            raise UsageError("this machine has no Apple GPU; choose --device auto or cpu.")
        return Device("mps", "float16", "Apple GPU")
    return Device("cpu", "bfloat16" if cpu_multiplies_bfloat16() else "float32", "CPU")


def cpu_multiplies_bfloat16() -> bool:
    """Whether bfloat16 is faster here than float32: only with instructions of its own."""
    import torch

    if not torch.backends.mkldnn.is_available() or platform.machine() not in ("x86_64", "AMD64"):
        return False
    query = getattr(torch.cpu, "get_capabilities", None)  # not in older versions
    capabilities: dict[str, object] = query() if query else {}
    if capabilities:
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    queries = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, query, bool)() for query in queries)


def free_memory(name: str) -> None:
    """Gives unused memory back after a failure."""
    import gc

    import torch

    gc.collect()
    if name == "cuda" and torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif name == "mps" and _has_mps():
        torch.mps.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """MemoryError, a GPU's out of memory, or the CPU allocator's RuntimeError."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)


def _cuda() -> Device:
    import torch

    if not torch.cuda.is_available():
        raise UsageError("this machine has no CUDA GPU that works; choose --device auto or cpu.")
    exact = torch.cuda.is_bf16_supported(including_emulation=False)
    precision = "bfloat16" if exact else "float16"
    return Device("cuda", precision, torch.cuda.get_device_name())


def _has_mps() -> bool:
    import torch

    return torch.backends.mps.is_available()
