"""How smoothly the window answers while Interpolate works: the event loop's longest waits.

    python tests/bench/interpolate_window.py [--frames 33] [--steps 4] [--platform offscreen]

Opens the real studio and walks between two prompts: a strip made, scrubbed, played, exported, then
a grid among four. Prints the longest and the median time in milliseconds between two beats of a
2 ms timer for each, and what a move of the slider costs by itself.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))


def measure(frames: int, steps: int) -> None:
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from studio import app as studio_app
    from studio.core.walks import MOST_FRAMES
    from studio.ui.panels.interpolate import InterpolatePanel
    from tests.bench.beats import Beats, turn_until

    app = QApplication([sys.argv[0]])
    place = Path(tempfile.mkdtemp(prefix="latent-studio-bench-"))
    studio_app.pictures_folder = lambda: place / "Pictures"
    os.environ["XDG_DATA_HOME"] = str(place / "data")
    store = QSettings(str(place / "settings.ini"), QSettings.Format.IniFormat)
    studio = studio_app.Studio(app, store)
    beats = Beats()
    studio.show()
    window, session = studio.window, studio.shared.session
    window.resize(1280, 820)
    turn_until(lambda: studio.shared.jobs.model is not None, 120)
    panel = next(each for each in window.panels if isinstance(each, InterpolatePanel))
    course, slider = panel.course, panel.player.slider

    def timed(what: str, act: Callable[[], object], done: Callable[[], bool]) -> None:
        beats.restart()
        act()
        took = turn_until(done, 600)
        waits = beats.restart()
        print(
            f"{what:28} longest {max(waits):6.1f}  median {statistics.median(waits):4.1f} ms"
            f"  within {took:5.1f} s",
            flush=True,
        )

    def rested(seconds: float = 1.0) -> Callable[[], bool]:
        """True when so many seconds are over."""
        end = time.perf_counter() + seconds
        return lambda: time.perf_counter() > end

    def scrubbed(moves: int = 400) -> Callable[[], bool]:
        """A move at every turn of the event loop."""
        left = iter(range(moves))

        def next_move() -> bool:
            at = next(left, None)
            if at is not None:
                slider.setValue(at * 37 % 1001)
            return at is None

        return next_move

    timed("opened", lambda: window._go(window.panels.index(panel)), rested())
    session.steps.set(steps)
    panel.column.frames.set_value(frames)
    panel.column.cards[0].prompt.setPlainText("a red apple")
    panel.column.cards[1].prompt.setPlainText("a green pear")
    timed(f"strip of {frames}", panel.run, lambda: course.job is None)
    each = [frame.seconds for frame in course.frames.values()]
    print(f"{'':28} a frame in {statistics.median(each):.2f} s, {steps} steps")
    timed("scrubbed", lambda: None, scrubbed())
    began = time.perf_counter()
    for at in range(500):
        slider.setValue(at * 37 % 1001)
    print(f"{'':28} a move in {(time.perf_counter() - began) * 2:.2f} ms, without drawing")
    began = time.perf_counter()
    for at in range(50):
        slider.setValue(at * 37 % 1001)
        panel.repaint()
    print(f"{'':28} a move in {(time.perf_counter() - began) * 20:.2f} ms, drawn whole")
    timed("played", panel.player.toggle, rested(3))
    panel.player.pause()
    for form in (".webp", ".gif", ".mp4", ""):
        export = partial(panel._export, form, bool(form))
        timed(f"export {form or 'frames'}", export, lambda: not panel.exports.busy)
    panel.column.ends.choose("4")
    panel.column.across.set_value(6)
    panel.column.down.set_value(6)
    panel.column.cards[2].prompt.setPlainText("a yellow lemon")
    panel.column.cards[3].prompt.setPlainText("a blue car")
    timed("grid of 36", panel.run, lambda: course.job is None)
    timed("scrubbed", lambda: None, scrubbed())
    panel.column.ends.choose("2")
    panel.column.way.setCurrentIndex(1)
    panel.column.frames.set_value(MOST_FRAMES)
    timed(f"{MOST_FRAMES} through latents", panel.run, lambda: course.job is None)
    timed("scrubbed", lambda: None, scrubbed())
    timed("closed", window.close, rested(0.2))
    studio.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=33)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--platform", default="xcb" if "DISPLAY" in os.environ else "offscreen")
    arguments = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = arguments.platform
    measure(arguments.frames, arguments.steps)


if __name__ == "__main__":
    main()
