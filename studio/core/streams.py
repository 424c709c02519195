"""The standard streams, safe to use however the program was started."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def mend(results: bool) -> None:
    """Opens those that are closed, or files opened later would get their numbers, and what is meant
    for them. What standard error cannot hold is lost: nobody could be told.

    With `results` a closed standard output fails as a full one does; without, nothing is missed.
    """
    output = os.O_RDONLY if results else os.O_WRONLY
    for number, (name, flags) in enumerate(
        (("stdin", os.O_RDONLY), ("stdout", output), ("stderr", os.O_WRONLY))
    ):
        if getattr(sys, name) is None:
            _open_nothing(number, flags)
            mode = "w" if number else "r"
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
    if not sys.stderr.isatty():
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(_Lossy(sys.stderr.fileno(), "w", closefd=False)),
            encoding=sys.stderr.encoding,
            errors="backslashreplace",
            line_buffering=True,
        )


def _open_nothing(number: int, flags: int) -> None:
    opened = os.open(os.devnull, flags)
    os.dup2(opened, number)  # itself, as it is the lowest that is free; else what is there ends
    os.set_inheritable(number, True)
    if opened != number:
        os.close(opened)


class _Lossy(io.FileIO):
    """Takes everything, and writes what can be written."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes
