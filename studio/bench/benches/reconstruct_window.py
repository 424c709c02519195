"""The event loop's longest waits in Reconstruct; the work is in `probes/reconstruct_window.py`."""

from __future__ import annotations

from functools import partial

from studio.bench.bench import Bench
from studio.bench.benches.workspaces import waits

BENCH = Bench(
    "reconstruct-window",
    "Reconstruct's longest waits: pictures through all autoencoders, then a training",
    partial(waits, "reconstruct_window"),
)
