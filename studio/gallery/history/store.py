"""The open database of one history: one connection, one lock, errors as sentences.

All threads share the connection and take turns, for milliseconds at most; other processes are kept
out by SQLite's own locks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock

from studio.core.errors import HistoryError
from studio.gallery.history import rows, schema
from studio.gallery.history.marks import Journal

FAILURES = (sqlite3.Error, OSError, UnicodeDecodeError)


class ReplacedError(HistoryError):
    """The database was damaged: an empty one, to be filled, has taken its place."""


class Store:
    """Raises HistoryError from everything, and then what was asked for is undone."""

    def __init__(self, database: Path, timeout: float) -> None:
        self.database = database
        self.journal = Journal(database.with_name(f"{database.stem}-marks.jsonl"))
        self._timeout = timeout
        self._lock = RLock()
        self._connection = self._open()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone."""
        with self._lock:
            try:
                yield self._connection
            except FAILURES as error:
                if schema.is_damage(error):
                    raise ReplacedError(self._replace()) from error
                raise HistoryError(schema.sentence(self.database, error)) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or, after any exception, nothing."""
        with self.reading() as connection:
            part_of_another = connection.in_transaction
            if part_of_another:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite itself may have ended it
                    connection.execute("ROLLBACK")
                raise

    def verify(self) -> None:
        """Reads the whole file; a damaged one is set aside and an empty one takes its place."""
        try:
            if schema.is_whole(self.database, self._timeout):
                with closing(sqlite3.connect(self.database, timeout=self._timeout)) as connection:
                    rows.check(connection)
                return
        except FAILURES as error:
            if not schema.is_damage(error):
                raise HistoryError(schema.sentence(self.database, error)) from error
        with self._lock:
            self._replace()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _open(self) -> sqlite3.Connection:
        try:
            try:
                connection = schema.connect(self.database, self._timeout)
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                if not schema.is_damage(error):
                    raise
                self._rescue(schema.set_aside(self.database))
                connection = schema.connect(self.database, self._timeout)
        except FAILURES as error:
            raise HistoryError(schema.sentence(self.database, error)) from error
        self.has_words = schema.has_words(connection)
        return connection

    def _replace(self) -> str:
        """Puts an empty database in the place of the damaged one; says so."""
        self._connection.close()
        try:
            aside = schema.set_aside(self.database)
            self._rescue(aside)
        except OSError as error:
            raise HistoryError(schema.sentence(self.database, error)) from error
        self._connection = self._open()
        return (
            f"The index of the pictures was damaged and is kept as {aside};"
            " rescan the folder to rebuild it."
        )

    def _rescue(self, aside: Path) -> None:
        """Marks that only the damaged database has go into the journal, if they can be read."""
        with closing(sqlite3.connect(aside)) as connection:
            found = rows.readable_marks(connection)
        known = self.journal.marks()
        if lost := {name: marks for name, marks in found.items() if name not in known}:
            self.journal.append(lost)
