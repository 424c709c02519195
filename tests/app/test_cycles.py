"""Generate, cancel, generate: the studio does not grow, however often."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from studio.bench import probes
from studio.bench.bench import Conditions
from studio.core.settings import Settings
from tests.tiny import SIZE, bundle

CYCLES = int(os.environ.get("LATENT_STUDIO_CYCLES", "80"))  # 1,000 for the whole proof
MEGABYTES = 100.0
MORE = 2  # threads and handles that come and go


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what it has is read from /proc")
def test_memory_threads_and_handles_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, so that nothing of other tests is counted."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = Settings("a bear", model=str(bundle(tmp_path / "tiny")), size=SIZE)
    document = probes.run("cycles", Conditions(settings=settings), cycles=CYCLES)
    ends, samples = document["ends"], document["samples"]
    print(ends, samples[0], samples[-1])
    assert sum(ends.values()) == CYCLES
    assert ends["Cancelled"] >= CYCLES // 2
    assert document["pictures"] == ends["Done"] >= CYCLES // 4
    assert samples[-1]["resident"] - samples[0]["resident"] < MEGABYTES
    settled = next(each for each in samples if each["cycle"] >= 20)
    for what in ("threads", "handles"):
        assert max(each[what] for each in samples) <= settled[what] + MORE
