"""The history finds, marks, throws away and comes back: against the files and a plain search."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
import unicodedata
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from studio.core.errors import Cancelled, DataError, UsageError
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.gallery import png
from studio.gallery.history import files
from studio.gallery.history.index import History
from studio.gallery.history.query import Query, fold
from studio.gallery.history.rows import settings_from, settings_text
from tests.gallery.history.conftest import Make, draw


def found(history: History, query: Query) -> list[str]:
    return [item.settings.prompt for item in history.search(query)]


def test_what_is_added_comes_back_whole(history: History, folder: Path) -> None:
    settings = Settings(
        "half \ud800 a pair, NUL \0 and a 🐻",
        negative="blurry",
        seed=2**63 - 1,
        guidance_interval=(0.1, 0.7),
        options=(("eta", 0.5), ("order", 2)),
    )
    path = draw(folder, settings)
    item = history.add(path)
    assert item.settings == settings == png.read_settings(path)
    assert (item.path, item.width, item.height, item.nfe) == (path, 16, 12, 7)
    assert item.seconds == png.read_record(path).seconds
    assert item.created == datetime.fromisoformat(png.read_record(path).created).timestamp() * 1000
    assert item.modified == path.stat().st_mtime_ns
    assert history.get(item.id) == item
    assert history.get(item.id + 1) is None


def test_adding_twice_is_adding_once(history: History, make: Make) -> None:
    item = make()
    assert history.add(item.path) == item
    assert history.count(Query()) == 1


def test_only_whole_pictures_of_ours_inside_the_folder_are_added(
    history: History, folder: Path, tmp_path: Path
) -> None:
    path = draw(folder, Settings("a bear"), "a.png")
    path.write_bytes(path.read_bytes()[:-20])  # the settings are before the pixels, and whole
    assert png.read_settings(path).prompt == "a bear"
    for wrong in (path, folder / "missing.png", draw(tmp_path, Settings("outside"))):
        with pytest.raises(DataError, match=r".+\."):
            history.add(wrong)
    assert history.count(Query()) == 0


def test_every_filter_narrows(history: History, make: Make) -> None:
    one = make("red car", sampler="flow-heun", seed=1, model="m1")
    two = make("blue car", sampler="ddim", seed=2, model="m1", negative="wheels")
    three = make("blue boat", sampler="ddim", seed=3, model="m2")
    history.mark([one.id], favourite=True, rating=5)
    history.mark([two.id], rating=3)
    history.tag([two.id, three.id], add=["For  print", "blue"])
    everything = (
        (Query(), (3, 2, 1)),
        (Query(order="oldest"), (1, 2, 3)),
        (Query(order="rating"), (1, 2, 3)),
        (Query(text="car"), (2, 1)),
        (Query(text="BLUE ca"), (2,)),
        (Query(text="heel"), (2,)),
        (Query(text="or pri"), (3, 2)),
        (Query(text="u"), (3, 2)),
        (Query(text="red boat"), ()),
        (Query(sampler="ddim"), (3, 2)),
        (Query(model="m1", sampler="ddim"), (2,)),
        (Query(seed=3), (3,)),
        (Query(seed=2**80), ()),
        (Query(least_rating=3), (2, 1)),
        (Query(favourite=True), (1,)),
        (Query(favourite=False), (3, 2)),
        (Query(tag="For print"), (3, 2)),
        (Query(tag="for print"), ()),
        (Query(trashed=True), ()),
    )
    by_seed = {item.settings.seed: item.id for item in (one, two, three)}
    for query, seeds in everything:
        expected = tuple(by_seed[seed] for seed in seeds)
        assert history.ids(query) == expected, query
        found = [(b.id, b.modified, b.path, b.title) for b in history.briefs(query)]
        wanted = [(i.id, i.modified, i.path, i.settings.prompt) for i in history.items(expected)]
        assert found == wanted
        assert tuple(item.id for item in history.search(query)) == expected
        assert history.count(query) == len(expected)
        assert tuple(item.id for item in history.search(query, 1, 1)) == expected[1:2]
    assert [item.id for item in history.items((3, 99, 1))] == [3, 1]


def test_time_bounds(history: History, make: Make) -> None:
    created = make().created
    assert history.count(Query(since=created)) == 1
    assert history.count(Query(since=created + 1)) == 0
    assert history.count(Query(until=created)) == 0
    assert history.count(Query(until=created + 1)) == 1
    assert history.count(Query(since=-(2**70), until=2**70)) == 1


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Café crème", "cafe CREME"),
        ("STRASSE", "straße"),
        ("ﬁne", "fine"),
        ("木の下の犬", "の下"),
        ("木の下の犬", "犬"),
        ("ДОМ у моря", "дом"),
        ("a 🐻 in the 🌲", "🐻"),
        ("100% wool_hat", "0% w"),
        ("100% wool_hat", "l_h"),
        ('he said "no" AND left*', '"no" and LEFT*'),
        ("a-b NEAR(c)", "near("),
    ],
)
def test_text_is_found_however_it_is_written(
    history: History, make: Make, prompt: str, text: str
) -> None:
    make("something else")
    make(prompt)
    assert found(history, Query(text=text)) == [prompt]


anything = st.text(st.characters(), max_size=12) | st.text(
    '"%_*\\^:+-(){}\0 aAnNdDoOrRtT', max_size=12
)


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> tuple[History, list[Settings]]:
    folder = tmp_path_factory.mktemp("many")
    history = History(folder / "history.sqlite", folder / "pictures")
    texts = ('a "b" NOT c', "100%_*", "ab\\cd^ef", "x\0y", "🐻🐻", "ΑΒΓ abc", "and or not near", "")
    all_settings = [Settings(text, negative=text[::-1]) for text in texts]
    for settings in all_settings:
        history.add(draw(folder / "pictures", settings))
    return history, all_settings


@given(text=anything)
@example(text='"')
@example(text='a"b"c AND')
@example(text="\0\0\0")
@example(text="\ud800\ud800\ud800")
@tries(max_examples=400)
def test_any_text_finds_what_a_plain_search_finds(
    prompts: tuple[History, list[Settings]], text: str
) -> None:
    history, all_settings = prompts
    words = fold(text).split()
    expected = {
        settings.prompt
        for settings in all_settings
        if all(word in fold(f"{settings.prompt}\n{settings.negative}") for word in words)
    }
    query = Query(text=text)
    assert set(found(history, query)) == expected
    assert history.count(query) == len(expected)
    of_all = len(all_settings) if text in ("", Settings.sampler, Settings.model) else 0
    for other in (Query(tag=text), Query(sampler=text or "x"), Query(model=text or "x")):
        assert history.count(other) in (0, of_all)


def test_without_a_trigram_index_the_answers_are_the_same(
    prompts: tuple[History, list[Settings]], monkeypatch: pytest.MonkeyPatch
) -> None:
    history, _ = prompts
    texts = ("NOT", "100%", "🐻🐻", "αβγ", "a", "near and")
    fast = [history.ids(Query(text=text)) for text in texts]
    assert all(fast)
    monkeypatch.setattr(history._store, "has_words", False)
    assert [history.ids(Query(text=text)) for text in texts] == fast


def test_a_fold_loses_case_and_accents() -> None:
    for text in ("É", "e\u0301", "ÉÈ", "Ǆ", "İ", "ﬃ"):
        folded = fold(text)
        assert folded == fold(unicodedata.normalize("NFC", text)) == fold(folded)


def test_facets_count(history: History, make: Make) -> None:
    first = make(sampler="ddim", model="m")
    make(sampler="ddim", model="n")
    thrown = make(sampler="flow-heun", model="m")
    history.tag([first.id, thrown.id], add=["x"])
    history.trash([thrown.id])
    facets = history.facets()
    assert facets.samplers == (("ddim", 2),)
    assert facets.models == (("m", 1), ("n", 1))
    assert facets.tags == (("x", 1),)


def test_marks_are_kept_and_searched(history: History, make: Make) -> None:
    item = make()
    history.mark([item.id], favourite=True)
    history.mark([item.id], rating=4)
    history.tag([item.id], add=["b", "Ünder"])
    history.tag([item.id], add=["a"], remove=["b"])
    marked = history.get(item.id)
    assert marked == replace(item, favourite=True, rating=4, tags=("a", "Ünder"))
    assert history.ids(Query(text="under")) == (item.id,)
    history.tag([item.id], remove=["Ünder", "absent"])
    assert history.ids(Query(text="under")) == ()


def test_wrong_marks_are_refused(history: History, make: Make) -> None:
    item = make()
    for rating in (-1, 6):
        with pytest.raises(UsageError):
            history.mark([item.id], rating=rating)
    for tag in ("", " \n", "x" * 101):
        with pytest.raises(UsageError):
            history.tag([item.id], add=[tag])
    assert history.get(item.id) == item


def test_sync_finds_changes(history: History, folder: Path) -> None:
    assert history.sync().added == 0  # no folder yet
    first = draw(folder, Settings("one"), "sub/deep/one.png")
    draw(folder, Settings("two"), "two.PNG")
    draw(folder, Settings("hidden"), ".hidden/three.png")
    assert history.sync().added == 2
    again = history.sync()
    assert (again.added, again.changed, again.vanished) == (0, 0, 0)
    os.utime(draw(folder, Settings("changed"), "sub/deep/one.png"), (1, 1))  # surely another time
    assert history.sync().changed == 1
    assert sorted(found(history, Query())) == ["changed", "two"]
    first.unlink()
    assert history.sync().vanished == 1
    assert found(history, Query()) == ["two"]


def test_sync_reads_only_what_it_does_not_know(
    history: History, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.png"):
        draw(folder, Settings(name), name)
    (folder / "junk.png").write_bytes(b"no picture")
    history.sync()
    reads: list[str] = []
    real = files.read
    monkeypatch.setattr(files, "read", lambda path: (reads.append(path.name), real(path))[1])
    assert history.sync().skipped == 1
    assert reads == []
    draw(folder, Settings("new"), "c.png")
    assert history.sync().added == 1
    assert reads == ["c.png"]
    monkeypatch.setattr(files, "reader", lambda: "a later version, which may read more")
    history.sync()
    assert reads == ["c.png", "junk.png"]


def test_damaged_pictures_are_counted_and_passed_over(history: History, folder: Path) -> None:
    settings = Settings("whole", sampler="flow-heun", steps=20)
    whole = draw(folder, settings, "whole.png").read_bytes()
    for cut in (1, 8, 33, 200, len(whole) // 2, len(whole) - 5):
        (folder / f"cut {cut}.png").write_bytes(whole[:cut])
    for at in range(0, len(whole) - 12, 37):  # the last 12 bytes only mark the end
        flipped = bytearray(whole)
        flipped[at] ^= 0xFF
        (folder / f"flipped {at}.png").write_bytes(flipped)
    synced = history.sync()
    assert synced.skipped == len(list(folder.iterdir())) - 1
    assert found(history, Query()) == ["whole"]
    (folder / "whole.png").write_bytes(whole[:50])
    history.sync()
    assert found(history, Query()) == []
    for path in folder.iterdir():
        path.unlink()
    assert history.sync().skipped == 0


def test_a_renamed_file_keeps_its_row_and_marks(history: History, make: Make, folder: Path) -> None:
    item = make()
    history.mark([item.id], favourite=True)
    (folder / "new").mkdir()
    item.path.rename(folder / "new" / "name.png")
    synced = history.sync()
    assert (synced.moved, synced.added, synced.vanished) == (1, 0, 0)
    moved = history.get(item.id)
    assert moved is not None
    assert (moved.path, moved.favourite) == (folder / "new" / "name.png", True)


def test_copies_share_their_marks(history: History, make: Make, folder: Path) -> None:
    item = make()
    (folder / "copy.png").write_bytes(item.path.read_bytes())
    history.mark([item.id], rating=2)
    assert history.sync().added == 1
    assert history.count(Query(least_rating=2)) == 2
    history.mark([item.id], rating=0)
    assert history.count(Query(least_rating=1)) == 0


def test_marks_outlive_the_index(
    history: History, make: Make, database: Path, folder: Path
) -> None:
    items = [make(f"picture {number}") for number in range(5)]
    history.mark([items[1].id], favourite=True, rating=3)
    history.tag([items[1].id, items[2].id], add=["kept", "🐻"])
    history.trash([items[2].id])
    before = [history.get(item.id) for item in items]
    history.close()
    for path in database.parent.glob("history.sqlite*"):
        path.unlink()
    reborn = History(database, folder)
    assert reborn.sync().added == 5
    after = {
        item.identity: item
        for query in (Query(), Query(trashed=True))
        for item in reborn.search(query)
    }
    for item in before:
        assert item is not None
        assert after[item.identity] == replace(item, id=after[item.identity].id)
    reborn.close()


def test_sync_stops_when_asked_and_goes_on_later(history: History, folder: Path) -> None:
    for number in range(150):
        draw(folder, Settings("x"), f"{number}.png")
    calls = 0

    def stop() -> None:
        nonlocal calls
        if (calls := calls + 1) > 100:
            raise Cancelled

    with pytest.raises(Cancelled):
        history.sync(stop)
    assert history.count(Query()) == 64  # whole batches
    progress: list[tuple[int, int]] = []
    assert history.sync(progress=lambda done, of: progress.append((done, of))).added == 86
    assert (progress[0], progress[-1]) == ((0, 86), (86, 86))


def test_leftovers_go_once_they_are_old(history: History, folder: Path) -> None:
    folder.mkdir()
    draft, fresh = folder / f".{'a' * 32}.part", folder / f".{'b' * 32}.part"
    reserved = folder / "2026-11-23 14-03-22 a teddy bear 01.png"
    other, foreign = folder / "empty.png", folder / "notes.part"
    for path in (draft, fresh, reserved, other, foreign):
        path.touch()
    old = time.time() - files.STALE_SECONDS - 5
    for path in (draft, reserved, other, foreign):
        os.utime(path, (old, old))
    assert history.sync().leftovers == 2
    assert sorted(folder.iterdir()) == sorted((fresh, other, foreign))


def test_threads_take_turns(history: History, folder: Path) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(8):
                item = history.add(draw(folder, Settings("x", seed=number), f"{number}-{step}.png"))
                history.mark([item.id], rating=number % 6)
                history.search(Query(text="x"))
                if step % 4 == 0:
                    history.sync()
                if step % 4 == 1:
                    history.trash([item.id])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert history.count(Query()) == 36
    assert history.count(Query(trashed=True)) == 12
    assert all(item.path.exists() for item in history.search(Query(), limit=100))


def test_two_instances_share_a_database(
    history: History, make: Make, database: Path, folder: Path
) -> None:
    item = make()
    other = History(database, folder)
    history.mark([item.id], rating=1)
    other.tag([item.id], add=["x"])
    history.mark([item.id], favourite=True)
    assert other.get(item.id) == replace(item, rating=1, favourite=True, tags=("x",))
    other.close()


def test_the_words_follow_the_rows(history: History, make: Make, database: Path) -> None:
    """FTS5's own check that its index says what the table says, after every kind of change."""
    items = [make(f"number {number}") for number in range(6)]
    history.tag([items[0].id], add=["tagged"])
    history.trash([items[1].id, items[2].id])
    history.restore([items[2].id])
    history.empty_trash()
    items[3].path.unlink()
    history.sync()
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    assert history.count(Query(text="number")) == 4


@tries(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(junk=st.lists(st.binary(max_size=30), max_size=5))
def test_any_journal_is_read(tmp_path: Path, junk: list[bytes]) -> None:
    from studio.gallery.history.marks import Journal, Marks

    path = tmp_path / "marks.jsonl"
    path.write_bytes(b"\n".join(junk))
    journal = Journal(path)
    marks = Marks(True, 3, ("a", "🐻"))
    journal.append({"picture": marks})
    assert Journal(path).marks()["picture"] == journal.marks()["picture"] == marks


def test_sizes_that_are_not_square_and_those_of_old_rows_come_back(
    make: Make, history: History
) -> None:
    item = make("a bear", size=Size(768, 512))
    assert history.get(item.id).settings.size == Size(768, 512)
    assert history.sync().skipped == 0
    old = json.loads(settings_text(Settings("a bear")))
    assert old["size"] == 256
    assert settings_from(json.dumps(old | {"size": 512})).size == Size.square(512)
