"""What a run computes with."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource, torch
from studio.training.hardware import keep_freed_memory
{first}
for _ in range(12): torch.ones(2**24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(8): torch.ones(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(first: str) -> int:
    command = [sys.executable, "-c", FAULTS.format(first=first)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_freed_memory_is_kept() -> None:
    pages = 8 * 4 * 2**24 // 4096
    if faults("") < pages // 4:
        pytest.skip("this C library keeps what is freed by itself, or its pages are large")
    assert faults("keep_freed_memory()") < pages // 100
