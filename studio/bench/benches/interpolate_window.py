"""The event loop's longest waits in Interpolate; the work is in `probes/interpolate_window.py`."""

from __future__ import annotations

from functools import partial

from studio.bench.bench import Bench
from studio.bench.benches.workspaces import waits

BENCH = Bench(
    "interpolate-window",
    "Interpolate's longest waits: walks made, scrubbed and exported",
    partial(waits, "interpolate_window"),
)
