"""A database with flipped bytes is whole for SQLite: rebuilt from the pictures, marks and all."""

from __future__ import annotations

import os
import random
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest

from studio.core.errors import HistoryError
from studio.core.settings import Settings
from studio.gallery.history.index import History
from studio.gallery.history.query import Query
from tests.gallery.history.conftest import Make, draw

DATABASES = int(os.environ.get("LATENT_STUDIO_FLIPPED", "12"))  # 100 for the whole proof


def told(history: History) -> Counter[object]:
    return Counter(
        (item.path.name, item.settings, item.favourite, item.rating, item.tags)
        for item in history.search(Query())
    )


def test_flipped_bytes_are_healed_by_a_sync(database: Path, folder: Path, history: History) -> None:
    for number in range(30):
        draw(
            folder, Settings(f"a teddy bear number {number} on blue", seed=number), f"{number}.png"
        )
    history.sync()
    ids = history.ids(Query())
    history.mark(ids[:5], favourite=True, rating=3)
    history.tag(ids[3:9], add=("keep", "print"))
    right = told(history)
    history.close()
    whole, chance = database.read_bytes(), random.Random(7)
    for _ in range(DATABASES):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 3, 30))):
            damaged[chance.randrange(100, len(damaged))] ^= 1 << chance.randrange(8)
        database.write_bytes(damaged)
        again = History(database, folder)
        with suppress(HistoryError):  # told once, if it is met before the sync
            again.search(Query(text="bear"))
        again.sync()
        assert told(again) == right
        assert again.count(Query(text="teddy bear number")) == 30
        again.close()


@pytest.mark.parametrize(
    "change",
    [
        "settings = replace(settings, 'teddy', 'tezzy')",
        "settings = substr(settings, 2)",
        "settings = CAST(X'ff' || settings AS TEXT)",
        "prompt = CAST(X'fe' AS TEXT)",
        "folded = 'something else'",
        "settings = replace(settings, ': 1.0', ': 3.0')",
        "seed = 7000",
    ],
)
def test_each_text_is_held_against_the_others(
    database: Path, folder: Path, make: Make, history: History, change: str
) -> None:
    item = make("a teddy bear", seed=4)
    history.mark([item.id], rating=4)
    history.close()
    database.with_name("history-marks.jsonl").unlink()  # the index alone knows of the stars
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"UPDATE pictures SET {change}")
    again = History(database, folder)
    again.sync()
    (found,) = again.search(Query(text="teddy"))
    assert (found.settings, found.rating) == (item.settings, 4)
    assert list(database.parent.glob("history.sqlite.damaged-*"))
    again.sync()
    assert len(list(database.parent.glob("history.sqlite.damaged-*"))) == 1
    again.close()


@pytest.mark.parametrize("version", [0, 1])
def test_another_programs_database_is_named_and_left_alone(
    database: Path, folder: Path, version: int
) -> None:
    database.parent.mkdir(parents=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE pictures (id INTEGER, file TEXT)")
        connection.execute("INSERT INTO pictures VALUES (1, 'mine')")
        connection.execute(f"PRAGMA user_version = {version}")
    before = database.read_bytes()
    with pytest.raises(HistoryError, match="another program's database; move it away"):
        History(database, folder)
    assert database.read_bytes() == before
