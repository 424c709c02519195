"""Full disks, locks, damaged files, other versions, kill -9: a sentence, and nothing is lost."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import HistoryError
from studio.core.generating import Score
from studio.core.settings import Settings
from studio.gallery import png
from studio.gallery.history import files, schema
from studio.gallery.history.index import History
from studio.gallery.history.marks import SPARE_LINES, Journal, Marks
from studio.gallery.history.query import Query
from tests.gallery.history.conftest import Make, draw

ROOT = Path(__file__).parents[3]
KILLS = int(os.environ.get("LATENT_STUDIO_KILLS", "10"))  # 200 for the whole proof


def test_a_newer_database_is_left_alone(database: Path, folder: Path, history: History) -> None:
    history.close()
    with sqlite3.connect(database) as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    connection.close()
    before = {path.name: path.read_bytes() for path in database.parent.iterdir()}
    with pytest.raises(HistoryError, match=r"newer Latent Studio; update"):
        History(database, folder)
    assert {path.name: path.read_bytes() for path in database.parent.iterdir()} == before


def test_an_older_database_migrates_or_stays(database: Path, make: Make, history: History) -> None:
    item = make()
    history.close()
    column = "ALTER TABLE pictures ADD COLUMN note TEXT NOT NULL DEFAULT 'none'"
    wrong = (*schema.MIGRATIONS, (column, "CREATE TABLE pictures (x)"))
    with pytest.raises(sqlite3.OperationalError):
        schema.connect(database, 1, wrong)
    unchanged = schema.connect(database, 1)
    names = [row[1] for row in unchanged.execute("PRAGMA table_info (pictures)")]
    assert "note" not in names
    unchanged.close()

    migrated = schema.connect(database, 1, (*schema.MIGRATIONS, (column,)))
    assert migrated.execute("SELECT id, note FROM pictures").fetchall() == [(item.id, "none")]
    assert migrated.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS) + 1,)
    migrated.close()


def test_a_history_of_the_first_version_shows_an_alias_under_its_one_name(
    database: Path, folder: Path, make: Make, history: History
) -> None:
    prompt = 'a "sampler": "flow-2m" in words'
    items = [make(prompt, sampler=name) for name in ("ddim", "dpmpp-2m", "unipc")]
    history.close()
    with closing(sqlite3.connect(database)) as connection, connection:
        for alias, name in (("flow-2m", "dpmpp-2m"), ("flow-unipc", "unipc")):
            connection.execute(
                f"""UPDATE pictures SET sampler = '{alias}',
                settings = replace(settings, '"{name}"', '"{alias}"') WHERE sampler = '{name}'"""
            )
        for column in ("checksum", "score", "tower"):
            connection.execute(f"ALTER TABLE pictures DROP COLUMN {column}")
        connection.execute("PRAGMA user_version = 1")
    again = History(database, folder)
    assert again.facets().samplers == (("ddim", 1), ("dpmpp-2m", 1), ("unipc", 1))
    assert again.items(item.id for item in items) == tuple(items)
    assert again.ids(Query(sampler="dpmpp-2m")) == (items[1].id,)
    again.close()


def test_a_history_of_before_there_were_scores_goes_on(
    database: Path, folder: Path, make: Make, history: History
) -> None:
    old = make("a bear")
    history.close()
    with closing(sqlite3.connect(database)) as connection, connection:
        for column in ("score", "tower"):
            connection.execute(f"ALTER TABLE pictures DROP COLUMN {column}")
        connection.execute("UPDATE pictures SET checksum = 1")  # of fewer columns
        connection.execute("PRAGMA user_version = 3")
    again = History(database, folder)
    again.sync()
    score = Score(0.25, "siglip 1a2b3c4d")
    pixels = np.zeros((8, 8, 3), np.uint8)
    new = again.add(png.write_new(folder, pixels, Settings("a rocket"), score=score))
    assert again.get(old.id) == old and old.score is None
    assert again.get(new.id) == new and new.score == score
    again.close()
    assert not list(database.parent.glob("*.damaged-*"))
    last = History(database, folder)
    last.sync()
    assert last.get(new.id) == new
    last.close()


def test_words_come_back_after_a_version_without_trigrams(
    database: Path, folder: Path, make: Make, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("first bear")
    history.close()
    monkeypatch.setattr(schema, "can_trigrams", lambda: False)
    old = History(database, folder)
    old.add(draw(folder, Settings("second bear")))
    assert old.count(Query(text="bear")) == 2
    assert not old._store.has_words
    old.close()
    monkeypatch.undo()
    new = History(database, folder)
    assert new._store.has_words
    assert new.count(Query(text="bear")) == 2
    new.close()


@pytest.mark.parametrize("damage", ["rubbish", "header", "cut", "pages"])
def test_a_damaged_database_is_set_aside_and_made_anew(
    database: Path, folder: Path, make: Make, history: History, damage: str
) -> None:
    items = [make(f"picture {number}" * 20) for number in range(40)]
    history.mark([items[0].id], favourite=True)
    history.close()
    whole = database.read_bytes()
    damaged = {
        "rubbish": b"not a database" * 1000,
        "header": b"\0" * 100 + whole[100:],
        "cut": whole[: len(whole) // 3],
        "pages": whole[:8192] + b"\xaa" * (len(whole) - 8192),
    }[damage]
    database.write_bytes(damaged)
    again = History(database, folder)
    again.sync()
    assert again.count(Query()) == 40
    assert [i.identity for i in again.search(Query(favourite=True))] == [items[0].identity]
    (aside,) = database.parent.glob("history.sqlite.damaged-*")
    assert aside.read_bytes()[:5000] == damaged[:5000]
    again.close()


def test_damage_met_while_searching_is_told_and_repaired(
    database: Path, folder: Path, make: Make, history: History
) -> None:
    for number in range(40):
        make(f"picture {number}" * 20)
    history.close()
    whole = database.read_bytes()
    database.write_bytes(whole[: 4096 * 3] + b"\xaa" * (len(whole) - 4096 * 3))
    again = History(database, folder)
    with pytest.raises(HistoryError, match="rescan the folder"):
        again.search(Query(text="picture"))
    assert again.search(Query(text="picture")) == ()
    assert again.sync().added == 40
    assert again.count(Query(text="picture")) == 40
    again.close()


def test_a_lock_that_lasts_is_told(
    database: Path, folder: Path, make: Make, history: History
) -> None:
    item = make()
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    path = draw(folder, Settings("made meanwhile"))
    for ask in (
        lambda: history.add(path),
        lambda: history.mark([item.id], rating=1),
        lambda: history.trash([item.id]),
        history.sync,
    ):
        with pytest.raises(HistoryError, match="in use by another Latent Studio; close it"):
            ask()
    assert history.search(Query()) == (item,)  # reading needs no lock
    other.execute("ROLLBACK")
    other.close()
    assert history.get(item.id) == item
    assert item.path.exists()
    assert history.sync().added == 1


def test_a_lock_that_is_let_go_is_awaited(
    database: Path, folder: Path, make: Make, history: History
) -> None:
    import threading

    item = make()
    patient = History(database, folder, timeout=10)
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    release.start()
    patient.mark([item.id], rating=1)
    release.join()
    other.close()
    patient.close()
    assert history.count(Query(least_rating=1)) == 1


def test_a_full_disk_is_told(make: Make, history: History, folder: Path) -> None:
    item = make()
    history.mark([item.id], rating=2)
    connection = history._store._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    paths = [draw(folder, Settings("words " * 2000, seed=n), f"{n}.png") for n in range(3)]
    for path in paths:
        with pytest.raises(HistoryError, match=r"no room for .+; free some space"):
            history.add(path)
    with pytest.raises(HistoryError, match="no room"):
        history.sync()
    assert [i.rating for i in history.search(Query())] == [2]
    connection.execute("PRAGMA max_page_count = 1000000")
    assert history.sync().added == 3
    assert all(path.exists() for path in paths)


def test_a_full_disk_tears_no_mark(
    make: Make, history: History, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = make()
    history.mark([item.id], rating=2)
    journal = database.with_name("history-marks.jsonl")
    before = journal.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HistoryError, match="No space left"):
        history.mark([item.id], rating=5)
    monkeypatch.undo()
    assert journal.read_bytes() == before
    assert [i.rating for i in history.search(Query())] == [2]
    history.mark([item.id], rating=4)
    assert [i.rating for i in history.search(Query())] == [4]


READ_ONLY = """
import os, sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from studio.core.errors import HistoryError
from studio.core.generating import Score
from studio.core.settings import Settings
from studio.gallery.history.index import History
from studio.gallery.history.query import Query
from tests.gallery.history.conftest import draw
if os.geteuid() == 0:
    with tempfile.TemporaryDirectory() as base:  # imports all it takes, which nobody may read
        draw(Path(base), Settings("a bear"))
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
with tempfile.TemporaryDirectory() as base:
    database, folder = Path(base) / "data" / "history.sqlite", Path(base) / "pictures"
    history = History(database, folder, timeout=0.2)
    item = history.add(draw(folder, Settings("a bear"), "bear.png"))
    os.chmod(folder, 0o500)
    try:
        history.trash([item.id])
    except HistoryError as error:
        print(error)
    assert history.search(Query()) == (item,)
    history.mark([item.id], rating=3)
    history.close()
    os.chmod(database, 0o400)
    os.chmod(database.parent, 0o500)
    try:
        History(database, folder, timeout=0.2).mark([item.id], rating=4)
    except HistoryError as error:
        print(error)
    os.chmod(database.parent, 0o700)
    os.chmod(database, 0o600)
    os.chmod(folder, 0o700)
    assert History(database, folder).get(item.id).rating == 3
"""


@pytest.mark.skipif(os.name == "nt", reason="files' limits are POSIX")
def test_a_line_that_does_not_fit_is_not_torn(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "marks.jsonl"
    journal = Journal(path)
    journal.append({"a": Marks(rating=1)})
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
    try:
        with pytest.raises(OSError, match=r"space|large"):
            journal.append({"a": Marks(rating=2)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert journal.marks() == Journal(path).marks() == {"a": Marks(rating=1)}


@pytest.mark.skipif(os.name == "nt", reason="folders' modes are POSIX")
def test_folders_that_may_not_be_written() -> None:
    """In a process of its own that is not root, for whom nothing is read-only."""
    ran = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(ROOT)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    trashed, marked = ran.stdout.splitlines()
    assert trashed.endswith(
        "cannot be moved (Permission denied); check that its folder may be written."
    )
    assert "history.sqlite" in marked
    assert "may" in marked
    assert "written" in marked


def test_a_folder_that_is_not_there_keeps_its_index(
    make: Make, history: History, folder: Path
) -> None:
    item = make()
    away = folder.with_name("another drive")
    folder.rename(away)
    with pytest.raises(HistoryError, match="is not there; connect its drive"):
        history.sync()
    away.rename(folder)
    assert history.sync().vanished == 0
    assert history.get(item.id) == item


def test_a_kill_between_journal_and_index_is_made_good(
    make: Make, history: History, database: Path, folder: Path
) -> None:
    item = make()
    history.mark([item.id], rating=1)
    journal = database.with_name("history-marks.jsonl")
    with open(journal, "ab") as file:  # as `mark` writes it before it commits, and a torn one
        file.write(
            b'\n{"picture": "%s", "favourite": true, "rating": 5, "tags": ["x"]}\n{"pic'
            % item.identity.encode()
        )
    assert history.sync().marks == 1
    marked = history.get(item.id)
    assert marked is not None
    assert (marked.favourite, marked.rating, marked.tags) == (True, 5, ("x",))
    history.tag([item.id], add=["y"])
    journal.unlink()  # and the other way round: the index writes a lost journal
    assert history.sync().marks == 1
    history.close()
    for path in database.parent.glob("history.sqlite*"):
        path.unlink()
    again = History(database, folder)
    again.sync()
    assert [i.tags for i in again.search(Query())] == [("x", "y")]
    again.close()


def test_the_journal_does_not_grow_for_ever(
    make: Make, history: History, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # thousands of them take seconds
    items = [make(), make()]
    for number in range(SPARE_LINES // 2 + 10):
        for item in items:
            history.mark([item.id], rating=1 + number % 5)
    journal = database.with_name("history-marks.jsonl")
    assert len(journal.read_bytes().split(b"\n")) > SPARE_LINES
    before = history.search(Query())
    history.sync()
    assert len(journal.read_bytes().split(b"\n")) == 3
    assert history.search(Query()) == before
    assert history.sync().marks == 0


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from studio.core.settings import Settings
from studio.gallery.history.index import History
from tests.gallery.history.conftest import draw
base = Path(sys.argv[2])
history = History(base / "history.sqlite", base / "pictures")
history.sync()
number = 0
while True:
    path = draw(base / "pictures", Settings(f"picture {number}", seed=number))
    print(path.name, flush=True)
    item = history.add(path)
    match number % 5:
        case 1: history.mark([item.id], favourite=True, rating=4)
        case 2: history.tag([item.id], add=["kept"])
        case 3: history.trash([item.id])
        case 4:
            history.restore([item.id - 1])
            history.sync()
    number += 1
"""


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """LATENT_STUDIO_KILLS processes write, add, mark and throw away until they are killed."""
    folder, dice = tmp_path / "pictures", random.Random()
    finished: Counter[str] = Counter()  # a name in the trash may be given once more
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(ROOT), str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(dice.uniform(0, 0.2))
        writer.kill()
        rest, _ = writer.communicate()
        finished.update(line for line in (first + rest).splitlines() if line.endswith(".png"))
        _age(folder)
        _check(tmp_path / "history.sqlite", folder, finished)
    print(f"{finished.total()} pictures, {KILLS} kills")


def _age(folder: Path) -> None:
    """Drafts and reserved names look as they will ten minutes later."""
    old = time.time() - files.STALE_SECONDS - 5
    for path in (*folder.rglob("*.part"), *folder.rglob("*.png")):
        if path.suffix == ".part" or not path.stat().st_size:
            os.utime(path, (old, old))


def _check(database: Path, folder: Path, finished: Counter[str]) -> None:
    history = History(database, folder)
    for item in history.search(Query(), limit=10_000):  # before anything is repaired
        _assert_whole(item.path)
    synced = history.sync()
    assert synced.skipped == 0
    items = [
        item
        for trashed in (False, True)
        for item in history.search(Query(trashed=trashed), limit=10_000)
    ]
    for item in items:
        _assert_whole(item.path)
    assert finished <= Counter(item.path.name for item in items)
    assert sorted(item.path for item in items) == sorted(folder.rglob("*.png"))
    assert not list(folder.rglob("*.part"))
    assert not list(database.parent.glob("*.damaged*"))
    history.close()


def _assert_whole(path: Path) -> None:
    with Image.open(path) as image:
        image.load()
