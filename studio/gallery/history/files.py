"""The pictures folder as it is: its PNGs, what is inside one, what a killed process left."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path

from studio.core.files import DRAFT
from studio.core.settings import Settings
from studio.gallery import png
from studio.gallery.png import Record
from studio.pictures.reading import opened_png

TRASH = ".trash"
READS = 2  # goes up when more files can be read: those passed over before are tried again
STALE_SECONDS = 600.0  # a draft this old has no writer any more
_RESERVED = re.compile(r"\d{4}-\d\d-\d\d \d\d-\d\d-\d\d .+ \d\d+\.png")  # as naming.new_path says


@dataclass(frozen=True)
class Stamp:
    """Changes whenever a file does: time of modification in ns, and length in bytes."""

    modified: int
    bytes: int


@dataclass(frozen=True)
class Picture:
    """What is inside a PNG. `identity` is the digest of its settings chunk as it is written there:
    it stays when the file is renamed, and when later versions know more settings."""

    record: Record
    identity: str
    width: int
    height: int


@dataclass(frozen=True)
class Scan:
    """PNGs by their path below the folder (with slashes), and what killed writers left there."""

    pictures: dict[str, Stamp]
    leftovers: tuple[Path, ...]


def reader() -> str:
    """What reads the PNGs: changes with the format and with what Settings has."""
    names = ",".join(field.name for field in fields(Settings))
    return f"{png.FORMAT}.{READS}:{sha256(names.encode()).hexdigest()[:16]}"


def stamp(path: Path) -> Stamp:
    """Raises OSError."""
    status = path.stat()
    return Stamp(status.st_mtime_ns, status.st_size)


def read(path: Path) -> Picture:
    """Reads a PNG to its end, every checksum included. Raises DataError unless all is well."""
    with opened_png(path) as image:
        chunk, (width, height) = image.info.get(png.CHUNK), image.size
        image.verify()
    record = png.record_of(path, chunk)
    identity = sha256(str(chunk).encode("utf-8", "replace")).hexdigest()[:32]
    return Picture(record, identity, width, height)


def scan(folder: Path, check: Callable[[], None]) -> Scan:
    """Walks the folder, its subfolders and its trash, but no hidden or linked folder.

    `check` is called once a folder. Folders that may not be read are passed over; raises OSError
    when that is `folder` itself.
    """
    pictures: dict[str, Stamp] = {}
    leftovers: list[Path] = []
    before = time.time() - STALE_SECONDS
    waiting = [folder]
    while waiting:
        check()
        try:
            entries = list(os.scandir(inside := waiting.pop()))
        except OSError:
            if inside == folder:
                raise
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith(".") or (entry.name == TRASH and inside == folder):
                    waiting.append(Path(entry))
            elif (found := _stamp(entry)) is not None:
                if _is_leftover(entry.name, found) and found.modified < before * 1e9:
                    leftovers.append(Path(entry))
                elif _is_picture(entry.name, found):
                    pictures[Path(entry).relative_to(folder).as_posix()] = found
    return Scan(pictures, tuple(leftovers))


def is_gone(path: Path) -> bool:
    """Whether there surely is no such file; one that may not be looked at is not gone."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    try:
        entry.name.encode("utf-8")  # bytes that are no text have no place in the index
        status = entry.stat()
    except (OSError, UnicodeEncodeError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None  # a pipe, say, which would be waited at for ever
    return Stamp(status.st_mtime_ns, status.st_size)


def _is_picture(name: str, found: Stamp) -> bool:
    return name.lower().endswith(".png") and not name.startswith(".") and found.bytes > 0


def _is_leftover(name: str, found: Stamp) -> bool:
    """A draft, or a name that was reserved for one and never filled."""
    return bool(DRAFT.fullmatch(name) or (not found.bytes and _RESERVED.fullmatch(name)))
