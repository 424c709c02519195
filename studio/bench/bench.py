"""What a bench is: figures beside their goals. And the registry: every Bench found in `benches/`.

Timings interleave their sides and take minima, so that another busy program spoils none of them.
"""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from studio.bench import benches
from studio.core.device import Device
from studio.core.errors import StudioError, no_such
from studio.core.settings import Settings
from studio.engine.worker import Worker

PROMPT = "a teddy bear"


@dataclass(frozen=True)
class Row:
    """A figure. `goal` is the most that it may be, or the least; None: it has none of its own."""

    name: str
    figure: float
    unit: str  # "s", "ms", "MB", "%", "x" (a ratio), "pictures/s"
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.figure >= self.goal if self.at_least else self.figure <= self.goal


@dataclass(frozen=True, eq=False)
class Conditions:
    """What all benches of a run share. `quick` asks for one short repeat: a trial, no figure."""

    worker: Worker = field(default_factory=Worker)
    settings: Settings = field(default_factory=lambda: Settings(PROMPT, seed=1))
    quick: bool = False
    say: Callable[[str], None] = print

    @property
    def device(self) -> Device:
        return self.worker.device

    @cached_property
    def model(self) -> Any:
        """The model of the settings, ready."""
        return self.worker.model(self.settings.model)

    def repeats(self, usual: int) -> int:
        return 1 if self.quick else usual

    def seconds(self, run: Callable[[], object]) -> float:
        """How long one call takes, to the end of what it gave the device to do."""
        import torch

        from studio.training.throughput import synchronise

        device = torch.device(self.device.name)
        synchronise(device)
        began = time.perf_counter()
        run()
        synchronise(device)
        return time.perf_counter() - began

    def fastest(self, *sides: Callable[[], object], repeats: int = 5) -> tuple[float, ...]:
        """Each side's least seconds of several rounds, after one that does not count."""
        if not self.quick:
            for side in sides:
                side()
        rounds = [[self.seconds(side) for side in sides] for _ in range(self.repeats(repeats))]
        return tuple(min(times) for times in zip(*rounds, strict=True))


@dataclass(frozen=True)
class Bench:
    """`needs` are packages beyond the studio's own, by the name they are imported with; `data` is a
    folder beside the studio that not everybody has."""

    name: str
    summary: str
    measure: Callable[[Conditions], Iterable[Row]]
    needs: tuple[str, ...] = ()
    data: Path | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not here of both."""
        packages = tuple(name for name in self.needs if find_spec(name) is None)
        return packages if self.data is None or self.data.is_dir() else (*packages, str(self.data))

    def run(self, conditions: Conditions) -> dict[str, Any]:
        """The JSON document of one bench. Raises StudioError where something is missing."""
        if self.missing == (str(self.data),):
            raise StudioError(f"bench {self.name} needs the folder {self.data}, which is not here.")
        if self.missing:
            raise StudioError(
                f"bench {self.name} needs {' and '.join(self.missing)}; install the studio with"
                " its extra [checkpoints]."
            )
        began = time.monotonic()
        rows = [_document(row) for row in self.measure(conditions)]
        return {
            "name": self.name,
            "summary": self.summary,
            "precision": conditions.device.precision,
            "seconds": round(time.monotonic() - began, 1),
            "rows": rows,
        }


def _document(row: Row) -> dict[str, Any]:
    return {**asdict(row), "figure": float(f"{row.figure:.4g}"), "met": row.met}


def all_benches() -> tuple[Bench, ...]:
    """By name."""
    names = (found.name for found in pkgutil.iter_modules(benches.__path__))
    modules = [importlib.import_module(f"{benches.__name__}.{name}") for name in names]
    every = (each for module in modules for each in vars(module).values())
    found = (each for each in every if isinstance(each, Bench))
    return tuple(sorted(found, key=lambda bench: bench.name))


def find(names: Sequence[str]) -> tuple[Bench, ...]:
    """Those named; all that can run here when none is. Raises UsageError."""
    known = {bench.name: bench for bench in all_benches()}
    for name in names:
        if name not in known:
            raise no_such("bench", name, known)
    if not names:
        return tuple(bench for bench in known.values() if not bench.missing)
    return tuple(known[name] for name in names)
