"""kill -9 while the studio makes a queue of pictures: nothing finished is lost, nothing is torn."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

import pytest
from PIL import Image

from studio.gallery import queue_file
from studio.gallery.history import files
from studio.gallery.history.index import History
from studio.gallery.history.query import Query
from studio.gallery.history.rows import Item
from tests import tiny

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("LATENT_STUDIO_KILLS", "4"))  # 200 for the whole proof
PICTURES = 40  # in a queue
LATEST = 1.5  # seconds after its start: a queue takes a little less

Line = tuple[str, ...]


@dataclass
class Home:
    """Where a user of the studio has everything, and what must be there."""

    place: Path
    wanted: set[str] = field(default_factory=set)  # prompts whose requests were kept
    finished: set[str] = field(default_factory=set)  # names of files that were said to be written
    waits: int = 0  # requests that the next start has to offer
    queues: int = 0
    count: Counter[str] = field(default_factory=Counter)

    @property
    def folder(self) -> Path:
        return self.place / "Pictures" / "Latent Studio"

    @property
    def data(self) -> Path:
        return self.place / "data" / "latent-studio"

    def run(self, seconds: float) -> tuple[list[Line], str]:
        """Starts a studio, kills it so long after it began; what it said, and its complaints."""
        name = f"queue {self.queues + 1} picture"
        words = ["-m", "tests.app.kept_queue", str(self.place / "tiny"), name, str(PICTURES)]
        own = {"HOME": "home", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config",
               "XDG_PICTURES_DIR": "Pictures"}  # fmt: skip
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}
        environment |= {key: str(self.place / value) for key, value in own.items()}
        studio = subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert studio.stdout is not None
        said = [studio.stdout.readline()]
        killer = Timer(seconds, studio.kill)
        killer.start()
        rest, complaints = studio.communicate()
        killer.join()
        said += rest.splitlines(keepends=True)
        return [tuple(each[:-1].split("\t")) for each in said if each.endswith("\n")], complaints


@pytest.mark.skipif(os.name == "nt", reason="folders of a user are moved by XDG variables")
def test_a_studio_killed_at_any_moment(tmp_path: Path) -> None:
    """LATENT_STUDIO_KILLS starts; each goes on with what the one before it left."""
    home, dice = Home(tmp_path), random.Random()
    tiny.bundle(tmp_path / "tiny")
    for _ in range(KILLS):
        _look(home, *home.run(dice.uniform(0, LATEST)))
    for _ in range(KILLS):
        if not home.waits:
            break
        _look(home, *home.run(3 * LATEST))  # to the end of what is left
    assert home.waits == 0
    _leave_nothing(home)
    print(f"{KILLS} kills, {home.queues} queues of {PICTURES}:", dict(home.count))


def _look(home: Home, said: list[Line], complaints: str) -> None:
    """Everything that must be true after a kill."""
    assert said[:1] == [("began",)], complaints
    assert "Traceback" not in complaints, complaints
    assert [line for line in said if line[0] == "problem"] == []
    assert all(line == ("synced", "0") for line in said if line[0] == "synced")
    kinds = [line[0] for line in said]
    if "went on" in kinds:
        assert home.waits > 0
        assert ("went on", str(home.waits)) in said
    home.finished |= {line[1] for line in said if line[0] == "written"}
    home.count["reported"] += kinds.count("written")
    items = _indexed(home)
    made = Counter(item.settings.prompt for item in items)
    requests, problems = queue_file.read(home.data / "queue.json", home.data / "inputs")
    assert problems == ()
    if "queued" in kinds:
        assert home.waits == 0
        if ("queue", "write") in said[kinds.index("queued") :]:
            home.queues += 1
            name = f"queue {home.queues} picture"
            home.wanted |= {f"{name} {number}" for number in range(PICTURES)}
    left = {request.settings.prompt for request in requests}
    assert home.wanted - left <= made.keys()
    home.waits = len(requests)
    if "queued" in kinds and not left <= home.wanted:  # killed while it said so
        home.queues += 1
        home.wanted |= left | made.keys()
    home.count["kills while it worked"] += bool(requests)
    home.count["made twice"] = sum(made.values()) - len(made)


def _indexed(home: Home) -> tuple[Item, ...]:
    """What the history holds, in a copy: the next start has to do without this look."""
    visible = [path for path in home.folder.rglob("*") if not path.name.startswith(".")]
    for path in visible:
        _assert_whole(path)
    copy = home.place / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(home.data, copy) if home.data.exists() else copy.mkdir()
    with closing(History(copy / "history.sqlite", home.folder)) as history:
        before = history.search(Query(), limit=100_000)
        assert {item.path for item in before} <= set(visible)
        home.count["indexed only at the next start"] += len(visible) - len(before)
        synced = history.sync()
        assert (synced.skipped, synced.vanished, synced.changed) == (0, 0, 0)
        items = history.search(Query(), limit=100_000)
    assert not list(copy.glob("*damaged*"))
    assert sorted(item.path for item in items) == sorted(visible)
    assert home.finished <= {path.name for path in visible}
    home.count["on disk"] = len(visible)
    return items


def _leave_nothing(home: Home) -> None:
    """Ten minutes later a start clears away what the kills left."""
    drafts = list(_drafts(home))
    home.count["drafts"] = len(drafts)
    old = time.time() - files.STALE_SECONDS - 5
    for path in drafts:
        assert path.name.startswith(".")
        os.utime(path, (old, old))
    _look(home, *home.run(LATEST))
    assert not [path for path in _drafts(home) if path.stat().st_mtime < old + 1]


def _drafts(home: Home) -> Iterator[Path]:
    for place in (home.folder, home.data):
        yield from place.rglob("*.part")


def _assert_whole(path: Path) -> None:
    assert path.suffix == ".png"
    with Image.open(path) as image:
        image.load()
