"""The history: every finished picture in a folder, found in an instant.

The PNG files are the truth; this is an index over them that can be deleted and comes back. Only
what the user says about pictures is not in the files, and that is kept twice (`marks.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio.core.errors import DataError
from studio.core.installation import user_data
from studio.gallery.history import files, rows, trash
from studio.gallery.history.marks import Marks, checked_rating, checked_tag
from studio.gallery.history.query import ORDERS, Condition, Query, condition
from studio.gallery.history.rows import Item
from studio.gallery.history.store import ReplacedError, Store
from studio.gallery.history.sync import Progress, Synced, sync
from studio.gallery.history.thumbnails import Thumbnails

LOCK_SECONDS = 15.0
THUMBNAIL = 144  # pixels

Counts = tuple[tuple[str, int], ...]


def default_database() -> Path:
    """Where the index is unless someone says otherwise: in the user's data folder."""
    return user_data("history.sqlite")


@dataclass(frozen=True)
class Facets:
    """What there is to filter by, the most frequent first, with how many pictures have it."""

    samplers: Counts
    models: Counts
    tags: Counts


class History:
    """An index of the PNGs below `folder`, kept in `database`.

    Any thread may call anything: threads take turns at one connection, for milliseconds, also
    while a sync runs. Several processes may share a database; whoever finds it locked for longer
    than `timeout` seconds gets HistoryError. Everything raises HistoryError with nothing lost.
    """

    def __init__(self, database: Path, folder: Path, timeout: float = LOCK_SECONDS) -> None:
        """A damaged database is set aside and an empty one made: sync fills it. Raises
        HistoryError, leaving the file alone, when a newer version wrote it."""
        self.folder = Path(os.path.abspath(folder))
        self._store = Store(Path(os.path.abspath(database)), timeout)
        self._thumbnails = Thumbnails(self._store.database.with_name("thumbnails"))

    def close(self) -> None:
        """No call may follow."""
        self._store.close()

    def add(self, path: Path) -> Item:
        """Indexes a finished PNG below the folder, or the new contents of one already indexed.

        Raises DataError unless it is a whole PNG with settings inside.
        """
        try:
            relative = Path(os.path.abspath(path)).relative_to(self.folder).as_posix()
        except ValueError as error:
            raise DataError(f"{path} is not in {self.folder}.") from error
        with self._store.writing() as connection:  # nobody may move it meanwhile
            if files.is_gone(path):
                raise DataError(f"{path.name} does not exist.")
            stamp, picture = files.stamp(path), files.read(path)
            marks = self._store.journal.marks().get(picture.identity, Marks())
            number = rows.put(connection, relative, stamp, picture, marks)
            return rows.items(connection, (number,), self.folder)[number]

    def sync(
        self, check: Callable[[], None] = lambda: None, progress: Progress | None = None
    ) -> Synced:
        """Makes the index say what the folder holds; reads only files that it does not know.

        To be called at every start, and it is all that a rebuild takes. `check` is called between
        files and may raise; `progress` gets the files done and to do.
        """
        try:
            return sync(self._store, self.folder, check, progress)
        except ReplacedError:  # damage that only reading all of it has shown
            return sync(self._store, self.folder, check, progress)

    def search(self, query: Query, offset: int = 0, limit: int = 100) -> tuple[Item, ...]:
        """Items `offset` to `offset + limit` of what is found, in the query's order."""
        where, order = self._condition(query), ORDERS[query.order]
        with self._store.reading() as connection:
            found = connection.execute(
                f"SELECT {rows.COLUMNS} FROM pictures WHERE id IN (SELECT id FROM pictures"
                f" WHERE {where.sql} ORDER BY {order} LIMIT ? OFFSET ?) ORDER BY {order}",
                (*where.parameters, limit, offset),
            )
            return tuple(rows.item(row, self.folder) for row in found)

    def count(self, query: Query) -> int:
        """How many pictures are found."""
        where = self._condition(query)
        with self._store.reading() as connection:
            sql = f"SELECT count(*) FROM pictures WHERE {where.sql}"
            return int(connection.execute(sql, where.parameters).fetchone()[0])

    def ids(self, query: Query) -> tuple[int, ...]:
        """All that is found, in the query's order."""
        return tuple(number for (number,) in self._select("id", query))

    def briefs(self, query: Query) -> tuple[rows.Brief, ...]:
        """All that is found, in the query's order."""
        found = self._select("id, modified, path, prompt", query)
        return tuple(rows.Brief(a, b, f"{self.folder}/{path}", said) for a, b, path, said in found)

    def get(self, number: int) -> Item | None:
        """The picture with that id, also from the trash; None if there is none."""
        with self._store.reading() as connection:
            return rows.items(connection, (number,), self.folder).get(number)

    def items(self, ids: Iterable[int]) -> tuple[Item, ...]:
        """Those of `ids` that there are, in their order: a page of `History.ids`."""
        ids = tuple(ids)
        with self._store.reading() as connection:
            found = rows.items(connection, ids, self.folder)
        return tuple(found[number] for number in ids if number in found)

    def facets(self) -> Facets:
        """Of all pictures outside the trash."""
        sql = (
            "SELECT {0}, count(*) FROM {1} WHERE trashed = 0 GROUP BY {0} ORDER BY count(*) DESC, 1"
        )
        with self._store.reading() as connection:
            samplers, models, tags = (
                tuple(connection.execute(sql.format(column, table)).fetchall())
                for column, table in (
                    ("sampler", "pictures"),
                    ("model", "pictures"),
                    ("tag", "tags JOIN pictures ON pictures.id = picture"),
                )
            )
        return Facets(samplers, models, tags)

    def mark(
        self, ids: Iterable[int], favourite: bool | None = None, rating: int | None = None
    ) -> None:
        """Marks pictures and their copies; None leaves as it is. Raises UsageError for a rating
        that is not 0 to 5."""
        if rating is not None:
            checked_rating(rating)
        self._change(
            ids,
            lambda marks: replace(
                marks,
                favourite=marks.favourite if favourite is None else favourite,
                rating=marks.rating if rating is None else rating,
            ),
        )

    def tag(self, ids: Iterable[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Adds tags to pictures and their copies, or takes them away. Raises UsageError."""
        new = {checked_tag(tag) for tag in add}
        old = {checked_tag(tag) for tag in remove}
        self._change(
            ids, lambda marks: replace(marks, tags=tuple(sorted({*marks.tags, *new} - old)))
        )

    def trash(self, ids: Iterable[int]) -> tuple[int, ...]:
        """Moves files to the trash inside the folder; returns the ids that were moved."""
        return trash.throw(self._store, self.folder, ids)

    def restore(self, ids: Iterable[int]) -> tuple[int, ...]:
        """Moves files from the trash to where they were; returns the ids that came back."""
        return trash.restore(self._store, self.folder, ids)

    def empty_trash(self) -> int:
        """Deletes what is in the trash, for good; returns how many pictures."""
        return trash.empty(self._store, self.folder)

    def thumbnail(self, item: Item | rows.Brief, size: int = THUMBNAIL) -> bytes:
        """A JPEG of at most `size` x `size` pixels, from the cache if it is there. Raises
        DataError when the picture cannot be read."""
        return self._thumbnails.jpeg(item.path, item.modified, size)

    def _select(self, columns: str, query: Query) -> list[tuple[Any, ...]]:
        where = self._condition(query)
        sql = f"SELECT {columns} FROM pictures WHERE {where.sql} ORDER BY {ORDERS[query.order]}"
        with self._store.reading() as connection:
            return connection.execute(sql, where.parameters).fetchall()

    def _condition(self, query: Query) -> Condition:
        return condition(query, self._store.has_words)

    def _change(self, ids: Iterable[int], change: Callable[[Marks], Marks]) -> None:
        with self._store.writing() as connection:
            before = rows.marks_of(connection, ids)
            after = {name: change(marks) for name, marks in before.items()}
            changed = {name: marks for name, marks in after.items() if marks != before[name]}
            for name, marks in changed.items():
                rows.set_marks(connection, name, marks)
            if changed:
                self._store.journal.append(changed)
