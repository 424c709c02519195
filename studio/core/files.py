"""Files that are written whole or not at all: beside their place first, then moved there. And files
of other people's, of which only ordinary ones of a bounded size are read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which then takes its place; gone after any exception."""
    draft = path.with_name(f".{path.name}.part")
    try:
        yield draft
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def must_be_regular(path: Path, most: int = 2**40) -> None:
    """Raises OSError for what may never end (a pipe, a device) or is larger than `most` bytes."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    if status.st_size > most:
        raise OSError(errno.EFBIG, f"it has more than {most >> 20} MB", str(path))


def read_regular(path: Path, most: int) -> bytes:
    """An ordinary file of at most `most` bytes. Raises OSError."""
    must_be_regular(path, most)
    with path.open("rb") as file:
        return file.read(most)  # one that grows meanwhile is cut


def append(path: Path, data: bytes, sync: bool = True) -> None:
    """All of it, by default on the disk, or nothing. Raises OSError."""
    with open(path, "ab", buffering=0) as file:
        end = file.tell()
        try:
            if file.write(data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync:
                os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def write_all(files: Mapping[Path, bytes]) -> None:
    """All of them are on the disk before the first takes its place. Raises OSError."""
    with ExitStack() as stack:
        for path, data in reversed(list(files.items())):  # the stack moves the last one first
            with stack.enter_context(drafted(path)).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
