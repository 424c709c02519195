"""The event loop's longest waits in History; the work is in `probes/history_window.py`."""

from __future__ import annotations

from functools import partial

from studio.bench.bench import Bench
from studio.bench.benches.workspaces import waits

BENCH = Bench(
    "history-window",
    "History's longest waits: scrolled, searched and sorted, with 50,000 pictures",
    partial(waits, "history_window"),
)
