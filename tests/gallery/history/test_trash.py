"""The trash: there and back, name by name, and a kill between any two steps."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from studio.core.errors import HistoryError
from studio.core.settings import Settings
from studio.gallery.history import rows, trash
from studio.gallery.history.index import History
from studio.gallery.history.query import Query
from tests.gallery.history.conftest import Make, draw


class Killed(BaseException):
    """Stands for the process ending here: nothing after it runs, not even `finally`."""


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.png"))


def test_there_and_back(history: History, make: Make, folder: Path) -> None:
    item = make(name="sub/bear.png")
    other = make(name="other.png")
    history.mark([item.id], rating=3)
    assert history.trash([item.id, 999]) == (item.id,)
    assert not item.path.exists()
    assert history.ids(Query()) == (other.id,)
    (thrown,) = history.search(Query(trashed=True))
    assert thrown == replace(item, path=thrown.path, trashed=True, rating=3)
    assert thrown.path.exists()
    assert history.trash([item.id]) == ()  # it is there already
    synced = history.sync()
    assert (synced.added, synced.moved, synced.vanished) == (0, 0, 0)
    assert history.restore([item.id, other.id]) == (item.id,)
    assert history.get(item.id) == replace(item, rating=3)
    assert item.path.exists()
    assert not list((folder / ".trash").iterdir()) if (folder / ".trash").exists() else True


def test_a_taken_name_gets_a_number(history: History, make: Make, folder: Path) -> None:
    item = make("old", name="bear.png")
    history.trash([item.id])
    make("new", name="bear.png")
    make("newer", name="bear (2).png")
    history.restore([item.id])
    restored = history.get(item.id)
    assert restored is not None
    assert restored.path == folder / "bear (3).png"
    assert sorted(i.settings.prompt for i in history.search(Query())) == ["new", "newer", "old"]
    assert history.sync().added == 0


def test_emptying_deletes_only_the_trash(history: History, make: Make, folder: Path) -> None:
    items = [make(name=f"{number}.png") for number in range(4)]
    history.trash([items[0].id, items[1].id])
    history.trash([items[2].id])
    assert history.empty_trash() == 3
    assert files(folder) == ["3.png"]
    assert history.ids(Query(trashed=True)) == ()
    assert history.empty_trash() == 0


def test_a_file_that_is_gone_leaves_the_index(history: History, make: Make) -> None:
    gone, there = make(), make()
    gone.path.unlink()
    assert history.trash([gone.id, there.id]) == (there.id,)
    assert history.get(gone.id) is None


def test_restoring_what_is_gone_restores_nothing(history: History, make: Make) -> None:
    item = make()
    history.trash([item.id])
    (thrown,) = history.search(Query(trashed=True))
    thrown.path.unlink()
    assert history.restore([item.id]) == ()
    assert history.sync().vanished == 1


@pytest.mark.parametrize("step", ["trash", "restore", "empty"])
def test_a_refused_move_changes_nothing_after_it(
    history: History, make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    items = [make(name=f"{number}.png") for number in range(3)]
    ids = [item.id for item in items]
    if step != "trash":
        history.trash(ids)
    calls = 0

    def second_fails(*_: object, **__: object) -> None:
        nonlocal calls
        if (calls := calls + 1) == 2:
            raise PermissionError(13, "Permission denied")
        real(*_, **__)

    real = Path.unlink if step == "empty" else os.replace
    monkeypatch.setattr(*((Path, "unlink") if step == "empty" else (os, "replace")), second_fails)
    with pytest.raises(HistoryError, match=r"cannot be moved \(Permission denied\); .+\.$"):
        {"trash": history.trash, "restore": history.restore}.get(
            step, lambda _: history.empty_trash()
        )(ids)
    monkeypatch.undo()
    live, thrown = set(history.ids(Query())), set(history.ids(Query(trashed=True)))
    assert (live, thrown) == {
        "trash": (set(ids[1:]), {ids[0]}),
        "restore": ({ids[0]}, set(ids[1:])),
        "empty": (set(), set(ids[1:])),
    }[step]
    for number in live | thrown:
        item = history.get(number)
        assert item is not None
        assert item.path.exists()
    assert len(files(folder)) == len(live | thrown)
    before = (live, thrown)
    history.sync()
    assert (set(history.ids(Query())), set(history.ids(Query(trashed=True)))) == before


@pytest.mark.parametrize("killed_at", range(1, 7))
@pytest.mark.parametrize("step", ["trash", "restore", "empty"])
def test_a_kill_between_any_two_steps_loses_nothing(
    database: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, killed_at: int
) -> None:
    """The same as a kill for what is on the disk: no code runs after that moment."""
    history = History(database, folder)
    ids = [
        history.add(draw(folder, Settings(str(number)), f"sub/{number}.png")).id
        for number in range(3)
    ]
    history.mark(ids, favourite=True)
    if step != "trash":
        history.trash(ids)
    moments = 0

    def moment() -> None:
        nonlocal moments
        if (moments := moments + 1) >= killed_at:
            raise Killed

    real_replace, real_unlink = os.replace, Path.unlink
    real_move, real_remove = rows.move, rows.remove
    monkeypatch.setattr(os, "replace", lambda *a: (moment(), real_replace(*a), moment()))
    monkeypatch.setattr(Path, "unlink", lambda *a, **k: (moment(), real_unlink(*a, **k), moment()))
    monkeypatch.setattr(rows, "move", lambda *a: (real_move(*a), moment()))
    monkeypatch.setattr(rows, "remove", lambda *a: (moment(), real_remove(*a)))
    work = {"trash": history.trash, "restore": history.restore}.get(
        step, lambda _: history.empty_trash()
    )
    with pytest.raises(Killed):
        work(ids)
    monkeypatch.undo()
    on_disk = len(files(folder))
    assert step == "empty" or on_disk == 3
    for item in history.search(Query()):  # what is shown is there, even before the next start
        assert item.path.exists()
    history.close()

    history = History(database, folder)
    history.sync()
    after = (*history.search(Query()), *history.search(Query(trashed=True)))
    assert len(after) == on_disk
    assert all(item.path.exists() and item.favourite for item in after)
    assert {item.id for item in after} <= set(ids)
    for item in after:
        relative = item.path.relative_to(folder).as_posix()
        assert (trash.origin(relative) if item.trashed else relative).startswith("sub/")
    history.close()
