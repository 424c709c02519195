"""The event loop's longest waits in Compare; the work is in `probes/compare_window.py`."""

from __future__ import annotations

from functools import partial

from studio.bench.bench import Bench
from studio.bench.benches.workspaces import waits

BENCH = Bench(
    "compare-window",
    "Compare's longest waits: a comparison made and looked at",
    partial(waits, "compare_window"),
)
