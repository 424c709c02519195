"""The tour: the curriculum as stops, each a claim, where to see it, and a figure that bears it out.

A chapter is one TOML file in assets/tour, or in the user's own folder "tour": `title`, and a
`[[stop]]` for each of its stops, whose keys are the fields of `Stop`. `[stop.set]` names controls
by their object names, `[stop.figure]` a measure and the range it should fall into.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from studio.core.errors import DataError, UsageError
from studio.core.installation import ASSETS, user_data
from studio.core.messages import Event, Request

BUNDLED = ASSETS / "tour"
TEXTS = ("id", "title", "claim", "look", "paper", "workspace")  # that every stop has
Options = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Figure:
    """`what` it is, in words with its unit; the `measure` that gives it, with its `options`; and
    the range it should fall into, both ends allowed."""

    what: str
    measure: str
    low: float
    high: float
    options: Options = ()

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def range(self) -> str:
        """In words: "27 to 32", "at least 2"."""
        if self.high == math.inf:
            return f"at least {number(self.low)}"
        if self.low == -math.inf:
            return f"at most {number(self.high)}"
        if self.low == self.high:
            return number(self.low)
        return f"{number(self.low)} to {number(self.high)}"


@dataclass(frozen=True)
class Stop:
    """One claim, and how to see it: in a `workspace` and, where it has several, a `view`; with
    these controls `set` (object name, value), begun at once if `run`, on the user's own `picture`
    where there is one. `look` says what to look at."""

    id: str
    title: str
    claim: str
    look: str
    paper: str
    workspace: str
    figure: Figure
    view: str = ""
    set: Options = ()
    run: bool = True
    picture: bool = False


@dataclass(frozen=True)
class Chapter:
    title: str
    stops: tuple[Stop, ...]


@dataclass(frozen=True)
class Measure(Request):
    """The figure of a stop."""

    figure: Figure


@dataclass(frozen=True)
class Measured(Event):
    value: float


def number(value: float) -> str:
    """Whole numbers whole, others to four digits."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def chapters() -> tuple[Chapter, ...]:
    """The bundled chapters, then the user's, each folder's in the order of the file names.

    Raises:
        DataError: a file that is no chapter; the message names it.
    """
    folders = (BUNDLED, user_data("tour"))
    return tuple(read(path) for folder in folders for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    """None in a folder that is not there or may not be read."""
    with suppress(OSError):
        return sorted(folder.glob("*.toml"))
    return []


def read(path: Path) -> Chapter:
    """Raises DataError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        chapter = Chapter(_text(table, "title"), tuple(map(_stop, _tables(table.get("stop")))))
        if repeated := _twice(stop.id for stop in chapter.stops):
            raise UsageError(f"two stops are called {repeated!r}")
        return chapter
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, UsageError) as error:
        raise DataError(f"{path} is no chapter of the tour: {error}.") from None


def _twice(names: Iterable[str]) -> str:
    counted = Counter(names)
    return next((name for name, count in counted.items() if count > 1), "")


def _tables(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise UsageError("it needs a [[stop]] for each of its stops")
    return value


def _stop(table: Mapping[str, Any]) -> Stop:
    known = {each.name for each in fields(Stop)}
    if odd := sorted(table.keys() - known):
        raise UsageError(f"a stop has no {odd[0]!r}")
    figure = table.get("figure")
    if not isinstance(figure, dict):
        raise UsageError(f"the stop {table.get('id')!r} has no [stop.figure]")
    return Stop(
        **{name: _text(table, name) for name in TEXTS},
        figure=_figure(figure),
        view=_text(table, "view", ""),
        set=_options(table.get("set", {})),
        run=bool(table.get("run", True)),
        picture=bool(table.get("picture", False)),
    )


def _figure(table: Mapping[str, Any]) -> Figure:
    match table.get("between"):
        case [int() | float() as low, int() | float() as high] if low <= high and not (
            math.isnan(low) or math.isnan(high)
        ):
            options = _options(table.get("with", {}))
            return Figure(_text(table, "what"), _text(table, "measure"), low, high, options)
    raise UsageError("a figure's `between` is two numbers, the lower one first")


def _options(value: object) -> Options:
    if not isinstance(value, dict):
        raise UsageError("`set` and `with` are tables")
    return tuple((name, _frozen(each)) for name, each in value.items())


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _text(table: Mapping[str, Any], name: str, otherwise: str | None = None) -> str:
    value = table.get(name, otherwise)
    if not isinstance(value, str):
        raise UsageError(f"{name!r} is missing, or is no text")
    return value
