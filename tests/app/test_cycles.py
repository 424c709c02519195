"""Generate, cancel, generate: the studio does not grow, however often."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench" / "cycles.py"
CYCLES = int(os.environ.get("LATENT_STUDIO_CYCLES", "80"))  # 1,000 for the whole proof
MEBIBYTES = 100.0
MORE = 2  # threads and handles that come and go


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what it has is read from /proc")
def test_memory_threads_and_handles_stay(tmp_path: Path) -> None:
    """In a process of its own, so that nothing of other tests is counted."""
    ran = subprocess.run(
        [sys.executable, str(BENCH), "--tiny", "--cycles", str(CYCLES)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr, ran.stderr
    document = json.loads(ran.stdout)
    ends, samples = document["ends"], document["samples"]
    print(ends, samples[0], samples[-1])
    assert sum(ends.values()) == CYCLES
    assert ends["Cancelled"] >= CYCLES // 2
    assert document["pictures"] == ends["Done"] >= CYCLES // 4
    assert samples[-1]["resident"] - samples[0]["resident"] < MEBIBYTES
    settled = next(each for each in samples if each["cycle"] >= 20)
    for what in ("threads", "handles"):
        assert max(each[what] for each in samples) <= settled[what] + MORE
