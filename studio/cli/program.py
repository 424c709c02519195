"""Finds the verbs, runs the one that was asked for, and turns its outcome into an exit code.

Standard output holds the result and nothing else; everything else goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from errno import EBADF

from studio import __version__
from studio.cli import verbs
from studio.cli.desktop_entry import InstallDesktopEntry
from studio.cli.sharing import is_first
from studio.cli.verb import Parser, Verb
from studio.core.errors import Cancelled, OutputError, StudioError, UsageError, not_loaded
from studio.core.installation import PROGRAM
from studio.core.world import World

CANCELLED = 130  # as a shell reports a program that Ctrl-C ended
BROKEN_PIPE = 141  # as a shell reports a program whose reader went away


def all_verbs() -> tuple[Verb, ...]:
    """Every module in `verbs/` is one; by name."""
    names = [found.name for found in pkgutil.iter_modules(verbs.__path__)]
    return tuple(importlib.import_module(f"{verbs.__name__}.{name}").VERB for name in names)


def build_parser() -> Parser:
    """The parser of all verbs; its result's `verb` is the Verb."""
    parser = Parser(
        prog=PROGRAM[-1],
        description="Latent image generation. Without arguments: the window.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"latent-studio {__version__}")
    parser.add_argument("--install-desktop-entry", action=InstallDesktopEntry)
    choices = parser.add_subparsers(required=True, metavar="VERB")
    for verb in all_verbs():
        sub = choices.add_parser(
            verb.name, help=verb.summary, description=verb.summary, allow_abbrev=False
        )
        verb.configure(sub)
        sub.add_argument("--json", action="store_true", help="one JSON document on stdout")
        sub.set_defaults(verb=verb)
    return parser


def main(argv: Sequence[str]) -> int:
    """Runs one verb; 0 done, 1 it could not be done, 2 wrong usage, 130 cancelled."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a console that cannot show every name
    return _run(argv) or _out("")


def _run(argv: Sequence[str]) -> int:
    try:
        arguments = build_parser().parse_args(argv)
        with redirect_stdout(sys.stderr):  # what libraries print is not the result
            document = arguments.verb.run(arguments)
    except UsageError as error:
        return _complain(error, 2)
    except StudioError as error:
        return _complain(error, 1)
    except (ImportError, MemoryError) as error:
        return _complain(not_loaded(error), 1)
    except (KeyboardInterrupt, Cancelled):
        if not World.here().rank:
            print("cancelled", file=sys.stderr)
        return CANCELLED
    except SystemExit as done:  # --help, --version, --install-desktop-entry
        return int(done.code or 0)
    if document is not None and not World.here().rank:
        lines = arguments.verb.describe(document)
        text = json.dumps(document, indent=2) if arguments.json else "\n".join(lines)
        failure = arguments.verb.failure(document)
        return _out(text + "\n") or (_complain(StudioError(failure), 1) if failure else 0)
    return 0


def _out(text: str) -> int:
    """Writes to standard output what is there and `text`; the exit code."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
        return 0
    except BrokenPipeError:
        code = BROKEN_PIPE
    except OSError as error:
        reason = "it is closed" if error.errno == EBADF else error.strerror or error
        code = _complain(OutputError(f"standard output cannot be written ({reason})."), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor complain at exit
    return code


def _complain(error: StudioError, code: int) -> int:
    message = " ".join(str(error).split())
    if is_first(message):
        print("error:", message, file=sys.stderr)
    return code
