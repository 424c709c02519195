"""The `generate` command from nothing: seconds, memory, and where the seconds go."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from studio.bench import probes
from studio.bench.bench import Bench, Conditions, Row
from studio.core.errors import StudioError

SECONDS, MEGABYTES = 3.5, 650.0
REPEATS = 3


def measure(conditions: Conditions) -> Iterator[Row]:
    """The command as it is, interleaved with the command under a clock."""
    seconds, peaks, phases = [], [], []
    for _ in range(conditions.repeats(REPEATS)):
        took, peak = command(conditions)
        seconds.append(took)
        peaks.append(peak)
        found = probes.run("cold", conditions, arguments=arguments(conditions))
        phases.append({**found["phases"], "leaving": time.time() - found["ended"]})
    yield Row("whole command", min(seconds), "s", SECONDS)
    if min(peaks):
        yield Row("peak memory", min(peaks), "MB", MEGABYTES)
    for phase, took in min(phases, key=lambda each: float(sum(each.values()))).items():
        yield Row(f"of it, {phase}", took, "s")


def arguments(conditions: Conditions) -> list[str]:
    settings = conditions.settings
    return [
        "generate", settings.prompt, "--seed", "1", "--model", settings.model,
        "--size", str(settings.size), "--steps", str(settings.steps), "--json",
        "--device", conditions.device.name, "--precision", conditions.device.precision,
    ]  # fmt: skip


def command(conditions: Conditions) -> tuple[float, float]:
    """Seconds and peak resident megabytes (0 where the system does not tell)."""
    with tempfile.TemporaryDirectory(prefix="latent-studio-bench-") as place:
        words = [sys.executable, "-m", "studio", *arguments(conditions), "--out", place]
        environment = probes.environment(Path(place))
        began = time.perf_counter()
        ran = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
        try:
            code, peak = _wait(ran)
        except BaseException:
            ran.kill()
            raise
        took = time.perf_counter() - began
    if code:
        raise StudioError(f"`{' '.join(words[1:])}` failed with exit code {code}.")
    return took, peak


def _wait(ran: subprocess.Popen[bytes]) -> tuple[int, float]:
    if not hasattr(os, "wait4"):
        return ran.wait(), 0.0
    _, status, usage = os.wait4(ran.pid, 0)
    ran.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return ran.returncode, usage.ru_maxrss * unit / 1e6


BENCH = Bench("cold", "the generate command from nothing, by phase, and its memory", measure)
