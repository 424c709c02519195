"""One file among the pictures, whatever it is, never takes the rest with it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from studio.core.errors import DataError
from studio.core.settings import Settings
from studio.gallery import png
from studio.gallery.history import files
from studio.gallery.history.index import History
from studio.gallery.history.query import Query
from tests.gallery.history.conftest import draw


def odd(path: Path, **changes: object) -> None:
    """One of our pictures with other values in its chunk."""
    draw(path.parent, Settings("odd"), path.name)
    with Image.open(path) as image:
        document = json.loads(image.info[png.CHUNK]) | changes
    info = PngImagePlugin.PngInfo()
    info.add_text(png.CHUNK, json.dumps(document))
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path, pnginfo=info)


@pytest.mark.parametrize(
    "changes",
    [
        {"nfe": 2**70},
        {"nfe": -1},
        {"nfe": 10**4000},
        {"seconds": 10**400},
        {"seconds": -1.0},
        {"created": "0001-01-01T00:00:00+23:59"},
        {"walk": {"at": [[[10**400]]]}},
    ],
    ids=lambda changes: next(iter(changes.items()))[0],
)
def test_values_that_no_picture_has(
    history: History, folder: Path, changes: dict[str, object]
) -> None:
    draw(folder, Settings("first"), "a.png")
    odd(folder / "b.png", **changes)
    draw(folder, Settings("last"), "c.png")
    synced = history.sync()
    assert synced.added + synced.skipped == 3
    assert {"a.png", "c.png"} <= {item.path.name for item in history.search(Query())}


def test_any_failure_to_read_one_is_that_ones_alone(
    history: History, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        draw(folder, Settings(name), f"{name}.png")
    read = files.read

    def failing(path: Path) -> files.Picture:
        if path.name == "b.png":
            raise RuntimeError("a fault of a library")
        return read(path)

    monkeypatch.setattr(files, "read", failing)
    synced = history.sync()
    assert (synced.added, synced.skipped) == (2, 1)


def test_pipes_and_devices_are_no_pictures(history: History, folder: Path) -> None:
    kept = draw(folder, Settings("a bear"), "a.png")
    os.mkfifo(folder / "b.png")
    (folder / "c.png").symlink_to("/dev/zero")
    assert (history.sync().added, history.count(Query())) == (1, 1)
    for name in ("b.png", "c.png"):
        for ask in (history.add, png.read_record, files.read):
            with pytest.raises(DataError, match="cannot be read"):
                ask(folder / name)
    assert png.read_settings(kept).prompt == "a bear"
