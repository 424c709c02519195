"""The History workspace with 50,000 pictures, real files behind them: scrolled, searched, sorted.

Thumbnails are made from the files at first sight, as on a first start.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollBar

from studio.bench.benches.history import PICTURES, QUICK, pictures
from studio.bench.probes.beats import turn_until
from studio.bench.probes.stage import Stage, rested
from studio.core.settings import Settings
from studio.gallery import png
from studio.gallery.history import rows
from studio.gallery.history.files import Stamp, stamp
from studio.gallery.history.index import History
from studio.ui.library.archive import Archive

FILES, SIDE = 300, 256
STEPS, QUICK_STEPS = 100, 5  # of a drag through all
FRAME = 0.016  # seconds


def fill(archive: Archive, count: int) -> None:
    """`count` rows; their files are FILES real pictures, by hard links."""
    dice, folder = np.random.default_rng(0), archive.folder
    folder.mkdir(parents=True, exist_ok=True)
    real = [folder / f"{number:06d}.png" for number in range(min(FILES, count))]
    for path in real:
        low = dice.integers(0, 256, (8, 8, 3)).astype(np.uint8)
        png.write(path, low.repeat(SIDE // 8, 0).repeat(SIDE // 8, 1), Settings("a"))
    history = History(archive.database, folder)
    with history._store.writing() as connection:
        for number, (_, _, picture, marks) in enumerate(pictures(count)):
            path = folder / f"{number:06d}.png"
            if number >= len(real):
                os.link(real[number % len(real)], path)
            found = stamp(path)
            found = Stamp(found.modified + number, found.bytes)  # else all thumbnails are one
            rows.put(connection, path.name, found, picture, marks)
    history.close()


def drag(bar: QScrollBar, steps: int) -> None:
    for step in range(steps + 1):
        bar.setValue(bar.maximum() * step // steps)
        turn_until(rested(FRAME))


def wheel(bar: QScrollBar, steps: int) -> None:
    bar.setValue(bar.maximum() // 2)
    for _ in range(steps):
        bar.setValue(bar.value() + 60)
        turn_until(rested(FRAME))


def work(stage: Stage) -> None:
    count = QUICK if stage.quick else PICTURES
    steps = QUICK_STEPS if stage.quick else STEPS
    panel = stage.panel("history")
    grid, found = panel.grid, panel.rows

    def seen() -> bool:
        every = [found.index(row) for row in grid.in_sight()]
        return all(index.data(Qt.ItemDataRole.DecorationRole) for index in every)

    def shown(**what: str) -> Callable[[], bool]:
        return lambda: (
            found._shown is not None
            and all(getattr(found._shown, name) == value for name, value in what.items())
        )

    stage.timed("everything listed", lambda: None, lambda: len(found.ids) == count and seen())
    bar = grid.verticalScrollBar()
    stage.timed("dragged through all", partial(drag, bar, steps), seen)
    stage.timed("the wheel turned", partial(wheel, bar, steps), seen)
    stage.timed("to the end", lambda: QTest.keyClick(grid, Qt.Key.Key_End), seen)
    stage.timed("made wider", lambda: stage.window.resize(1600, 900), seen)
    for text in ("o", "bear", "a bear of light", ""):
        search = partial(panel.filters.search.setText, text)
        stage.timed(f"searched for {text!r}" if text else "all again", search, shown(text=text))
    stage.timed("all selected", grid.selectAll, seen)
    best = partial(panel.filters.order.setCurrentIndex, 2)
    stage.timed("best first", best, shown(order="rating"))


if __name__ == "__main__":
    Archive.sync = lambda self: None  # type: ignore[method-assign]  # the rows are made up
    stage = Stage()
    fill(stage.shared.library.archive, QUICK if stage.quick else PICTURES)
    stage.run(work)
