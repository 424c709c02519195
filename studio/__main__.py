"""`latent-studio`, `python -m studio` and main.py: the window, or a verb; imports only that."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType

from studio.core import streams
from studio.core.errors import not_loaded
from studio.engine import threads


def main() -> int:
    """Opens the window when there are no arguments, else runs the verb; the exit code."""
    sys.excepthook = last_resort
    threading.excepthook = lambda met: last_resort(met.exc_type, met.exc_value, met.exc_traceback)
    streams.mend(results=len(sys.argv) > 1)
    try:
        os.getcwd()
    except OSError:  # torch's libraries cannot be loaded without, and end the program
        print("error: the folder you are in is gone; go to another and try again.", file=sys.stderr)
        return 1
    threads.before_torch()
    try:
        program = _program(verb=len(sys.argv) > 1)
    except (ImportError, MemoryError) as error:
        print(f"error: {not_loaded(error)}", file=sys.stderr)
        return 1
    return program(sys.argv[1:])


def _program(verb: bool) -> Callable[[list[str]], int]:
    if verb:
        from studio import cli

        return cli.main
    from studio import app

    return app.main


def last_resort(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """One line instead of a traceback, of what nobody foresaw. After a verb Python exits with 1; a
    window goes on."""
    from studio.cli.sharing import is_first
    from studio.core.accidents import noted

    if issubclass(kind, KeyboardInterrupt):
        print("cancelled", file=sys.stderr)
    elif not issubclass(kind, Exception):
        return  # a thread that ends itself
    elif is_first(message := f"error: {noted(error or kind())}"):
        print(message, file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
