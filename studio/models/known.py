"""What is known of model files: what the probe said, their digests, what the user chose for them.

One SQLite file in the studio's own folder. Files are known by path, size and time of change, so
that none is read twice; choices go by the digest, and so with a file that is moved. No torch.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from studio.core.errors import ModelError
from studio.core.files import must_be_regular
from studio.core.installation import user_data
from studio.models.chosen import split

CHUNK = 2**22  # bytes
PATIENCE = 5.0  # seconds, with another process that writes
TABLES = """
CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, bytes INTEGER, changed INTEGER,
    reader TEXT DEFAULT '', answer TEXT DEFAULT '', digest TEXT DEFAULT '');
CREATE TABLE IF NOT EXISTS choices (digest TEXT, topic TEXT, value TEXT, bytes INTEGER,
    PRIMARY KEY (digest, topic));
"""
#: What the user may know better than the probe, and opening heeds.
TOPICS = {"prediction": ("epsilon", "v", "x0"), "zero terminal SNR": ("yes", "no")}


class State(NamedTuple):
    """By which a file is recognised; `changed` is in nanoseconds."""

    bytes: int
    changed: int


def database() -> Path:
    return user_data("known-models.sqlite")


@contextmanager
def opened() -> Iterator[sqlite3.Connection]:
    """What is known; kept if the block ends well. A damaged file is set aside; where none can be
    written nothing is remembered."""
    place = database()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(place)
    except (OSError, sqlite3.OperationalError):
        connection = _connect(":memory:")
    except sqlite3.DatabaseError:
        os.replace(place, place.with_suffix(".damaged"))
        connection = _connect(place)
    with closing(connection), connection:
        yield connection


def _connect(place: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(place, timeout=PATIENCE)
    try:
        connection.executescript(TABLES)
    except BaseException:
        connection.close()
        raise
    return connection


def place_of(model: str) -> Path:
    """Of a model by its path, or by its name in the user's folder, whatever is chosen for it."""
    return user_data("models") / split(model)[0]


def weights_of(path: Path) -> list[Path]:
    """A file itself; of a folder the files in it and in its parts."""
    if path.is_dir():
        return sorted([*path.glob("*.safetensors"), *path.glob("*/*.safetensors")])
    return [path]


def state_of(path: Path) -> State:
    """Raises OSError."""
    found = [each.stat() for each in weights_of(path)] or [path.stat()]
    return State(sum(each.st_size for each in found), max(each.st_mtime_ns for each in found))


def bytes_of(path: Path) -> int:
    """0 for what is not there."""
    with suppress(OSError, ValueError):
        return state_of(path).bytes
    return 0


def key(path: Path) -> bytes:
    return os.fsencode(os.path.abspath(path))


def digest_of(path: Path) -> str:
    """SHA-256 of the weights, "" where it is not known: nothing is read for it."""
    with suppress(OSError, ValueError):  # no path can be so
        if not database().is_file():
            return ""
        with opened() as known:
            wanted = (key(path), *state_of(path))
            found = "SELECT digest FROM files WHERE path = ? AND bytes = ? AND changed = ?"
            return str((known.execute(found, wanted).fetchone() or [""])[0])
    return ""


def read_digest(
    path: Path, check: Callable[[], None], hear: Callable[[int, int], None] = lambda *_: None
) -> str:
    """The same, read unless it is known, and remembered: 64 hexadecimal digits, of a single file
    those that other studios call its hash. `hear` is told the bytes read and to read; `check` may
    raise Cancelled. Raises ModelError."""
    if found := digest_of(path):
        return found
    try:
        state, sha, done = state_of(path), hashlib.sha256(), 0
        for file in weights_of(path):
            must_be_regular(file)
            with file.open("rb") as stream:
                while data := stream.read(CHUNK):
                    check()
                    sha.update(data)
                    done += len(data)
                    hear(done, state.bytes)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
    with opened() as known:
        known.execute(
            "INSERT INTO files (path, bytes, changed, digest) VALUES (?, ?, ?, ?) ON CONFLICT"
            " DO UPDATE SET digest = excluded.digest, bytes = excluded.bytes, changed ="
            " excluded.changed, reader = CASE (bytes, changed) WHEN"
            " (excluded.bytes, excluded.changed) THEN reader ELSE '' END",
            (key(path), *state, sha.hexdigest()),
        )
    return sha.hexdigest()


def choose(path: Path, digest: str, topic: str, value: str) -> None:
    """Remembers what the user knows better of the weights with this digest; "" forgets it."""
    with opened() as known:
        known.execute("DELETE FROM choices WHERE digest = ? AND topic = ?", (digest, topic))
        if value:
            row = digest, topic, value, state_of(path).bytes
            known.execute("INSERT INTO choices VALUES (?, ?, ?, ?)", row)


def choices_of(known: sqlite3.Connection, digest: str) -> dict[str, str]:
    rows = known.execute("SELECT topic, value FROM choices WHERE digest = ?", (digest,))
    return {topic: value for topic, value in rows if value in TOPICS.get(topic, ())}


def answers(path: Path, check: Callable[[], None]) -> Mapping[str, str]:
    """What the user chose for these weights, by topic. They are read for it only where there is a
    choice for some of their size. Raises ModelError, Cancelled, OSError."""
    if not database().is_file():
        return {}
    with opened() as known:
        sizes = {size for (size,) in known.execute("SELECT bytes FROM choices")}
    if not sizes or state_of(path).bytes not in sizes:
        return {}
    digest = read_digest(path, check)
    with opened() as known:
        return choices_of(known, digest)
