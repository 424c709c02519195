"""Rows of the index: a picture's facts in, Items out. Every function works inside the caller's
transaction.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from studio.core.errors import UsageError
from studio.core.generating import Score
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.gallery.history.files import TRASH, Picture, Stamp
from studio.gallery.history.marks import Marks, checked_rating, checked_tag
from studio.gallery.history.query import fold, plain
from studio.gallery.history.schema import DamagedText, has_words

TAGS = """(SELECT json_group_array(tag) FROM
    (SELECT tag FROM tags WHERE picture = pictures.id ORDER BY tag))"""
COLUMNS = f"""id, path, identity, trashed, created, favourite, rating, nfe, seconds, width, height,
    modified, score, tower, settings, {TAGS}"""
#: What the checksum is of: all but the path, which the folder itself tells.
SEALED = f"""identity, created, favourite, rating, sampler, model, seed, steps, guidance, size,
    width, height, nfe, seconds, score, tower, folded, prompt, negative, settings, {TAGS}"""
TEXTS = ("sampler", "model", "prompt", "negative")  # of the settings
IDENTITY = re.compile("[0-9a-f]{32}")
#: Of a text with flipped bits.
DAMAGE = (ValueError, TypeError, AttributeError, LookupError, RecursionError, UsageError)
CHOSEN = "(SELECT value FROM json_each(?))"  # any number of ids in one parameter


@dataclass(frozen=True)
class Item:
    """A picture of the history. `path` is absolute, `created` in ms since 1970 (UTC), `modified`
    the file's time in ns, `width` and `height` the file's. `identity` is its settings chunk's
    digest, shared by copies. `trashed`: its file lies in the trash."""

    id: int
    path: Path
    identity: str
    trashed: bool
    created: int
    favourite: bool
    rating: int
    nfe: int
    seconds: float
    width: int
    height: int
    modified: int
    score: Score | None
    settings: Settings
    tags: tuple[str, ...]


class Brief(NamedTuple):
    """What tells pictures apart, of thousands at once: an Item with its settings weighs a hundred
    times as much."""

    id: int
    modified: int
    file: str
    prompt: str

    @property
    def path(self) -> Path:
        return Path(self.file)

    @property
    def title(self) -> str:
        return self.prompt or self.path.name


@dataclass(frozen=True)
class Place:
    """Where the index believes a file to be."""

    id: int
    path: str
    stamp: Stamp
    identity: str


def item(row: tuple[Any, ...], folder: Path) -> Item:
    """A row of COLUMNS."""
    number, path, identity, trashed, created, favourite, *figures, score, tower, settings, tags = (
        row
    )
    try:
        head = (number, folder / path, identity, bool(trashed), created, bool(favourite))
        fits = None if score is None else Score(float(score), tower)
        last = fits, settings_from(settings), tuple(json.loads(tags))
        values: list[Any] = [*head, *figures, *last]
        return Item(*values)
    except DAMAGE as error:
        raise DamagedText(f"row {number} holds what nobody wrote") from error


def items(connection: sqlite3.Connection, ids: Iterable[int], folder: Path) -> dict[int, Item]:
    """Those of `ids` that there are."""
    sql = f"SELECT {COLUMNS} FROM pictures WHERE id IN {CHOSEN}"
    return {row[0]: item(row, folder) for row in connection.execute(sql, (chosen(ids),))}


def chosen(ids: Iterable[int]) -> str:
    """The parameter for CHOSEN."""
    return json.dumps(list(ids))


def settings_text(settings: Settings) -> str:
    """All fields as JSON."""
    return json.dumps(settings.stored())


def settings_from(text: str) -> Settings:
    """From `settings_text`; fields that came later have their defaults."""
    values = json.loads(text)
    known = {each.name for each in fields(Settings)}
    found_in = {name: _tuples(value) for name, value in values.items() if name in known}
    found = Settings(**found_in | {"size": Size.read(values["size"])})
    return found if "syntax" in values else found.from_before_syntax


def values(path: str, found: Stamp, picture: Picture) -> dict[str, str | int | float | None]:
    """What the table holds of a picture, its marks excepted."""
    record, settings = picture.record, picture.record.settings
    return {
        "path": path,
        "identity": picture.identity,
        "trashed": int(is_trashed(path)),
        "created": created_ms(record.created, found.modified),
        **{name: getattr(settings, name) for name in ("seed", "steps", "guidance")},
        "size": settings.size.stored,
        **{name: plain(getattr(settings, name)) for name in TEXTS},
        "width": picture.width,
        "height": picture.height,
        "nfe": record.nfe,
        "seconds": record.seconds,
        "score": record.score.value if record.score is not None else None,
        "tower": plain(record.score.tower) if record.score is not None else "",
        "modified": found.modified,
        "bytes": found.bytes,
        "settings": settings_text(settings),
    }


def put(
    connection: sqlite3.Connection, path: str, found: Stamp, picture: Picture, marks: Marks
) -> int:
    """Adds a picture, or brings the row of that path up to date; returns its id."""
    row = values(path, found, picture)
    names = ", ".join(row)
    places = ", ".join(f":{name}" for name in row)
    changes = ", ".join(f"{name} = excluded.{name}" for name in row)
    connection.execute(
        f"INSERT INTO pictures ({names}) VALUES ({places})"
        f" ON CONFLICT (path) DO UPDATE SET {changes}",
        row,
    )
    number = int(
        connection.execute("SELECT id FROM pictures WHERE path = ?", (path,)).fetchone()[0]
    )
    _write_marks(connection, number, marks)
    connection.execute("DELETE FROM skipped WHERE path = ?", (path,))
    return number


def move(connection: sqlite3.Connection, number: int, path: str) -> None:
    """Says that a picture's file is elsewhere now."""
    connection.execute(
        "UPDATE pictures SET path = ?, trashed = ? WHERE id = ?",
        (path, int(is_trashed(path)), number),
    )


def remove(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    connection.execute(f"DELETE FROM pictures WHERE id IN {CHOSEN}", (chosen(ids),))


def check(connection: sqlite3.Connection) -> None:
    """Raises sqlite3.DatabaseError, DamagedText, unless every row is as it was written: a flipped
    bit in a text leaves the database whole."""
    for number, seal, *row in connection.execute(f"SELECT id, checksum, {SEALED} FROM pictures"):
        if seal and seal != _sealed(row):
            raise DamagedText(f"row {number} holds what nobody wrote")
    if has_words(connection):
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")


def seal(connection: sqlite3.Connection, where: str = "checksum = 0") -> None:
    """Checksums for the rows that have none yet, or for others."""
    for number, *row in connection.execute(f"SELECT id, {SEALED} FROM pictures WHERE {where}"):
        connection.execute("UPDATE pictures SET checksum = ? WHERE id = ?", (_sealed(row), number))


def _sealed(row: Sequence[object]) -> int:
    return crc32(repr(row).encode("utf-8", "surrogatepass")) or 1


def readable_marks(connection: sqlite3.Connection) -> Mapping[str, Marks]:
    """Of a damaged index, what can still be read of them."""
    found: dict[str, Marks] = {}
    sql = "SELECT identity, favourite, rating FROM pictures WHERE id = ?"
    tags = "SELECT tag FROM tags WHERE picture = ?"
    with suppress(sqlite3.Error, *DAMAGE):
        for (number,) in connection.execute("SELECT id FROM pictures ORDER BY id").fetchall():
            with suppress(sqlite3.Error, UsageError, *DAMAGE):
                identity, favourite, rating = connection.execute(sql, (number,)).fetchone()
                kept = {checked_tag(tag) for (tag,) in connection.execute(tags, (number,))}
                marks = Marks(bool(favourite), checked_rating(rating), tuple(sorted(kept)))
                if marks != Marks() and IDENTITY.fullmatch(identity):
                    found[identity] = marks
    return found


def places(connection: sqlite3.Connection, ids: Iterable[int] | None = None) -> tuple[Place, ...]:
    """Where these files are, or all."""
    sql = "SELECT id, path, modified, bytes, identity FROM pictures"
    if ids is None:
        rows = connection.execute(sql)
    else:
        rows = connection.execute(f"{sql} WHERE id IN {CHOSEN} ORDER BY id", (chosen(ids),))
    return tuple(
        Place(number, path, Stamp(modified, size), identity)
        for number, path, modified, size, identity in rows
    )


def set_marks(connection: sqlite3.Connection, identity: str, marks: Marks) -> None:
    """To the picture and its copies."""
    found = connection.execute("SELECT id FROM pictures WHERE identity = ?", (identity,)).fetchall()
    for (number,) in found:
        _write_marks(connection, number, marks)


def marks_of(
    connection: sqlite3.Connection, ids: Iterable[int] | None = None
) -> Mapping[str, Marks]:
    """Marks by identity: of these pictures, or of all that have any."""
    which = (
        "favourite OR rating OR id IN (SELECT picture FROM tags)"
        if ids is None
        else f"id IN {CHOSEN}"
    )
    sql = f"SELECT identity, favourite, rating, {TAGS} FROM pictures WHERE {which}"
    return {
        identity: Marks(bool(favourite), rating, tuple(json.loads(tags)))
        for identity, favourite, rating, tags in connection.execute(
            sql, () if ids is None else (chosen(ids),)
        )
    }


def is_trashed(path: str) -> bool:
    return path.startswith(f"{TRASH}/")


def created_ms(text: str, modified: int) -> int:
    """An ISO 8601 time in ms since 1970; the file's time (ns) when it is none."""
    try:
        when = datetime.fromisoformat(text)
        return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return modified // 1_000_000


def _write_marks(connection: sqlite3.Connection, number: int, marks: Marks) -> None:
    connection.execute("DELETE FROM tags WHERE picture = ?", (number,))
    connection.executemany(
        "INSERT INTO tags (tag, picture) VALUES (?, ?)", [(tag, number) for tag in marks.tags]
    )
    texts = connection.execute(
        "SELECT prompt, negative FROM pictures WHERE id = ?", (number,)
    ).fetchone()
    connection.execute(
        "UPDATE pictures SET favourite = ?, rating = ?, folded = ? WHERE id = ?",
        (int(marks.favourite), marks.rating, fold("\n".join((*texts, *marks.tags))), number),
    )
    seal(connection, f"id = {number}")


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
