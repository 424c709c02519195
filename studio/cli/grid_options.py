"""Options that take several values, and the grid of cells they span."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Any

from studio.cli.sampling import DEFAULT, settings_from
from studio.cli.sharing import random_seed, world_of
from studio.cli.verb import defaults_of
from studio.core.errors import UsageError
from studio.core.grid import AXES, Axis, Grid
from studio.core.settings import Settings
from studio.core.specs import FAMILIES
from studio.diffusion.samplers import all_samplers

OWN = "own"  # a sampler's own schedule, among others' names
#: Which varied setting becomes the columns, and which of the others the rows; the last one tabs.
COLUMNS = ("steps", "guidance", "seed", "schedule", "rule", "prompt", "sampler")
SAMPLERS_HELP = "samplers or families; all: every one, all-flow: every one of a family"
ROWS = ("sampler", "rule", "schedule", "prompt", "guidance", "seed", "steps")


def add_grid(parser: ArgumentParser) -> None:
    """Replaces the options of `add_sampling` that an axis can vary by ones that take a list."""
    group = parser.add_argument_group(
        "what is compared",
        "values with commas between them; at most three of these may have several",
        conflict_handler="resolve",
    )
    several: tuple[tuple[tuple[str, ...], Callable[[str], Any], object, str], ...] = (
        (("--samplers", "--sampler"), str, ("ddpm", "sde", "flow"), SAMPLERS_HELP),
        (("--steps",), int, (None,), "how many steps (default: each sampler's)"),
        (("--guidance",), float, (None,), "0: none, 1: as trained, more: closer"),
        (("--seeds", "--seed"), int, None, "of the noise (default: one, random)"),
        (("--rules", "--rule"), str, (DEFAULT.rule,), "guidance rules"),
        (("--schedules", "--schedule"), _schedule, ("",), f"schedules; {OWN}: the sampler's"),
    )
    for flags, kind, default, help_text in several:
        name = flags[-1].removeprefix("--")
        group.add_argument(
            *flags, dest=name, type=_list(kind), default=default, metavar="A,B,...", help=help_text
        )
    turbo: dict[str, Any] = {
        "dest": "sampler",
        "action": "store_const",
        "const": ("turbo",),
        "default": SUPPRESS,
    }
    group.add_argument("--turbo", **turbo, help="short for --samplers turbo")
    group.add_argument(
        "--prompts", nargs="+", default=[], metavar="TEXT", help="more prompts beside PROMPT"
    )
    group.add_argument(
        "--axes",
        type=_list(str),
        metavar="COLUMNS,ROWS,TABS",
        help=f"what to vary along columns, rows and tabs: {', '.join(AXES)}",
    )


def grid_from(arguments: Namespace) -> tuple[Grid, tuple[Settings, ...]]:
    """The grid that the options span, and its checked cells. Raises UsageError."""
    asked: dict[str, tuple[Any, ...]] = {name: getattr(arguments, name) for name in AXES
                                         if name not in ("seed", "prompt")}  # fmt: skip
    asked["sampler"] = _expanded(asked["sampler"])
    asked["seed"] = arguments.seed or (random_seed(world_of(arguments)),)
    asked["prompt"] = (arguments.prompt, *arguments.prompts)
    base = _settings(arguments, asked, {})
    values = {
        name: tuple(getattr(_settings(arguments, asked, {name: value}), name) for value in several)
        for name, several in asked.items()
        if len(several) > 1
    }
    grid = _arranged(values, base, arguments.axes)
    own = defaults_of(arguments.model)
    default_steps = {spec.name: own.steps_with(spec) for spec in all_samplers()}
    return grid, grid.cells(base, default_steps if asked["steps"] == (None,) else None)


def _expanded(names: tuple[str, ...]) -> tuple[str, ...]:
    """ "all" is every sampler on the model itself, "all-sde" every one of that family."""
    specs = tuple(spec for spec in all_samplers() if not spec.needs)
    every = {"all": tuple(spec.name for spec in specs)}
    for family in FAMILIES:
        members = (spec.name for spec in specs if spec.family == family)
        every[f"all-{family}"] = tuple(members)
    return tuple(each for name in names for each in every.get(name, (name,)))


def _settings(
    arguments: Namespace, asked: dict[str, tuple[Any, ...]], change: dict[str, Any]
) -> Settings:
    """The first value of each, but for `change`; options belong to the first sampler and rule."""
    first = {name: several[0] for name, several in asked.items()}
    one = Namespace(**{**vars(arguments), **first, **change})
    if one.sampler != first["sampler"]:
        one.option = []
    if one.rule != first["rule"]:
        one.rule_option = []
    return settings_from(one, one.prompt, one.seed)


def _arranged(
    values: dict[str, tuple[Any, ...]], base: Settings, asked: tuple[str, ...] | None
) -> Grid:
    """Columns, rows and tabs: as asked, or what reads best."""
    order = _checked_order(values, asked) if asked else _usual_order(values)
    if len(order) > 3:
        raise UsageError(
            f"a comparison varies three things at most, not {', '.join(order)};"
            " give one of them a single value."
        )
    order = order or ["steps"]
    axes = [Axis(name, values.get(name, (getattr(base, name),))) for name in order]
    grid = Grid(*axes)
    grid.check()
    return grid


def _usual_order(values: dict[str, tuple[Any, ...]]) -> list[str]:
    columns = [name for name in COLUMNS if name in values][:1]
    return columns + [name for name in ROWS if name in values and name not in columns]


def _checked_order(values: dict[str, tuple[Any, ...]], asked: tuple[str, ...]) -> list[str]:
    for name in asked:
        if name not in AXES:
            raise UsageError(f"{name!r} cannot be an axis; choose {', '.join(AXES)}.")
    forgotten = [name for name in values if name not in asked]
    if forgotten:
        raise UsageError(f"--axes leaves out {', '.join(forgotten)}, which has several values.")
    return list(asked)


def _list(kind: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    what = {int: "whole numbers", float: "numbers"}.get(kind, "names")  # type: ignore[call-overload]

    def read(text: str) -> tuple[Any, ...]:
        try:
            return tuple(kind(_word(part)) for part in text.split(","))
        except ValueError:
            message = f"write {what} with commas between them, not {text!r}"
            raise ArgumentTypeError(message) from None

    return read


def _word(part: str) -> str:
    """One value of a list; ValueError for none, as in "5,,10"."""
    if not part.strip():
        raise ValueError
    return part.strip()


def _schedule(name: str) -> str:
    return "" if name == OWN else name
