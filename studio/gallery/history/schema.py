"""The tables of the history: made, brought up to date, or refused with a sentence.

Knows SQL and nothing of pictures.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from functools import cache
from pathlib import Path

from studio.core.errors import HistoryError

Migration = tuple[str, ...]
OURS = {"path", "identity", "trashed", "favourite", "rating", "folded", "prompt", "settings"}

_FIRST: Migration = (
    """CREATE TABLE pictures (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,      -- below the pictures folder, with slashes
        identity TEXT NOT NULL,         -- digest of the settings chunk: the same wherever it lies
        trashed INTEGER NOT NULL,
        created INTEGER NOT NULL,       -- UTC, ms since 1970
        favourite INTEGER NOT NULL DEFAULT 0,
        rating INTEGER NOT NULL DEFAULT 0,
        sampler TEXT NOT NULL,
        model TEXT NOT NULL,
        seed INTEGER NOT NULL,
        steps INTEGER NOT NULL,
        guidance REAL NOT NULL,
        size INTEGER NOT NULL,          -- as asked for, pixels; a text unless square
        width INTEGER NOT NULL,         -- of the file
        height INTEGER NOT NULL,
        nfe INTEGER NOT NULL,
        seconds REAL NOT NULL,
        modified INTEGER NOT NULL,      -- of the file, ns
        bytes INTEGER NOT NULL,
        folded TEXT NOT NULL DEFAULT '',-- prompt, negative and tags as they are searched
        prompt TEXT NOT NULL,
        negative TEXT NOT NULL,
        settings TEXT NOT NULL          -- all of Settings, JSON
    )""",
    "CREATE INDEX by_created ON pictures (trashed, created)",
    "CREATE INDEX by_rating ON pictures (trashed, rating, created)",
    "CREATE INDEX by_favourite ON pictures (trashed, favourite, created)",
    "CREATE INDEX by_sampler ON pictures (trashed, sampler, created)",
    "CREATE INDEX by_model ON pictures (trashed, model, created)",
    "CREATE INDEX by_seed ON pictures (trashed, seed, created)",
    # for one or two letters, which have no trigram: read whole, but in the order of the answer
    "CREATE INDEX by_text ON pictures (trashed, created, id, folded)",
    "CREATE INDEX by_identity ON pictures (identity)",
    """CREATE TABLE tags (
        tag TEXT NOT NULL,
        picture INTEGER NOT NULL REFERENCES pictures (id) ON DELETE CASCADE,
        PRIMARY KEY (tag, picture)
    ) WITHOUT ROWID""",
    "CREATE INDEX tags_by_picture ON tags (picture)",
    """CREATE TABLE skipped (             -- PNGs that are not ours or damaged: read once
        path TEXT PRIMARY KEY,
        modified INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        reader TEXT NOT NULL            -- what could not read it; another version may
    ) WITHOUT ROWID""",
)
#: Twins of other samplers that were offered once; in JSON no prompt can hold such a pair bare.
_ONE_NAME: Migration = tuple(
    f"""UPDATE pictures SET sampler = '{name}', settings =
        replace(settings, '"sampler": "{twin}"', '"sampler": "{name}"') WHERE sampler = '{twin}'"""
    for twin, name in (("flow-2m", "dpmpp-2m"), ("flow-unipc", "unipc"))
)
_CHECKSUM: Migration = ("ALTER TABLE pictures ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",)
#: How well a picture fits its prompt, by which tower; all rows are sealed anew.
_SCORE: Migration = (
    "ALTER TABLE pictures ADD COLUMN score REAL",
    "ALTER TABLE pictures ADD COLUMN tower TEXT NOT NULL DEFAULT ''",
    "UPDATE pictures SET checksum = 0",
)
#: Statements that lead from version i to i + 1; `PRAGMA user_version` counts those done.
MIGRATIONS: tuple[Migration, ...] = (_FIRST, _ONE_NAME, _CHECKSUM, _SCORE)

# Trigrams find any substring of three letters; `folded` has lost its case already.
_WORDS = """CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    folded, content='pictures', content_rowid='id', columnsize=0,
    tokenize='trigram case_sensitive 1')"""
_ADD_WORDS = "INSERT INTO words (rowid, folded) VALUES (new.id, new.folded)"
_DROP_WORDS = "INSERT INTO words (words, rowid, folded) VALUES ('delete', old.id, old.folded)"
_TRIGGERS = {
    "words_inserted": f"AFTER INSERT ON pictures BEGIN {_ADD_WORDS}; END",
    "words_deleted": f"AFTER DELETE ON pictures BEGIN {_DROP_WORDS}; END",
    "words_updated": f"""AFTER UPDATE OF folded ON pictures WHEN old.folded IS NOT new.folded
        BEGIN {_DROP_WORDS}; {_ADD_WORDS}; END""",
}


class DamagedText(sqlite3.DatabaseError):
    """A row that SQLite can read and nobody has written."""


def connect(
    database: Path, timeout: float, migrations: tuple[Migration, ...] = MIGRATIONS
) -> sqlite3.Connection:
    """An open database with today's tables; `timeout` in seconds is how long locks are awaited.

    Raises HistoryError, and then nothing was changed, when a newer version wrote it; sqlite3.Error
    and OSError as they come.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        database, timeout=timeout, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(connection, database, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(
    connection: sqlite3.Connection, database: Path, migrations: tuple[Migration, ...]
) -> None:
    columns = {row[1] for row in connection.execute("PRAGMA table_info (pictures)")}
    if columns and len(columns & OURS) < len(OURS) / 2:
        raise HistoryError(
            f"{database} is another program's database; move it away, or choose another place."
        )
    if _version(connection) > len(migrations):
        raise HistoryError(
            f"{database} was written by a newer Latent Studio; update Latent Studio to open it."
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut costs commits, never the file
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -65536")  # KiB
    if _version(connection) == len(migrations) and has_words(connection) == can_trigrams():
        return
    connection.execute("BEGIN IMMEDIATE")  # and look again: another instance may have been first
    try:
        for migration in migrations[_version(connection) :]:
            for statement in migration:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        _prepare_words(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def has_words(connection: sqlite3.Connection) -> bool:
    """Whether the trigram index is kept up to date, so that it may be asked."""
    names = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'words_%'"
    return bool(connection.execute(names).fetchone()[0] == len(_TRIGGERS))


def _prepare_words(connection: sqlite3.Connection) -> None:
    for name in _TRIGGERS:
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
    if not can_trigrams():
        return  # this SQLite is older than 3.34; searches then read every prompt
    connection.execute(_WORDS)
    for name, body in _TRIGGERS.items():
        connection.execute(f"CREATE TRIGGER {name} {body}")
    connection.execute("INSERT INTO words (words) VALUES ('rebuild')")


@cache
def can_trigrams() -> bool:
    """Whether this SQLite knows them."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(_WORDS)
        except sqlite3.OperationalError:
            return False
        return True


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_whole(database: Path, timeout: float) -> bool:
    """Reads the whole file, beside whoever else uses it. Raises sqlite3.Error."""
    with closing(sqlite3.connect(database, timeout=timeout)) as connection:
        try:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if is_damage(error):
                return False
            raise


def is_damage(error: Exception) -> bool:
    """Whether an error means that the file is no whole database, and waiting will not help."""
    if isinstance(error, DamagedText | UnicodeDecodeError) or "UTF-8" in str(error):
        return True  # in a text, which SQLite takes for whole
    # our SQL is right: where SQLite does not understand it, the tables are not ours any more
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def set_aside(database: Path) -> Path:
    """Renames a damaged database and what SQLite keeps beside it; returns where it is now."""
    aside = database.with_name(f"{database.name}.damaged-{datetime.now():%Y%m%d-%H%M%S-%f}")
    database.rename(aside)
    for suffix in ("-wal", "-shm"):  # left there, they would be taken for the new database's
        with suppress(FileNotFoundError):
            Path(f"{database}{suffix}").rename(f"{aside}{suffix}")
    return aside


def sentence(database: Path, error: Exception) -> str:
    """What went wrong, and what to do next."""
    if isinstance(error, OSError):
        return f"{database} cannot be used ({error.strerror or error}); choose another folder."
    match _code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"{database} is in use by another Latent Studio; close it or try again."
        case sqlite3.SQLITE_FULL:
            return f"There is no room for {database}; free some space and try again."
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return f"{database} may not be written; allow it or choose another folder."
        case sqlite3.SQLITE_CANTOPEN:
            return f"{database} cannot be opened; check that its folder may be written."
        case _:
            return f"{database} could not be used ({error}); try again."


def _code(error: BaseException) -> int:
    code = getattr(error, "sqlite_errorcode", 0)  # absent from those that the module itself raises
    return int(code) & 0xFF  # without the extended part
