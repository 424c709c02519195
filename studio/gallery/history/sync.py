"""Makes the index say what the folder holds. The folder is the truth about pictures, the journal
about marks; the index can always be made anew from both.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from sqlite3 import Connection

from studio.core.errors import DataError, HistoryError
from studio.gallery.history import files, rows
from studio.gallery.history.files import Picture, Stamp
from studio.gallery.history.marks import Marks
from studio.gallery.history.rows import Place
from studio.gallery.history.store import Store

log = logging.getLogger(__name__)

BATCH = 64  # files a transaction; others get their turn between two

Check = Callable[[], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Synced:
    """What a sync did, in files. `skipped` are all PNGs there that are not ours or damaged;
    `leftovers` the drafts of killed writers, which it removed; `marks` the pictures whose marks
    differed between journal and index."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    vanished: int = 0
    skipped: int = 0
    leftovers: int = 0
    marks: int = 0


@dataclass(frozen=True)
class _Read:
    """A file that the index does not know as it is now; `picture` None if it cannot be read."""

    path: str
    stamp: Stamp
    picture: Picture | None


def sync(store: Store, folder: Path, check: Check, progress: Progress | None) -> Synced:
    """`check` may raise to stop: what was read so far stays. `progress` gets files done and to do.

    Raises HistoryError; a folder that is not there (a drive that is not connected) changes nothing.
    """
    store.verify()
    with store.writing() as connection:
        rows.seal(connection)  # those of a version that had no checksums
        known = {place.path: place for place in rows.places(connection)}
        skipped = _skipped(connection)
    found = _scan(folder, check, bool(known))
    news = [
        path
        for path, now in sorted(found.pictures.items())  # by time: ids follow it
        if skipped.get(path) != now and (path not in known or known[path].stamp != now)
    ]
    missing = [place for path, place in known.items() if path not in found.pictures]
    elsewhere = {place.identity: place for place in missing}  # perhaps they only moved
    counts: Counter[str] = Counter()
    reads = _reads(folder, news, check, progress)
    while batch := list(islice(reads, BATCH)):
        with store.writing() as connection:
            for read in batch:
                counts[_index(connection, store, folder, read, elsewhere)] += 1
    with store.writing() as connection:
        return Synced(
            added=counts["added"],
            changed=counts["changed"],
            moved=counts["moved"],
            vanished=_forget(connection, folder, missing),
            skipped=_skip_only(connection, set(found.pictures)),
            leftovers=_clear(found.leftovers),
            marks=_reconcile(connection, store),
        )


def _skipped(connection: Connection) -> dict[str, Stamp]:
    rows = connection.execute(
        "SELECT path, modified, bytes FROM skipped WHERE reader = ?", (files.reader(),)
    )
    return {path: Stamp(modified, size) for path, modified, size in rows}


def _scan(folder: Path, check: Check, needed: bool) -> files.Scan:
    try:
        return files.scan(folder, check)
    except FileNotFoundError:
        if not needed:
            return files.Scan({}, ())  # nothing was ever made
        raise HistoryError(
            f"{folder} is not there; connect its drive or choose another folder."
        ) from None
    except OSError as error:
        raise HistoryError(
            f"{folder} cannot be read ({error.strerror or error}); allow it or choose another."
        ) from error


def _reads(
    folder: Path, paths: Sequence[str], check: Check, progress: Progress | None
) -> Iterator[_Read]:
    for done, path in enumerate(paths):
        check()
        if progress is not None:
            progress(done, len(paths))
        try:
            now = files.stamp(folder / path)  # before reading: a later change shows next time
        except OSError:
            continue
        try:
            yield _Read(path, now, files.read(folder / path))
        except DataError:
            yield _Read(path, now, None)
        except Exception:  # of whatever library: the other pictures are read all the same
            log.exception("%s was not understood", path)
            yield _Read(path, now, None)
    if progress is not None:
        progress(len(paths), len(paths))


def _index(
    connection: Connection, store: Store, folder: Path, read: _Read, elsewhere: dict[str, Place]
) -> str:
    """Puts one file into the index; says what that was."""
    if not _is_still(folder / read.path, read.stamp):
        return "gone"  # to the trash, say, while it was read
    row = connection.execute("SELECT id FROM pictures WHERE path = ?", (read.path,)).fetchone()
    if read.picture is None:
        if row is not None:
            rows.remove(connection, row)
        connection.execute(
            "INSERT OR REPLACE INTO skipped VALUES (?, ?, ?, ?)",
            (read.path, read.stamp.modified, read.stamp.bytes, files.reader()),
        )
        return "skipped"
    place = elsewhere.get(read.picture.identity)
    moved = row is None and place is not None and _is_missing(connection, folder, place)
    if moved and place is not None:
        rows.move(connection, place.id, read.path)
    marks = store.journal.marks().get(read.picture.identity, Marks())
    rows.put(connection, read.path, read.stamp, read.picture, marks)
    if moved:
        return "moved"
    return "added" if row is None else "changed"


def _is_still(path: Path, stamp: Stamp) -> bool:
    try:
        return files.stamp(path) == stamp
    except OSError:
        return False


def _is_missing(connection: Connection, folder: Path, place: Place) -> bool:
    """Whether the index still names a file there and it still is not."""
    now = rows.places(connection, (place.id,))
    return bool(now) and now[0].path == place.path and files.is_gone(folder / place.path)


def _forget(connection: Connection, folder: Path, missing: Sequence[Place]) -> int:
    gone = [place.id for place in missing if _is_missing(connection, folder, place)]
    rows.remove(connection, gone)
    return len(gone)


def _skip_only(connection: Connection, found: Set[str]) -> int:
    """Forgets skipped files that are not there any more; returns how many are."""
    skipped = [path for (path,) in connection.execute("SELECT path FROM skipped")]
    gone = [(path,) for path in skipped if path not in found]
    connection.executemany("DELETE FROM skipped WHERE path = ?", gone)
    return len(skipped) - len(gone)


def _clear(leftovers: Sequence[Path]) -> int:
    removed = 0
    for path in leftovers:
        with suppress(OSError):  # in a folder that may not be written they harm nobody
            path.unlink()
            removed += 1
    return removed


def _reconcile(connection: Connection, store: Store) -> int:
    """Index and journal say the same afterwards; where both say something the journal, written
    first, is right. Returns how many pictures it took."""
    journal, index = dict(store.journal.marks()), rows.marks_of(connection)
    here = {name for (name,) in connection.execute("SELECT identity FROM pictures")}
    changed = {
        name: marks
        for name, marks in journal.items()
        if name in here and index.get(name, Marks()) != marks
    }
    for name, marks in changed.items():
        rows.set_marks(connection, name, marks)
    unwritten = {name: marks for name, marks in index.items() if name not in journal}
    if unwritten:
        store.journal.append(unwritten)
    store.journal.compact()
    return len(changed) + len(unwritten)
