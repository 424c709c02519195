"""Errors a user can cause. Each carries one plain sentence that says what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from errno import ENOMEM
from typing import TypeVar

T = TypeVar("T")


class StudioError(Exception):
    """A failure to report as one line; the command line exits 1, the window shows it in place."""


class UsageError(StudioError):
    """A request that makes no sense as written (the command line exits 2)."""


class DataError(StudioError):
    """A file that is missing, unreadable, damaged or not what it says it is."""


class ModelError(StudioError):
    """A model that is missing, damaged, or does not fit the code that opens it."""


class OutputError(StudioError):
    """A result that could not be written."""


class HistoryError(StudioError):
    """The index of the finished pictures could not be opened, read or changed."""


class Cancelled(Exception):
    """Work stopped because the user asked; not an error."""


class EndedEarly(Exception):
    """A training ends early because the user asked, and what it learnt is kept; not an error."""


def is_out_of_memory(error: BaseException) -> bool:
    """MemoryError, the system's, a GPU's out of memory, or the CPU allocator's RuntimeError."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == ENOMEM
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)


def not_loaded(error: Exception) -> StudioError:
    """The error for a library that the system does not let in, as torch under `ulimit -v`."""
    cause: BaseException = error
    while cause.__cause__ is not None:  # NumPy wraps it in a page of advice
        cause = cause.__cause__
    reason = (str(cause).strip().splitlines() or ["memory ran out"])[0]
    return StudioError(
        f"a library cannot be loaded ({reason}); allow more memory and open files (ulimit -v, -n),"
        " or install the studio again."
    )


def pick(kind: str, name: str, known: Mapping[str, T]) -> T:
    """What has that name. Raises UsageError."""
    if name not in known:
        raise no_such(kind, name, known)
    return known[name]


def no_such(kind: str, name: str, choices: Iterable[str]) -> UsageError:
    """The error for a name that is none of `choices`, with the one that was probably meant."""
    from difflib import get_close_matches

    known = list(choices)
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return UsageError(f"there is no {kind} {name!r}; {hint}choose one of {', '.join(known)}")
