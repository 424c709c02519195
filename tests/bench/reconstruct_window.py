"""How smoothly the window answers while Reconstruct works: the event loop's longest waits.

    python tests/bench/reconstruct_window.py [--picture FILE] [--seconds 30] [--platform offscreen]

Opens the real studio, puts a picture (a checkerboard of 512 pixels unless named) through every
bundled autoencoder, turns the views over, then trains a VAE of 64 pixels for a while. Prints the
longest and the median time in milliseconds between two beats of a 2 ms timer for each.
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


def measure(picture: Path | None, seconds: float) -> None:
    import numpy as np
    from PIL import Image
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from studio import app as studio_app
    from studio.ui.panels.reconstruct import ReconstructPanel
    from tests.bench.beats import Beats, turn_until

    app = QApplication([sys.argv[0]])
    place = Path(tempfile.mkdtemp(prefix="latent-studio-bench-"))
    studio_app.pictures_folder = lambda: place / "Pictures"
    os.environ["XDG_DATA_HOME"] = str(place / "data")
    if picture is None:
        picture = place / "board.png"
        board = np.kron(np.indices((16, 16)).sum(0) % 2, np.ones((32, 32))) * 255
        Image.fromarray(board.astype(np.uint8)).convert("RGB").save(picture)
    store = QSettings(str(place / "settings.ini"), QSettings.Format.IniFormat)
    studio = studio_app.Studio(app, store)
    beats = Beats()
    studio.show()
    window, jobs = studio.window, studio.shared.jobs
    turn_until(lambda: jobs.model is not None, 120)
    panel = next(each for each in window.panels if isinstance(each, ReconstructPanel))

    def timed(what: str, act: Callable[[], object], done: Callable[[], bool]) -> None:
        beats.restart()
        act()
        took = turn_until(done, 300)
        waits = beats.restart()
        print(
            f"{what:36} longest {max(waits):6.1f}  median {statistics.median(waits):4.1f} ms"
            f"  within {took:5.1f} s",
            flush=True,
        )

    def rested(seconds: float = 1.0) -> Callable[[], bool]:
        """True when so many seconds are over."""
        end = time.perf_counter() + seconds
        return lambda: time.perf_counter() > end

    place_of = window.panels.index(panel)
    timed("opened", lambda: window._go(place_of), lambda: bool(panel.bench.chosen))
    timed("a picture read", lambda: panel.take_files((picture,)), lambda: bool(panel.bench.sources))
    turn_until(rested())
    timed("all reconstructed", panel.reconstruct, lambda: panel.bench.job is None)
    for number, spec in enumerate(panel._specs):
        timed(f"view {spec.id}", lambda number=number: panel.tabs.setCurrentIndex(number), rested())
    view = panel._views["train"]
    view.column.minutes.setValue(seconds / 60)
    view.column.weights["perceptual"].setValue(0)
    view.column.name.setText(f"bench-{os.getpid()}")
    timed("training", view.column.train.click, lambda: view.job is None)
    timed("closed", window.close, rested(0.2))
    studio.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--platform", default="xcb" if "DISPLAY" in os.environ else "offscreen")
    chosen = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = chosen.platform
    measure(chosen.picture, chosen.seconds)


if __name__ == "__main__":
    main()
