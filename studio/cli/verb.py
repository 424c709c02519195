"""What a verb is, and the options that verbs share."""

from __future__ import annotations

from argparse import Action, ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from studio.core.device import DEVICES, PRECISIONS
from studio.core.errors import ModelError, UsageError
from studio.core.settings import Defaults, Settings
from studio.engine.worker import Worker
from studio.models.registry import find

Document = dict[str, Any]


@dataclass(frozen=True)
class Verb:
    """`run` returns the JSON document (None: nothing to say, as on torchrun's other ranks);
    `describe` gives the same as lines for people. `failure` says what is wrong with what the
    document holds, if anything: it is printed all the same, and the exit code is 1."""

    name: str
    summary: str
    configure: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], Document | None]
    describe: Callable[[Document], Iterable[str]]
    failure: Callable[[Document], str] = lambda document: ""


class Parser(ArgumentParser):
    """Reports wrong usage as UsageError, so that every error is printed in one place."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)

    def _get_values(self, action: Action, arg_strings: list[str]) -> Any:
        """`--negative=--` means these two hyphens; before Python 3.12.5 argparse drops them, and
        then fails for want of a value."""
        if not action.option_strings or arg_strings != ["--"]:
            return super()._get_values(action, arg_strings)
        value = self._get_value(action, "--")
        self._check_value(action, value)
        return value if action.nargs is None else [value]


def add_device(parser: ArgumentParser) -> None:
    """--device and --precision."""
    add_place(parser)
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="of the networks (default: the device's fastest)",
    )


def add_place(parser: ArgumentParser) -> None:
    """--device alone, where one precision is all there is."""
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where to compute")


def add_model(parser: ArgumentParser) -> None:
    """--model, --size, and where it runs."""
    default = Settings("")
    parser.add_argument(
        "--size", type=int, help="pixels a side (default: those that the model was trained on)"
    )
    parser.add_argument(
        "--model", default=default.model, metavar="NAME|PATH", help="which model (%(default)s)"
    )
    add_device(parser)


def size_of(arguments: Namespace) -> int:
    """The size that was asked for, or the model's own; who opens the model says what is wrong."""
    return int(_own_size(arguments.model) if arguments.size is None else arguments.size)


@cache
def _own_size(model: str) -> int:
    """Looked up once, however many pictures are asked for."""
    try:
        return find(model).size or Settings("").size
    except ModelError:
        return Settings("").size


@cache
def defaults_of(model: str) -> Defaults:
    """What the model's makers draw with."""
    try:
        return find(model).defaults
    except ModelError:
        return Defaults()


def worker_of(arguments: Namespace) -> Worker:
    """The one that computes where and how `add_device`'s options say."""
    return Worker(arguments.device, precision=arguments.precision)


def add_out(parser: ArgumentParser, help_text: str) -> None:
    """As typed: a slash at its end says that it is a folder; `outputs` knows the rule."""
    parser.add_argument("--out", metavar="PATH", help=help_text)
