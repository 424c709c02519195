"""Full disks, read-only folders, locks, other versions, as the window meets them: it says so in
place, loses nothing, and goes on once the cause is gone."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio.core.settings import Settings
from studio.gallery import png
from studio.gallery.history import index, schema
from studio.gallery.history.index import History
from studio.gallery.history.query import Query
from studio.ui.library import archive
from studio.ui.workspaces.history.panel import HistoryPanel
from tests.app.conftest import Stage, open_window
from tests.app.test_history import PROMPTS, choose, click, fill, panel_of, prompts

Open = Callable[[Path], Stage]
NOBODY = 65534


@pytest.fixture(autouse=True)
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(index, "History", partial(History, timeout=0.1))


@pytest.fixture
def opened(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Open]:
    """Windows on a folder, one after another."""
    stages: list[Stage] = []

    def start(folder: Path) -> Stage:
        if stages:
            stages[-1].window.close()
        stages.append(open_window(qtbot, qapp, folder, tmp_path / "settings.ini"))
        return stages[-1]

    yield start
    stages[-1].window.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Some pictures, one of them with five stars, and their index."""
    fill(tmp_path / "Pictures")
    with closing(History(database(tmp_path / "Pictures"), tmp_path / "Pictures")) as history:
        history.sync()
        (item,) = history.search(Query(text="cat"))
        history.mark([item.id], rating=5)
    return tmp_path / "Pictures"


def database(folder: Path) -> Path:
    return archive.database_of(folder)


def told(qtbot: QtBot, panel: HistoryPanel, words: str) -> None:
    """The banner says so; it is closed for the next one."""
    qtbot.waitUntil(lambda: panel.banner.isVisible() and words in panel.banner.text.text())
    assert panel.banner.kind == "error"


def try_again(qtbot: QtBot, panel: HistoryPanel) -> None:
    button = panel.banner._choices[0]
    assert button.text() == "&Try again"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def make(qtbot: QtBot, stage: Stage, prompt: str) -> None:
    """A click on Generate, and the engine's answer."""
    stage.window._go_to("generate")
    stage.panel.session.prompt.set(prompt)
    click(qtbot, stage, "generate")
    job = len(stage.bridge.requests) - 1
    stage.bridge.begin(job)
    stage.bridge.make(job)


def written(folder: Path) -> set[str]:
    """The prompts inside the files of a folder, all of them whole; no draft is in sight."""
    paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    return {png.read_settings(path).prompt for path in paths}


def rating(panel: HistoryPanel, prompt: str) -> int:
    items = panel.archive.items(panel.rows.ids)
    return next(item.rating for item in items if item.settings.prompt == prompt)


def version(folder: Path, number: int) -> None:
    with closing(sqlite3.connect(database(folder))) as connection:
        connection.execute(f"PRAGMA user_version = {number}")


def contents(folder: Path) -> dict[str, bytes]:
    data = database(folder).parent
    return {path.name: path.read_bytes() for path in data.iterdir() if path.is_file()}


def test_a_history_of_a_newer_version(qtbot: QtBot, opened: Open, folder: Path) -> None:
    version(folder, len(schema.MIGRATIONS) + 1)
    before = contents(folder)
    stage = opened(folder)
    panel = panel_of(stage, qtbot, len(PROMPTS))
    told(qtbot, panel, "newer Latent Studio; update")
    assert prompts(panel) == set(PROMPTS)  # all is shown and searched
    assert rating(panel, "a cat") == 0  # but marks are in what this version cannot read
    panel.banner.clear()
    choose(qtbot, panel, "a cat")
    qtbot.keyClick(panel.grid, Qt.Key.Key_4)
    told(qtbot, panel, "newer Latent Studio; update")
    panel.banner.clear()
    qtbot.keyClick(panel.grid, Qt.Key.Key_Delete)
    told(qtbot, panel, "newer Latent Studio; update")
    make(qtbot, stage, "made meanwhile")
    panel_of(stage, qtbot, len(PROMPTS) + 1)
    assert written(folder) == {*PROMPTS, "made meanwhile"}
    assert contents(folder) == before
    version(folder, len(schema.MIGRATIONS))  # as if it were updated
    told(qtbot, panel, "newer Latent Studio; update")
    try_again(qtbot, panel)
    qtbot.waitUntil(lambda: not panel.archive.problem and not panel.archive.syncing)
    panel = panel_of(opened(folder), qtbot, len(PROMPTS) + 1)
    assert rating(panel, "a cat") == 5


def test_a_database_that_another_instance_keeps_locked(
    qtbot: QtBot, opened: Open, folder: Path
) -> None:
    stage = opened(folder)
    panel = panel_of(stage, qtbot, len(PROMPTS))
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        choose(qtbot, panel, "a cat")
        qtbot.keyClick(panel.grid, Qt.Key.Key_3)
        told(qtbot, panel, "in use by another Latent Studio; close it or try again")
        panel.banner.clear()
        with qtbot.waitSignal(panel.archive.failed):
            make(qtbot, stage, "made meanwhile")
        told_there = stage.panel.viewer.banner
        assert written(folder) == {*PROMPTS, "made meanwhile"}
        assert not told_there.isVisible()  # the picture itself is where it belongs
        stage.window._go_to("history")
        told(qtbot, panel, "in use by another Latent Studio")
        assert prompts(panel) == set(PROMPTS)
        other.execute("ROLLBACK")
    try_again(qtbot, panel)
    qtbot.waitUntil(lambda: prompts(panel) == {*PROMPTS, "made meanwhile"})
    assert rating(panel, "a cat") == 5  # as it was


def test_a_database_that_is_locked_when_the_window_opens(
    qtbot: QtBot, opened: Open, folder: Path
) -> None:
    png.write(folder / "5.png", np.zeros((8, 8, 3), np.uint8), Settings("new to the index"))
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        panel = panel_of(opened(folder), qtbot, len(PROMPTS) + 1)
        told(qtbot, panel, "in use by another Latent Studio")
        assert prompts(panel) == {*PROMPTS, "new to the index"}
        assert rating(panel, "a cat") == 0
        other.execute("ROLLBACK")
    try_again(qtbot, panel)
    qtbot.waitUntil(lambda: not panel.archive.problem and not panel.archive.syncing)
    panel = panel_of(opened(folder), qtbot, len(PROMPTS) + 1)
    assert rating(panel, "a cat") == 5


def test_a_full_disk(
    qtbot: QtBot, opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = opened(folder)
    panel = panel_of(stage, qtbot, len(PROMPTS))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        choose(qtbot, panel, "a cat")
        qtbot.keyClick(panel.grid, Qt.Key.Key_3)
        told(qtbot, panel, "No space left")
        for number in range(3):
            make(qtbot, stage, f"made meanwhile {number}")
        banner = stage.panel.viewer.banner
        qtbot.waitUntil(lambda: banner.isVisible() and "No space left" in banner.text.text())
        assert "free some space" in banner.text.text()
        assert written(folder) == set(PROMPTS)
        click(qtbot, stage, "bannerChoice1")  # in vain
        qtbot.waitUntil(banner.isVisible)
    click(qtbot, stage, "bannerChoice1")
    qtbot.waitUntil(lambda: len(written(folder)) == len(PROMPTS) + 3)
    panel = panel_of(stage, qtbot, len(PROMPTS) + 3)
    assert rating(panel, "a cat") == 5
    record = png.read_record(max(folder.glob("*made meanwhile*.png")))
    assert (record.nfe, record.seconds) == (25, 1.0)


def test_what_could_not_be_written_is_tried_again_with_the_next_picture_and_at_the_end(
    qtbot: QtBot, opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = opened(folder)
    refused: list[str] = []

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    stage.panel.library.failed.connect(lambda entry, _: refused.append(entry.settings.prompt))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        make(qtbot, stage, "first")
        make(qtbot, stage, "second")
        qtbot.waitUntil(lambda: refused == ["first", "second"])
    make(qtbot, stage, "third")
    everything = {*PROMPTS, "first", "second", "third"}
    qtbot.waitUntil(lambda: written(folder) == everything)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        make(qtbot, stage, "last")
        qtbot.waitUntil(lambda: refused[-1] == "last")
    stage.window.close()
    assert written(folder) == {*everything, "last"}


def test_an_index_without_room(qtbot: QtBot, opened: Open, folder: Path) -> None:
    stage = opened(folder)
    panel = panel_of(stage, qtbot, len(PROMPTS))
    connection = panel.archive.history()._store._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    make(qtbot, stage, "long " * 1000)
    qtbot.waitUntil(lambda: len(written(folder)) == len(PROMPTS) + 1)
    stage.window._go_to("history")
    told(qtbot, panel, "There is no room for")
    qtbot.waitUntil(lambda: not panel.archive.syncing)
    told(qtbot, panel, "There is no room for")
    assert prompts(panel) == set(PROMPTS)
    connection.execute("PRAGMA max_page_count = 1000000")
    try_again(qtbot, panel)
    qtbot.waitUntil(lambda: len(panel.rows.ids) == len(PROMPTS) + 1)


@pytest.fixture
def locked_up(folder: Path) -> Iterator[Path]:
    """The folder where somebody who is not root can reach it."""
    place = Path(tempfile.mkdtemp())
    shutil.copytree(folder, place / "Pictures")
    for path in (place, *place.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
    yield place / "Pictures"
    shutil.rmtree(place)


@contextmanager
def read_only(*paths: Path) -> Iterator[None]:
    """The files may not be written, by one who is not root: for root nothing is read-only."""
    modes = {path: path.stat().st_mode for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.mark.skipif(os.name == "nt", reason="folders' modes are POSIX")
def test_a_folder_that_may_not_be_written(qtbot: QtBot, opened: Open, locked_up: Path) -> None:
    stage = opened(locked_up)
    panel = panel_of(stage, qtbot, len(PROMPTS))
    with read_only(locked_up):
        choose(qtbot, panel, "a cat")
        qtbot.keyClick(panel.grid, Qt.Key.Key_Delete)
        told(qtbot, panel, "check that its folder may be written")
        assert prompts(panel) == set(PROMPTS)
        make(qtbot, stage, "made meanwhile")
        banner = stage.panel.viewer.banner
        qtbot.waitUntil(lambda: banner.isVisible() and "Permission denied" in banner.text.text())
        assert "choose another folder" in banner.text.text()
        assert written(locked_up) == set(PROMPTS)
    click(qtbot, stage, "bannerChoice1")
    qtbot.waitUntil(lambda: written(locked_up) == {*PROMPTS, "made meanwhile"})
    panel_of(stage, qtbot, len(PROMPTS) + 1)


@pytest.mark.skipif(os.name == "nt", reason="folders' modes are POSIX")
def test_an_index_that_may_not_be_written(qtbot: QtBot, opened: Open, locked_up: Path) -> None:
    data = database(locked_up).parent
    before = contents(locked_up)
    files = [path for path in data.iterdir() if path.is_file()]
    with read_only(data, *files):
        stage = opened(locked_up)
        panel = panel_of(stage, qtbot, len(PROMPTS))
        choose(qtbot, panel, "a cat")
        qtbot.keyClick(panel.grid, Qt.Key.Key_3)
        told(qtbot, panel, "history.sqlite")
        assert "written" in panel.banner.text.text()
        make(qtbot, stage, "made meanwhile")
        qtbot.waitUntil(lambda: "made meanwhile" in written(locked_up))
        stage.window.close()
    assert contents(locked_up) == before
    panel = panel_of(opened(locked_up), qtbot, len(PROMPTS) + 1)
    assert rating(panel, "a cat") == 5


@pytest.mark.skipif(os.name == "nt", reason="folders' modes are POSIX")
def test_a_folder_where_no_index_can_be_made(qtbot: QtBot, opened: Open, locked_up: Path) -> None:
    shutil.rmtree(database(locked_up).parent)
    with read_only(locked_up):
        panel = panel_of(opened(locked_up), qtbot, len(PROMPTS))
        told(qtbot, panel, "cannot be used (Permission denied)")
        assert prompts(panel) == set(PROMPTS)
    try_again(qtbot, panel)
    qtbot.waitUntil(lambda: not panel.archive.problem and not panel.archive.syncing)
    assert database(locked_up).exists()
