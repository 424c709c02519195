"""A recipe: everything that decides a training run, read from TOML.

`studio/training/recipes/NAME.toml` are the recipes behind the shipped weights. Tables `network`,
`data` and `task` are the task's own; `run` and `optimizer` are common to all.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from studio.core.errors import DataError, UsageError
from studio.dataset.catalogue import BUNDLED

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class RunSettings:
    """Length and pace of a run. The learning rate warms up, holds, and decays to zero over the
    last `decay` of the run, measured in steps or in minutes, whichever ends first."""

    steps: int = 1000
    batch: int = 16
    seed: int = 0
    warmup: int = 50
    decay: float = 0.4
    clip: float = 1.0
    ema: float = 0.999
    log_every: int = 20
    checkpoint_minutes: float = 4.0
    compile: str = "cuda"  # "never", "cuda" or "always"

    def __post_init__(self) -> None:
        if self.compile not in ("never", "cuda", "always"):
            raise UsageError(f"compile is {self.compile!r}; use never, cuda or always.")
        if self.steps < 1 or self.batch < 1:
            raise UsageError("steps and batch must be 1 or more.")


@dataclass(frozen=True)
class OptimizerSettings:
    """AdamW everywhere, or Muon (Jordan et al. 2024) on the task's hidden matrices."""

    learning_rate: float = 1e-3
    beta2: float = 0.95
    weight_decay: float = 0.0
    muon_learning_rate: float = 0.0  # 0: no Muon


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


T = TypeVar("T")


def settings_from(kind: type[T], table: Mapping[str, Any], where: str) -> T:
    """`kind(**table)`, with lists as tuples and unknown names refused by name."""
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - known)
    if unknown:
        raise UsageError(
            f"{where}: unknown setting {unknown[0]!r}; known: {', '.join(sorted(known))}."
        )
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in table.items()})


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
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if "task" not in table:
        raise DataError(f"{path} does not say which task it trains (task = ...).")
    return Recipe(
        path.stem,
        str(table["task"]),
        settings_from(RunSettings, table.get("run", {}), f"{path.name} [run]"),
        settings_from(OptimizerSettings, table.get("optimizer", {}), f"{path.name} [optimizer]"),
        table.get("network", {}),
        table.get("data", {}),
        table.get("settings", {}),
    )
