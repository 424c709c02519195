"""A recipe: everything that decides a training run, read from TOML.

`studio/training/recipes/NAME.toml` are the recipes behind the shipped weights. Tables `network`,
`data` and `task` are the task's own; `run` and `optimizer` are common to all.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from studio.core.errors import DataError, UsageError
from studio.core.files import read_regular
from studio.core.settings import MAX_SEED
from studio.core.tables import Share, Within, checked, hints
from studio.dataset.catalogue import BUNDLED

LARGEST = 2**20  # bytes
Rate = Annotated[float, Within(0, 100)]

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class RunSettings:
    """Length and pace of a run. The learning rate warms up, holds, and decays to zero over the
    last `decay` of the run, measured in steps or in minutes, whichever ends first."""

    steps: Annotated[int, Within(1, 10**12)] = 1000
    batch: Annotated[int, Within(1, 2**16)] = 16
    seed: Annotated[int, Within(0, MAX_SEED)] = 0
    warmup: Annotated[int, Within(0, 10**12)] = 50
    decay: Share = 0.4
    clip: Annotated[float, Within(1e-9, 1e9)] = 1.0
    ema: Share = 0.999
    log_every: Annotated[int, Within(1, 10**12)] = 20
    checkpoint_minutes: Annotated[float, Within(0, 1e6)] = 4.0
    compile: str = "cuda"  # "never", "cuda" or "always"

    def __post_init__(self) -> None:
        if self.compile not in ("never", "cuda", "always"):
            raise UsageError(f"compile is {self.compile!r}; use never, cuda or always.")
        if self.steps < 1 or self.batch < 1:
            raise UsageError("steps and batch must be 1 or more.")


@dataclass(frozen=True)
class OptimizerSettings:
    """AdamW everywhere, or Muon (Jordan et al. 2024) on the task's hidden matrices."""

    learning_rate: Rate = 1e-3
    beta2: Annotated[float, Within(0, 0.999999)] = 0.95
    weight_decay: Rate = 0.0
    muon_learning_rate: Rate = 0.0  # 0: no Muon


T = TypeVar("T")


@dataclass(frozen=True)
class Recipe:
    name: str
    task: str
    run: RunSettings
    optimizer: OptimizerSettings
    network: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    dataset: Path = BUNDLED  # where the pictures are; not in the TOML: `train --data`

    def read(self, kind: type[T], table: str, **changes: Any) -> T:
        """Its table of that name, with these changes, as a `kind`. Raises UsageError."""
        values = {**getattr(self, table), **changes}
        return settings_from(kind, values, f"{self.name} [{table}]")


TABLES = ("run", "optimizer", "network", "data", "settings")


def settings_from(kind: type[T], table: Mapping[str, Any], where: str) -> T:
    """`kind(**table)`, each value against its field's type and range. Raises UsageError: the line
    names what is wrong and what is allowed."""
    known = hints(kind)
    if unknown := sorted(set(table) - set(known)):
        raise UsageError(
            f"{where}: unknown setting {unknown[0]!r}; known: {', '.join(sorted(known))}."
        )
    try:
        return kind(**{name: checked(name, value, known[name]) for name, value in table.items()})
    except (UsageError, ValueError) as error:
        raise UsageError(f"{where}: {str(error).removesuffix('.')}.") from None


def available() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def load(name_or_path: str) -> Recipe:
    """Reads a recipe by bundled name or by path.

    Raises:
        UsageError: no such recipe, or a setting that does not exist.
        DataError: the file cannot be read as TOML.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = RECIPES / f"{name_or_path}.toml"
    if not os.path.isfile(path):  # Path.is_file raises for names that are too long
        raise UsageError(f"No recipe {name_or_path!r}; there are {', '.join(available())}.")
    try:
        table = tomllib.loads(read_regular(path, LARGEST).decode())
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}") from None
    if not isinstance(table.get("task"), str):
        raise DataError(f"{path} does not say which task it trains (task = ...).")
    for name in table.keys() - {"task"}:
        if name not in TABLES or not isinstance(table[name], dict):
            tables = ", ".join(f"[{each}]" for each in TABLES)
            raise UsageError(f"{path.name} has {name!r}; beside the task it has tables: {tables}.")
    run, optimizer, *rest = (table.get(name, {}) for name in TABLES)
    return Recipe(
        path.stem,
        table["task"],
        settings_from(RunSettings, run, f"{path.name} [run]"),
        settings_from(OptimizerSettings, optimizer, f"{path.name} [optimizer]"),
        *rest,
    )
