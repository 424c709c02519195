"""How long the `train` command is silent: until its first sign of progress, and between two.

A command that says nothing for WATCHED seconds is stopped, and that is the figure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from threading import Thread

from studio.bench import probes
from studio.bench.bench import Bench, Conditions, Row

RECIPE, QUICK = "denoiser-cpu-scenes", "toy-moons-velocity"
WATCHED, GOAL = 60.0, 30.0  # seconds


def measure(conditions: Conditions) -> Iterator[Row]:
    recipe = QUICK if conditions.quick else RECIPE
    with tempfile.TemporaryDirectory(prefix="latent-studio-bench-") as place:
        signs = watch(recipe, Path(place), 5.0 if conditions.quick else WATCHED)
    gaps = [later - earlier for earlier, later in pairwise(signs)]
    yield Row(f"`train {recipe}`: first sign of progress", gaps[0], "s", GOAL)
    yield Row("longest silence after it", max(gaps[1:], default=0.0), "s", GOAL)


def watch(recipe: str, place: Path, seconds: float) -> list[float]:
    """When the command said something, between 0 (its start) and when it was stopped."""
    words = [sys.executable, "-m", "studio", "train", recipe, "--minutes", "1.5", "--out"]
    began, signs = time.monotonic(), [0.0]
    ran = subprocess.Popen(
        [*words, str(place / "run")],
        env=probes.environment(place),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )

    def listen() -> None:
        assert ran.stderr is not None
        while os.read(ran.stderr.fileno(), 4096):
            signs.append(time.monotonic() - began)

    listener = Thread(target=listen, daemon=True)
    listener.start()
    try:
        listener.join(seconds)  # sooner where the training is over
    finally:
        ran.kill()
        ran.wait()
    listener.join()
    return [*signs, time.monotonic() - began]


BENCH = Bench("progress", "how long a training is silent before and while it learns", measure)
