"""Lists of words that prompts name: `__colours__` is a line of colours.txt in the user's folder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from threading import Lock

from studio.core.errors import DataError
from studio.core.files import must_be_regular
from studio.core.generating import Generate
from studio.core.installation import user_data
from studio.core.wildcards import Lines, chosen, only

MOST_BYTES = 2**22  # of a file
MOST_KEPT = 2 * MOST_BYTES  # of the files whose lines are kept in memory


def words_folder() -> Path:
    return user_data("words")


def drawn(request: Generate, prompt: str, lines: Lines) -> tuple[Generate, ...]:
    """`request` with `prompt`; one a picture, each with words of its own, if that leaves a choice.

    The seeds draw the words, the same ones every time. Raises UsageError, DataError.
    """
    if (words := only(prompt)) is not None:
        return (replace(request, settings=replace(request.settings, prompt=words)),)
    made = []
    for index in range(request.count):
        settings = request.settings.numbered(index)
        random = Random(f"{settings.seed} {settings.variation_seed}")
        settings = replace(settings, prompt=chosen(prompt, random, lines))
        made.append(replace(request, settings=settings, count=1))
    return tuple(made)


def lines_in(folder: Path) -> Lines:
    """What `core.wildcards` asks for the lines of a list. A file is read again once it changes."""
    return partial(_lines, folder)


def read_lines(path: Path) -> tuple[str, ...]:
    """What `prompt_lines` finds in a file. Raises DataError."""
    try:
        must_be_regular(path)
        with open(path, "rb") as file:
            return lines_of(file.read(MOST_BYTES + 1), str(path))
    except FileNotFoundError as error:
        raise DataError(f"there is no list of words {path}; make it, a line each.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}).") from error


def lines_of(content: bytes, name: str) -> tuple[str, ...]:
    """What `prompt_lines` finds in a text whose `name` is for errors. Raises DataError."""
    if len(content) > MOST_BYTES:
        raise DataError(f"{name} is larger than {MOST_BYTES >> 20} MB; shorten it.")
    try:
        found = prompt_lines(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"{name} cannot be read as text in UTF-8.") from error
    if not found:
        raise DataError(f"{name} has no lines.")
    return found


def prompt_lines(text: str) -> tuple[str, ...]:
    """Its lines without empty ones and those that begin with #."""
    kept = (line.strip() for line in text.splitlines())
    return tuple(line for line in kept if line and not line.startswith("#"))


@dataclass
class _Kept:
    """The lines of the files that were read last."""

    files: dict[Path, tuple[tuple[int, int], tuple[str, ...]]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def lines(self, path: Path) -> tuple[str, ...]:
        """Raises DataError."""
        with self.lock:
            try:
                status = path.stat()
            except OSError:
                return read_lines(path)  # says why
            stamp = (status.st_mtime_ns, status.st_size)
            known = self.files.pop(path, None)
            if known is None or known[0] != stamp:
                known = (stamp, read_lines(path))
            self.files[path] = known
            while sum(size for (_, size), _ in self.files.values()) > MOST_KEPT:
                del self.files[next(iter(self.files))]
            return known[1]


_KEPT = _Kept()


def _lines(folder: Path, name: str) -> tuple[str, ...]:
    return _KEPT.lines(folder / f"{name}.txt")  # a name has no dots or slashes: see wildcards.FILE
