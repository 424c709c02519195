"""How fast the window is: time to its first paint, and the event loop's longest waits.

    python tests/bench/window.py [--pictures N] [--platform offscreen|xcb]

Runs the real studio with the bundled model in a process of its own and prints JSON: `first_paint_s`
from the process's start, `ready_s` from then until the model is loaded, whether torch came before
the window, and the largest gaps in milliseconds between beats of a 5 ms timer while the engine
loads and while it generates N single pictures, then four at once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
BEAT = 5  # milliseconds
TOGETHER = 4  # pictures of the last job: a whole batch


def measure(born: float, pictures: int) -> dict[str, object]:
    """Runs inside the process that is measured. `born` is time.time() at its start."""
    from PySide6.QtCore import QEvent, QObject, QSettings, QTimer, Slot
    from PySide6.QtWidgets import QApplication

    from studio import app as studio_app

    class Watch(QObject):
        """Notes the first paint, then the longest wait between two beats."""

        def __init__(self) -> None:
            super().__init__()
            self.painted = 0.0
            self.torch = False  # whether it was there at the first paint
            self.longest = 0.0
            self._last = time.perf_counter()
            self._timer = QTimer(self, interval=BEAT)
            self._timer.timeout.connect(self.beat)

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if not self.painted and event.type() == QEvent.Type.Paint:
                self.painted = time.time() - born
                self.torch = "torch" in sys.modules
                self.restart()
                self._timer.start()
            return False

        def restart(self) -> float:
            longest, self.longest = self.longest, 0.0
            self._last = time.perf_counter()
            return longest * 1000

        @Slot()
        def beat(self) -> None:
            now = time.perf_counter()
            self.longest = max(self.longest, now - self._last)
            self._last = now

    app = QApplication([sys.argv[0]])
    folder = Path(tempfile.mkdtemp(prefix="latent-studio-bench-"))
    studio_app.pictures_folder = lambda: folder / "Pictures"
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    studio = studio_app.Studio(app, store)
    watch = Watch()
    studio.window.installEventFilter(watch)
    studio.show()
    jobs, session = studio.shared.jobs, studio.shared.session
    found: dict[str, object] = {}

    def wait(done) -> float:
        began = time.perf_counter()
        while not done() and not jobs.problem and time.perf_counter() - began < 300:
            app.processEvents()
            time.sleep(0.0005)
        return time.perf_counter() - began

    wait(lambda: watch.painted)
    found["first_paint_s"] = round(watch.painted, 3)
    found["torch_imported_before_window"] = watch.torch
    found["ready_s"] = round(wait(lambda: jobs.model is not None), 3)
    found["longest_wait_loading_ms"] = round(watch.restart(), 1)
    session.prompt.set("a teddy bear")
    waits, seconds = [], []
    for count in (*[1] * pictures, TOGETHER):
        session.count.set(count)
        studio.window.panel("generate").generate()
        seconds.append(round(wait(lambda: not jobs.busy) / count, 3))
        waits.append(round(watch.restart(), 1))
    found["longest_wait_generating_ms"] = max(waits)
    found["waits_generating_ms"] = waits
    found["seconds_a_picture"] = seconds
    found["problem"] = jobs.problem
    studio.window.close()
    studio.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=3)
    parser.add_argument("--platform", default="xcb" if "DISPLAY" in os.environ else "offscreen")
    parser.add_argument("--born", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.born:
        print(json.dumps(measure(arguments.born, arguments.pictures), indent=2))
        return 0
    environment = dict(os.environ, QT_QPA_PLATFORM=arguments.platform, PYTHONPATH=str(ROOT))
    command = [sys.executable, __file__, "--pictures", str(arguments.pictures), "--born"]
    return subprocess.run([*command, str(time.time())], env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
