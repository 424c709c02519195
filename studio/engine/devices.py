"""Which device, and in which precision. The only place that decides either."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from dataclasses import replace

from studio.core.device import DEVICES, OFFLOADS, PRECISIONS, Device
from studio.core.errors import UsageError
from studio.core.importing import import_torch

#: Values of oneDNN's and torch's variables that mask a processor's instructions for bfloat16.
MASKS = {
    "ONEDNN_MAX_CPU_ISA": (
        *("SSE41", "AVX", "AVX2", "AVX2_VNNI"),
        *("AVX512_CORE", "AVX512_CORE_VNNI"),
    ),
    "ATEN_CPU_CAPABILITY": ("DEFAULT", "AVX2"),
}


def check_names(name: str, precision: str = "auto", offload: str = "auto") -> None:
    """Raises UsageError for a word that names no device, no precision, or no way to offload."""
    words = (("device", name), ("precision", precision), ("offload", offload))
    for (kind, word), known in zip(words, (DEVICES, PRECISIONS, OFFLOADS), strict=True):
        if word not in known:
            raise UsageError(f"there is no {kind} {word!r}; choose one of {', '.join(known)}.")


def choose(name: str = "auto", precision: str = "auto", training: bool = False) -> Device:
    """The device of that name; auto is the first of cuda, mps and cpu that works.

    An automatic precision is the one in which the device is quick and the pictures good. Training
    has bfloat16 or float32: gradients in float16 vanish.

    Raises UsageError for an unknown name, or a device or precision that cannot be had here.
    """
    check_names(name, precision)
    if training and precision == "float16":
        raise UsageError("float16 loses small gradients; train in bfloat16 or float32.")
    import_torch()
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"
    device = {"cuda": _cuda, "mps": _mps, "cpu": _cpu}[name]()
    if precision != "auto":
        return replace(device, precision=precision)
    half = device.precision == "float16"
    return replace(device, precision="float32") if training and half else device


def _cpu() -> Device:
    return Device("cpu", "bfloat16" if cpu_multiplies_bfloat16() else "float32", "CPU")


def _mps() -> Device:
    if not _has_mps():
        raise UsageError("this machine has no Apple GPU; choose --device auto or cpu.")
    return Device("mps", "float16", "Apple GPU")


def cpu_multiplies_bfloat16() -> bool:
    """Whether bfloat16 is faster here than float32: only with instructions of its own."""
    import torch

    if masks():
        return False
    if not torch.backends.mkldnn.is_available() or platform.machine() not in ("x86_64", "AMD64"):
        return False
    query = getattr(torch.cpu, "get_capabilities", None)  # not in older versions
    capabilities: dict[str, object] = query() if query else {}
    if capabilities:
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    queries = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, query, bool)() for query in queries)


def masks() -> dict[str, str]:
    """The environment's variables that keep torch from instructions the processor may have."""
    found = {name: os.environ.get(name, "") for name in MASKS}
    return {name: value for name, value in found.items() if value.upper() in MASKS[name]}


def free_memory(name: str) -> None:
    """Gives unused memory back after a failure."""
    import gc

    import torch

    gc.collect()
    if name == "cuda" and torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif name == "mps" and _has_mps():
        torch.mps.empty_cache()


def free_bytes(name: str) -> int:
    """Of a device's memory, what this process could still take; 0 where nothing tells."""
    if name == "cuda":
        import torch

        cached = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return int(torch.cuda.mem_get_info()[0]) + cached
    with suppress(ImportError):  # it comes with accelerate, which other people's models need
        import psutil

        return int(psutil.virtual_memory().available)
    return 0


def _cuda() -> Device:
    import torch

    if not torch.cuda.is_available():
        raise UsageError("this machine has no CUDA GPU that works; choose --device auto or cpu.")
    torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))  # torchrun's; "cuda" is it then
    exact = torch.cuda.is_bf16_supported(including_emulation=False)
    precision = "bfloat16" if exact else "float16"
    return Device("cuda", precision, torch.cuda.get_device_name())


def _has_mps() -> bool:
    import torch

    return torch.backends.mps.is_available()
