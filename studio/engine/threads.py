"""How many threads torch computes with, and what they do while there is nothing to compute.

Threads that spin while they wait take the cores from everybody else: beside one other busy program
a picture took 3.5 times as long, and 1.5 times as long with threads that sleep. Must not import
torch: what is set here, its libraries read when they are loaded.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

SYSTEM = Path("/sys")
#: Read by libgomp (Linux), and by LLVM's and Intel's OpenMP (macOS, Windows).
PATIENCE = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}


def before_torch() -> None:
    """Sets the environment of this process and of those it starts; what the user set stays."""
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    if (count := cores()) is not None:
        os.environ.setdefault("OMP_NUM_THREADS", str(count))


def cores(system: Path = SYSTEM) -> int | None:
    """The physical cores that this process may use: its affinity, within its container's quota.

    None where the system does not say; torch then counts the physical cores itself.
    """
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = os.sched_getaffinity(0)
    topology = [system / f"devices/system/cpu/cpu{n}/topology" for n in allowed]
    found = {(_read(t / "physical_package_id"), _read(t / "core_id")) for t in topology}
    count = len(allowed) if ("", "") in found else len(found)
    return max(1, min(count, math.floor(_quota(system) + 0.5)))


def _quota(system: Path) -> float:
    """The processors' time that the control group allows, in processors; a large number if all."""
    groups = system / "fs/cgroup"
    limit, _, period = _read(groups / "cpu.max").partition(" ")  # version 2
    if not period:  # version 1
        limit = _read(groups / "cpu/cpu.cfs_quota_us")
        period = _read(groups / "cpu/cpu.cfs_period_us")
    try:
        share = float(limit) / float(period)
    except (ValueError, ZeroDivisionError):  # "max", or nothing is said
        return 1e6
    return share if share > 0 else 1e6


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
