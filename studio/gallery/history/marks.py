"""What the user says about pictures, kept where no accident to the index can reach it.

A journal of JSON lines beside the database, not a sidecar that is rewritten whole: one click costs
one short append, whatever the number of marks; a kill or a full disk can only tear the last line,
which is the one that was not yet promised; and it stays readable by eye. Every line holds all marks
of one picture, and the last line about a picture counts. Pictures go by their identity (see
`files.Picture`), so that marks also outlive a file's renaming.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from studio.core.errors import UsageError
from studio.core.files import append, replacing
from studio.gallery.metadata.found import clean

MOST_STARS = 5
MOST_TAG_LETTERS = 100
SPARE_LINES = 1000  # outdated ones, before the journal is written anew


@dataclass(frozen=True)
class Marks:
    """`rating` is 0 (none) to 5; `tags` are sorted."""

    favourite: bool = False
    rating: int = 0
    tags: tuple[str, ...] = ()


class Journal:
    """The file of marks. Callers hold the database's write lock, which keeps instances apart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Marks] = {}
        self._lines = 0
        self._stamp: tuple[int, int] | None = None  # of the file when it was last read

    def marks(self) -> Mapping[str, Marks]:
        """The marks of every picture by identity; lines that make no sense are passed over."""
        if self._stamp != (stamp := self._now()):
            lines = self._path.read_bytes().split(b"\n") if stamp else []
            entries = [entry for line in lines if (entry := _entry(line)) is not None]
            self._known, self._lines, self._stamp = dict(entries), len(entries), stamp
        return self._known

    def append(self, marks: Mapping[str, Marks]) -> None:
        """Returns once they are on the disk. Raises OSError, and then none of them is."""
        self.marks()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        append(self._path, b"".join(_line(name, each) for name, each in marks.items()))
        self._known.update(marks)
        self._lines += len(marks)
        self._stamp = self._now()

    def compact(self) -> None:
        """Leaves out outdated lines once they are many; whole or not at all. Raises OSError."""
        if len(self.marks()) * 2 + SPARE_LINES > self._lines:
            return
        with replacing(self._path, alone=True) as draft:  # they hold the lock
            draft.write_bytes(b"".join(_line(name, each) for name, each in self._known.items()))

    def _now(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size


def checked_rating(rating: int) -> int:
    """Raises UsageError."""
    if not 0 <= rating <= MOST_STARS:
        raise UsageError(f"a rating is 0 to {MOST_STARS} stars, not {rating}.")
    return rating


def checked_tag(tag: str) -> str:
    """A tag as it is kept: one line, composed, single spaces. Raises UsageError."""
    text = " ".join(unicodedata.normalize("NFC", clean(tag)).split())
    if not 1 <= len(text) <= MOST_TAG_LETTERS:
        raise UsageError(f"a tag has 1 to {MOST_TAG_LETTERS} letters, not {len(text)}.")
    return text


def _line(picture: str, marks: Marks) -> bytes:
    # the newline comes first: it ends whatever a kill has torn
    return b"\n" + json.dumps({"picture": picture, **asdict(marks)}).encode("ascii")


def _entry(line: bytes) -> tuple[str, Marks] | None:
    try:
        match json.loads(line):
            case {
                "picture": str(picture),
                "favourite": bool(favourite),
                "rating": int(rating),
                "tags": list(tags),
            }:
                kept = tuple(sorted({checked_tag(_text(tag)) for tag in tags}))
                return picture, Marks(favourite, checked_rating(rating), kept)
    except (ValueError, RecursionError, UsageError):
        pass
    return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a tag is text")
    return value
