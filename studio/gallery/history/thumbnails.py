"""Small pictures for the gallery, made once and kept as JPEG files beside the database.

A cache and nothing more: it may be deleted at any time, and a disk that is full or may not be
written only makes it slow.
"""

from __future__ import annotations

import io
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock

from PIL import Image

from studio.core.files import replacing
from studio.pictures.reading import opened_png

QUALITY = 85
MOST_FILES = 60_000
MOST_BYTES = 512 * 2**20
PRUNE_TO = 0.8  # of the bounds, so that not every new file prunes
PRUNE_EVERY = 1000  # new files
ENDS = b"\xff\xd8", b"\xff\xd9"


class Thumbnails:
    """Files below `folder`, at most `most_files` and `most_bytes`, give or take PRUNE_EVERY."""

    def __init__(
        self, folder: Path, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES
    ) -> None:
        self._folder = folder
        self._most_files, self._most_bytes = most_files, most_bytes
        self._lock = Lock()
        self._written = 0

    def jpeg(self, path: Path, modified: int, size: int) -> bytes:
        """A JPEG of at most `size` x `size` pixels of the picture at `path`, as it was when the
        file's time was `modified` (ns). Raises DataError when the picture cannot be read."""
        key = sha256(f"{modified} {size} {path}".encode("utf-8", "surrogatepass")).hexdigest()
        kept = self._folder / key[:2] / f"{key[2:34]}.jpg"
        with suppress(OSError):
            small = kept.read_bytes()
            if (small[:2], small[-2:]) == ENDS:
                return small
        small = _encoded(path, size)
        with suppress(OSError):
            self._keep(kept, small)
        return small

    def prune(self) -> int:
        """Deletes the oldest files beyond the bounds and abandoned drafts; returns how many."""
        found: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        files, size = len(found), sum(length for _, length, _ in found)
        if files <= self._most_files and size <= self._most_bytes:
            return 0
        deleted = 0
        for _, length, path in sorted(found):
            if files <= self._most_files * PRUNE_TO and size <= self._most_bytes * PRUNE_TO:
                break
            with suppress(OSError):
                path.unlink()
                files, size, deleted = files - 1, size - length, deleted + 1
        return deleted

    def _keep(self, path: Path, small: bytes) -> None:
        with replacing(path, sync=False) as draft:  # thousands of them; ENDS tell a torn one
            draft.write_bytes(small)
        with self._lock:
            self._written += 1
            due = self._written % PRUNE_EVERY == 0
        if due:
            self.prune()


def _encoded(path: Path, size: int) -> bytes:
    with opened_png(path) as image:
        small = image.convert("RGB")
    small.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    encoded = io.BytesIO()
    small.save(encoded, "JPEG", quality=QUALITY)
    return encoded.getvalue()
