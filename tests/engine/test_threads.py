"""Threads: as many as the process may use physical cores, and none that spins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.engine import threads


def machine(root: Path, cores: list[int], files: dict[str, str]) -> Path:
    """A /sys whose processor n belongs to core cores[n]."""
    for n, core in enumerate(cores):
        folder = root / f"devices/system/cpu/cpu{n}/topology"
        folder.mkdir(parents=True)
        (folder / "physical_package_id").write_text("0\n")
        (folder / "core_id").write_text(f"{core}\n")
    for name, text in files.items():
        path = root / "fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity on this system")
@pytest.mark.parametrize(
    ("allowed", "files", "expected"),
    [
        (range(8), {}, 4),  # two threads a core
        ({0, 1, 2}, {}, 2),  # affinity
        ({1}, {}, 1),
        (range(8), {"cpu.max": "max 100000\n"}, 4),
        (range(8), {"cpu.max": "200000 100000\n"}, 2),
        (range(8), {"cpu.max": "20000 100000\n"}, 1),
        (range(8), {"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        (range(8), {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
        (range(8), {"cpu.max": "nonsense\n"}, 4),
        (range(12), {}, 12),  # the topology of four is not known
    ],
)
def test_physical_cores_that_may_be_used(
    allowed: range | set[int],
    files: dict[str, str],
    expected: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(allowed))
    system = machine(tmp_path, [0, 0, 1, 1, 2, 2, 3, 3], files)
    assert threads.cores(system) == expected


def environment(**extra: str) -> dict[str, str]:
    ours = (*threads.PATIENCE, "OMP_NUM_THREADS")
    return {**{k: v for k, v in os.environ.items() if k not in ours}, **extra}


SAY = """
import os, sys
sys.argv = ["main.py", "samplers", "--json"]
from studio.__main__ import main
main()
import torch
print(os.environ["OMP_WAIT_POLICY"], os.environ["KMP_BLOCKTIME"], torch.get_num_threads())
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, f"PASSIVE 0 {threads.cores()}"),
        ({"OMP_WAIT_POLICY": "ACTIVE", "OMP_NUM_THREADS": "1"}, "ACTIVE 0 1"),
    ],
)
def test_set_before_torch_unless_the_user_has(given: dict[str, str], expected: str) -> None:
    command = [sys.executable, "-c", SAY]
    ran = subprocess.run(
        command, env=environment(**given), capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == expected
