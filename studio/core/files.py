"""Files that are written whole or not at all: beside their place first, then moved there. And files
of other people's, of which only ordinary ones of a bounded size are read.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import OutputError

if TYPE_CHECKING:  # the first screen shows without NumPy
    import numpy as np

DRAFT = re.compile(r"\.[0-9a-f]{32}\.part")  # names of drafts that nobody else writes


@contextmanager
def replacing(
    path: Path,
    *,
    alone: bool = False,
    sync: bool = True,
    move: Callable[[Path, Path], object] | None = None,
) -> Iterator[Path]:
    """A name beside `path` for a new file or folder, which takes its place once it is on the disk
    (with `sync`) and is gone after any exception. Makes missing folders. Raises OSError.

    A killed process leaves its draft behind. Each has a new name, by which it can be told (DRAFT)
    and swept; or, where only one process writes at a time (`alone`), always the same, so that the
    next draft overwrites it.
    """
    draft = path.with_name(f".{path.name}.part" if alone else f".{os.urandom(16).hex()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    if alone:
        remove(draft)
    try:
        yield draft
        if sync and draft.is_file():
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
        (move or os.replace)(draft, path)
    finally:
        with suppress(OSError):
            remove(draft)


@contextmanager
def saving(path: Path, move: Callable[[Path, Path], object] | None = None) -> Iterator[Path]:
    """As `replacing`, for results. Raises OutputError."""
    try:
        with replacing(path, move=move) as draft:
            yield draft
    except OSError as error:
        reason = error.strerror or str(error) or "the disk refused"
        raise OutputError(
            f"{path} could not be written ({reason}); choose another folder or free some space."
        ) from error


def save_text(path: Path, text: str) -> None:
    """UTF-8, its line ends as they are. Raises OutputError."""
    with saving(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


def save_table(path: Path, lines: Iterable[Iterable[object]]) -> None:
    """As CSV. Raises OutputError."""
    import csv

    with saving(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)


def save_picture(path: Path, pixels: np.ndarray, small: bool = False) -> None:
    """(H, W, 3) uint8 as a PNG; as `small` as it gets takes longer. Raises OutputError."""
    from PIL import Image

    with saving(path) as draft:
        Image.fromarray(pixels).save(draft, "PNG", optimize=small)


def remove(path: Path) -> None:
    """A file, or a folder with all that is in it; nothing if it is not there. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


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
            with stack.enter_context(replacing(path, alone=True)).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
