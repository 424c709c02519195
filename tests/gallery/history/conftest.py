"""A folder with pictures and a history of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from studio.core.settings import Settings
from studio.gallery import png
from studio.gallery.history.index import History
from studio.gallery.history.rows import Item

Make = Callable[..., Item]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.sqlite"


@pytest.fixture
def history(database: Path, folder: Path) -> Iterator[History]:
    history = History(database, folder, timeout=0.2)
    yield history
    history.close()


@pytest.fixture
def make(history: History, folder: Path) -> Make:
    """Writes a picture and adds it: make("a bear", name="sub/bear.png", seed=3, ...)."""

    def made(prompt: str = "a teddy bear", name: str = "", **given: object) -> Item:
        return history.add(draw(folder, Settings(prompt, **given), name))  # type: ignore[arg-type]

    return made


def draw(folder: Path, settings: Settings, name: str = "", seconds: float | None = None) -> Path:
    """Writes a small picture as the studio does; its time tells it from all others."""
    generator = np.random.default_rng()
    pixels = generator.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    took = generator.random() if seconds is None else seconds
    if not name:
        return png.write_new(folder, pixels, settings, nfe=7, seconds=took)
    png.write(folder / name, pixels, settings, nfe=7, seconds=took)
    return folder / name
