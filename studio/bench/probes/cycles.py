"""Generate and cancel, over and over, by real clicks: what the process has after so many cycles.

Every picture is begun by Generate; in turns it is cancelled at once, after a step, after half its
steps, or let finish. Linux only: it reads /proc.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from pathlib import Path
from typing import Any

from studio.bench.probes.stage import Stage
from studio.core.messages import CancelledAt, Failed, Finished
from studio.ui.job import Job

STEPS = 60  # a tiny model, too, is still at work when it is cancelled
MOMENTS = (-1, 1, STEPS // 2, STEPS)  # the step after which it is cancelled; at once; not at all
ENDS: dict[type, str] = {Finished: "Done", CancelledAt: "Cancelled", Failed: "Failed"}
SETTLED = 20  # cycles after which everything that is kept has been made once


def sample(cycle: int) -> dict[str, float]:
    """Resident memory in MB, threads and open handles of this process."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    resident = int(status["VmRSS"].split()[0]) * 1024 / 1e6
    handles = len(os.listdir("/proc/self/fd"))
    return {
        "cycle": cycle, "resident": resident, "threads": int(status["Threads"]), "handles": handles,
    }  # fmt: skip


def measure(stage: Stage, cycles: int) -> dict[str, Any]:
    jobs, written, over = stage.jobs, list[object](), deque[Job](maxlen=1)
    jobs.ended.connect(over.append)
    stage.shared.library.archive.added.connect(written.append)
    stage.session.steps.set(STEPS)

    def cycle(number: int) -> str:
        after, before = MOMENTS[number % len(MOMENTS)], len(written)
        what = f"picture {number}"
        stage.session.prompt.set(f"a red bear {number}")
        stage.click("generate")
        if after > 0:
            stage.wait(what, lambda: not jobs.busy or at() >= after)
        if after < STEPS and jobs.busy:
            stage.click("generateCancel")
        stage.wait(what, stage.idle)
        ended = ENDS[type(over[-1].end)]
        if ended == "Done":
            stage.wait(what, lambda: len(written) > before)
        return ended

    def at() -> int:
        return 0 if jobs.progress is None else jobs.progress.step

    ends: Counter[str] = Counter()
    samples = [sample(0)]
    for number in range(1, cycles + 1):
        ends[cycle(number)] += 1
        if number == SETTLED or number % max(1, cycles // 10) == 0:
            samples.append(sample(number))
    if not stage.made:
        stage.fail("no picture was finished.")
    return {"ends": dict(ends), "samples": samples}


def work(stage: Stage) -> dict[str, Any]:
    found = measure(stage, stage.wanted["cycles"])
    return {**found, "pictures": len(list(stage.shared.library.folder.glob("*.png")))}


if __name__ == "__main__":
    Stage().run(work)
