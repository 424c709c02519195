"""How smoothly the History workspace shows many pictures: the event loop's longest waits.

    python tests/bench/history_window.py [--pictures 50000] [--steps 400] [--platform offscreen]

Puts rows without files into an index, beside a few hundred real pictures that stand for all of
them, and opens the real panel. Prints, for each thing that a user does, the longest and the median
time in milliseconds between two beats of a 2 ms timer, and how long it took until everything in
sight had its thumbnail. Thumbnails are made from the files at first sight, as on a first start.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

FILES = 300
SIDE = 256


def fill(folder: Path, database: Path, count: int) -> None:
    """`count` rows; their files are FILES real pictures, by hard links."""
    import numpy as np

    from studio.core.requests import Settings
    from studio.gallery import png
    from studio.gallery.history import rows
    from studio.gallery.history.files import Picture, Stamp, stamp
    from studio.gallery.history.index import History
    from studio.gallery.history.marks import Marks
    from studio.gallery.png import Record

    dice = np.random.default_rng(0)
    folder.mkdir(parents=True)
    real: list[Path] = []
    for number in range(FILES):
        low = dice.integers(0, 256, (8, 8, 3)).astype(np.uint8)
        path = folder / f"{number:06d}.png"
        png.write(path, low.repeat(SIDE // 8, 0).repeat(SIDE // 8, 1), Settings("a"))
        real.append(path)
    history = History(database, folder)
    words = ("red", "blue", "car", "bear", "cat", "house", "octopus", "night", "light", "tree")
    with history._store.writing() as connection:
        for number in range(count):
            path = folder / f"{number:06d}.png"
            if number >= FILES:
                os.link(real[number % FILES], path)
            prompt = " ".join(dice.choice(words, 8))
            settings = Settings(prompt, seed=number, sampler=("ddim", "flow-heun")[number % 2])
            picture = Picture(Record(settings, 40, 1.0), f"{number}", SIDE, SIDE)
            marks = Marks(number % 20 == 0, number % 6, (f"tag {number % 7}",) * (number % 9 == 0))
            found = stamp(path)
            found = Stamp(found.modified + number, found.bytes)  # else all thumbnails are one
            rows.put(connection, path.name, found, picture, marks)
    history.close()


def measure(count: int, steps: int) -> None:
    from PySide6.QtCore import QSettings, Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from studio.diffusion.samplers import all_samplers
    from studio.ui.history.archive import Archive
    from studio.ui.jobs import Jobs
    from studio.ui.library import Library
    from studio.ui.panels.history import HistoryPanel
    from studio.ui.preferences import Preferences
    from studio.ui.shared import Shared
    from studio.ui.state import Session
    from studio.ui.theme import Theme
    from tests.bench.beats import Beats, turn_until

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "Pictures"
        Archive.sync = lambda self: None  # type: ignore[method-assign]  # rows have no such files
        app = QApplication([sys.argv[0]])
        theme = Theme(app, "dark")
        store = QSettings(str(Path(place) / "s.ini"), QSettings.Format.IniFormat)
        library = Library(folder)
        fill(folder, library.archive.database, count)
        shared = Shared(Session(all_samplers()), Jobs(), library, Preferences(store))
        panel, watch = HistoryPanel(shared), Beats()
        panel.resize(1280, 760)

        def seen() -> bool:
            every = [panel.rows.index(row) for row in panel.grid.in_sight()]
            return all(index.data(Qt.ItemDataRole.DecorationRole) for index in every)

        def timed(what: str, act: Callable[[], object], done: Callable[[], bool] = seen) -> None:
            watch.restart()
            began = time.perf_counter()
            act()
            turn_until(done)
            took = (time.perf_counter() - began) * 1000
            waits = watch.restart()
            print(
                f"{what:44} longest {max(waits):6.1f}  median {statistics.median(waits):5.1f} ms"
                f"  done after {took:7.0f} ms"
            )

        bar = panel.grid.verticalScrollBar()

        def scroll(stops: int) -> None:
            for stop in range(stops + 1):
                bar.setValue(bar.maximum() * stop // stops)
                until = time.perf_counter() + 0.016  # 60 times a second
                while time.perf_counter() < until:
                    app.processEvents()
                    time.sleep(0.0005)

        def wheel(stops: int) -> None:
            bar.setValue(bar.maximum() // 2)
            for _ in range(stops):
                bar.setValue(bar.value() + 60)
                until = time.perf_counter() + 0.016
                while time.perf_counter() < until:
                    app.processEvents()
                    time.sleep(0.0005)

        def search(text: str) -> Callable[[], object]:
            return lambda: panel.filters.search.setText(text)

        def searched(text: str) -> Callable[[], bool]:
            return lambda: panel.rows._shown is not None and panel.rows._shown.text == text

        timed("opened", panel.show, lambda: len(panel.rows.ids) == count and seen())
        timed(f"dragged through all in {steps} steps", lambda: scroll(steps))
        timed("dragged back", lambda: (scroll(steps), bar.setValue(0)))
        timed(f"turned the wheel {steps} times, smoothly", lambda: wheel(steps))
        timed("to the end", lambda: QTest.keyClick(panel.grid, Qt.Key.Key_End))
        timed("made wider", lambda: panel.resize(1600, 900))
        for text in ("o", "octopus", "octopus night tag", ""):
            timed(f"searched for {text!r}", search(text), searched(text))
        timed("selected all", panel.grid.selectAll)
        timed(
            "best first",
            lambda: panel.filters.order.setCurrentIndex(2),
            lambda: panel.rows._shown is not None and panel.rows._shown.order == "rating",
        )
        timed("theme switched", theme.toggle)
        panel.close()
        panel.rows.close()
        library.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--platform", default="xcb" if "DISPLAY" in os.environ else "offscreen")
    chosen = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = chosen.platform
    measure(chosen.pictures, chosen.steps)


if __name__ == "__main__":
    main()
