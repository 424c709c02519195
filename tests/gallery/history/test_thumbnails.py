"""Thumbnails: right, kept, bounded, and never in the way."""

from __future__ import annotations

import io
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import DataError
from studio.core.settings import Settings
from studio.gallery import png
from studio.gallery.history import thumbnails
from studio.gallery.history.index import History
from studio.gallery.history.thumbnails import Thumbnails
from tests.gallery.history.conftest import Make


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def kept(database: Path) -> list[Path]:
    return [path for path in (database.parent / "thumbnails").rglob("*") if path.is_file()]


def test_it_is_the_picture_made_small(history: History, folder: Path) -> None:
    pixels = np.zeros((300, 600, 3), np.uint8)
    pixels[:, :300] = (200, 40, 40)
    pixels[:, 300:] = (30, 60, 220)
    path = folder / "two halves.png"
    png.write(path, pixels, Settings("two halves"))
    small = np.asarray(opened(history.thumbnail(history.add(path))))
    assert small.shape == (72, 144, 3)
    for side, colour in ((small[:, 10:60], (200, 40, 40)), (small[:, 84:134], (30, 60, 220))):
        assert np.abs(side.astype(int) - colour).max() <= 6


def test_it_is_made_once_and_again_after_a_change(
    history: History, make: Make, database: Path
) -> None:
    item = make()
    first = history.thumbnail(item)
    (file,) = kept(database)
    assert file.read_bytes() == first
    file.write_bytes(b"\xff\xd8 from the cache \xff\xd9")
    assert b"from the cache" in history.thumbnail(item)
    assert opened(history.thumbnail(replace(item, modified=item.modified + 1))).size == (16, 12)
    assert opened(history.thumbnail(item, size=8)).size == (8, 6)
    assert len(kept(database)) == 3


def test_damaged_or_deleted_files_are_made_anew(
    history: History, make: Make, database: Path
) -> None:
    item = make()
    whole = history.thumbnail(item)
    (file,) = kept(database)
    for damage in (b"", whole[:40], b"rubbish"):
        file.write_bytes(damage)
        assert history.thumbnail(item) == whole == file.read_bytes()
    file.unlink()
    file.parent.rmdir()
    assert history.thumbnail(item) == whole


def test_a_cache_that_cannot_be_written_is_only_slow(tmp_path: Path, make: Make) -> None:
    (tmp_path / "a file").write_text("")
    item = make()
    small = Thumbnails(tmp_path / "a file" / "below").jpeg(item.path, item.modified, 144)
    assert opened(small).size == (16, 12)


def test_pictures_that_cannot_be_read_are_told(history: History, make: Make) -> None:
    item = make()
    item.path.write_bytes(item.path.read_bytes()[:60])
    with pytest.raises(DataError, match="cannot be read"):
        history.thumbnail(item)
    item.path.unlink()
    with pytest.raises(DataError, match="does not exist"):
        history.thumbnail(item)


def test_the_oldest_go_first(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "PRUNE_EVERY", 11)
    cache = Thumbnails(tmp_path / "small", most_files=10)
    item = make()
    for number in range(10):
        cache.jpeg(item.path, number, 144)
    files = sorted(tmp_path.glob("small/*/*"), key=lambda path: path.stat().st_mtime_ns)
    for age, file in enumerate(reversed(files)):
        os.utime(file, (time.time() - age - 1,) * 2)
    cache.jpeg(item.path, 10, 144)
    left = set(tmp_path.glob("small/*/*"))
    assert len(left) == 8
    assert not left & set(files[:3])

    small = Thumbnails(tmp_path / "small", most_bytes=sum(p.stat().st_size for p in left) - 1)
    assert small.prune() > 0
    assert small.prune() == 0
