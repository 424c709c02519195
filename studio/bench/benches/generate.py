"""One picture with the default settings, the model loaded: alone, and beside a busy program.

How much the busy program slows it is a ratio of medians: the least would be the luckiest.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from studio.bench.bench import Bench, Conditions, Row
from studio.core.generating import Generate
from studio.engine.worker import run_now

SECONDS, BUSY = 0.6, 1.6
REPEATS = 5


def measure(conditions: Conditions) -> Iterator[Row]:
    conditions.model.latent_shape(conditions.settings.size)  # loaded before anything is timed
    request = Generate(conditions.settings, preview_every=0)

    def picture() -> None:
        run_now(request, conditions.worker)

    picture()
    quiet, busy = [], []
    for _ in range(conditions.repeats(REPEATS)):
        quiet.append(conditions.seconds(picture))
        with spinning():
            busy.append(conditions.seconds(picture))
    settings = conditions.settings
    named = f"{settings.sampler}, {settings.steps} steps"
    yield Row(f"one picture ({named})", min(quiet), "s", SECONDS)
    yield Row("beside one spinning core, over quiet", median(busy) / median(quiet), "x", BUSY)


@contextmanager
def spinning() -> Iterator[None]:
    """A process that keeps one core busy."""
    program = "print(flush=True)\nwhile True: pass"
    spinner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert spinner.stdout is not None
        spinner.stdout.readline()  # it has begun
        yield
    finally:
        spinner.kill()
        spinner.communicate()


BENCH = Bench("generate", "one picture, quiet and beside a spinning core", measure)
