"""What a verb is, and the options that verbs share."""

from __future__ import annotations

from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from studio.core.device import DEVICES, OFFLOADS, PRECISIONS
from studio.core.errors import ModelError, UsageError
from studio.core.settings import Defaults, Settings
from studio.core.sizes import Size
from studio.engine.worker import Worker
from studio.models.chosen import joined
from studio.models.eight_bits import BESIDE, WEIGHTS
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
        "--size",
        type=Size.read,
        help="pixels a side, or width x height: 768x512 (default: what the model was trained on)",
    )
    parser.add_argument(
        "--model", default=default.model, metavar="NAME|PATH", help="which model (%(default)s)"
    )
    parser.add_argument("--vae", metavar="NAME|PATH", help="another autoencoder than the model's")
    parser.add_argument(
        "--with",
        dest="chosen",
        type=pair_of,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="where a part of the model is (clip_l=FILE, tokenizer=FOLDER), or what its file does"
        " not tell (prediction=v); repeatable",
    )
    add_device(parser)
    add_loading(parser)


def add_loading(parser: ArgumentParser) -> None:
    """How a checkpoint is read and kept."""
    parser.add_argument(
        "--offload",
        choices=OFFLOADS,
        default="auto",
        help="what of a checkpoint leaves a CUDA GPU while it is not needed (default: as little as"
        " needed)",
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="compile a checkpoint's denoiser: the first picture of a size takes longer",
    )
    parser.add_argument(
        "--weights",
        choices=BESIDE,
        help="keep a checkpoint's linear layers in 8 bits: less memory, and changes the picture a"
        " little",
    )
    parser.add_argument(
        "--no-mmap",
        action="store_true",
        help="read a checkpoint's files instead of mapping them into memory: better from network"
        " drives and some hard disks",
    )


def pair_of(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ArgumentTypeError(f"write NAME=VALUE, not {text!r}")
    return name.strip(), value.strip()


def model_of(arguments: Namespace) -> str:
    """The model's name, with the parts that were chosen for it."""
    own = [(name, said) for name in ("vae", WEIGHTS) if (said := vars(arguments)[name])]
    return joined(arguments.model, [*own, *arguments.chosen])


def size_of(arguments: Namespace) -> Size:
    """The size that was asked for, or the model's own; who opens the model says what is wrong."""
    asked: Size | None = arguments.size
    return asked or _own_size(model_of(arguments))


@cache
def _own_size(model: str) -> Size:
    """Looked up once, however many pictures are asked for."""
    try:
        side = find(model).size
        return Size.square(side) if side else Settings("").size
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
    given = vars(arguments)
    offload, compiled = given.get("offload", "auto"), given.get("compile", False)
    return Worker(
        arguments.device, precision=arguments.precision, offload=offload, compiled=compiled,
        mapped=not given.get("no_mmap", False),
    )  # fmt: skip


def add_out(parser: ArgumentParser, help_text: str) -> None:
    """As typed: a slash at its end says that it is a folder; `outputs` knows the rule."""
    parser.add_argument("--out", metavar="PATH", help=help_text)
