"""Work that torchrun's processes share: each makes its part, the first says what came of it.

What is made lies on disk at once, so a run that lost a process can be finished by `--rest`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shlex
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.parts import Parts
from studio.core.world import World

RANDOM_SEEDS = 2**32  # as many as people can bear to type


def add_rest(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--rest",
        type=_run_name,
        metavar="RUN",
        help="make what torchrun's run of that name left unmade; it gave the name when it stopped",
    )


def _run_name(text: str) -> str:
    if len(text) != 8 or set(text) - set("0123456789abcdef"):
        raise ArgumentTypeError(f"a run's name is eight of 0-9 and a-f, not {text!r}")
    return text


def world_of(arguments: Namespace) -> World:
    """The processes at work, under the name of the run whose rest they make."""
    here = World.here()
    return replace(here, name=arguments.rest) if arguments.rest else here


def random_seed(world: World) -> int:
    """A seed nobody chose: the same in all processes of a run."""
    return int(world.name, 16) if world.name else secrets.randbelow(RANDOM_SEEDS)


def parts_in(folder: Path, world: World, work: object) -> Parts:
    """Where the processes of a run keep what they make of this `work`; other work has another."""
    name = hashlib.sha256(f"{world.name} {work}".encode()).hexdigest()[:16]
    return Parts(folder / f".parts-{name}", world)


@contextmanager
def stopped_early(world: World, missing: Callable[[], str]) -> Iterator[None]:
    """torchrun stops all processes where one has died: one of them says what is `missing`, as in
    "3 of 8 pictures are missing", and the command that makes it."""
    if world.size == 1:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        if world.last and is_first("stopped"):
            message = f"the processes were stopped early: {missing()}. Make the rest with:"
            raise StudioError(f"{message} {again('--rest', world.name)}") from None
        raise


def is_first(message: str) -> bool:
    """True in the first of a machine's processes that has this to say. They meet in the folder
    that torchrun keeps for their reports."""
    reports = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if not reports:
        return World.here().rank == 0
    name = hashlib.sha256(message.encode()).hexdigest()[:16]
    try:
        (Path(reports).parents[1] / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def again(*options: str, processes: int = 1) -> str:
    """This command with more options."""
    several = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    starter = several if processes > 1 else []
    return shlex.join([sys.executable, *starter, *sys.argv[:2], *options, *sys.argv[2:]])
