"""Whether the studio grows: memory, threads and file handles over many generate / cancel cycles.

    python tests/bench/cycles.py [--cycles 1000] [--tiny] [--size 64]

The real window on the real engine, in this process, driven by real clicks; the bundled model, or
with --tiny a random one of 8 pixels. Every picture is begun by Generate; in turns it is cancelled
at once, after a step, after half its steps, or let finish. Prints JSON: how the cycles ended, and
samples of resident memory in MiB, threads and open handles. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

STEPS = 12
MOMENTS = (-1, 1, STEPS // 2, STEPS)  # the step after which it is cancelled; at once; not at all
SETTLED = 20  # cycles after which everything that is kept has been made once


@dataclass(frozen=True)
class Sample:
    """What the process has after so many cycles."""

    cycle: int
    resident: float  # MiB
    threads: int
    handles: int
    seconds: float


def sample(cycle: int, began: float) -> Sample:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    resident = int(status["VmRSS"].split()[0]) / 1024
    threads, handles = int(status["Threads"]), len(os.listdir("/proc/self/fd"))
    return Sample(cycle, round(resident, 1), threads, handles, round(time.monotonic() - began, 1))


def measure(cycles: int, bundle: Path | None, size: int | None) -> dict[str, Any]:
    """Runs the cycles in a new studio whose user has nothing yet."""
    from PySide6.QtCore import QSettings, Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication, QWidget

    from studio import app as studio_app
    from studio.bridge import bridge as bridges
    from studio.engine.worker import open_from_disk

    def bridge(parent: studio_app.Studio) -> bridges.EngineBridge:
        def opened(name: str, device: Any, check: Any) -> Any:
            return open_from_disk(str(bundle or name), device, check)

        return whole("cpu", opened, parent)

    whole, vars(bridges)["EngineBridge"] = bridges.EngineBridge, bridge
    app = QApplication([sys.argv[0]])
    folder = Path(os.environ["XDG_DATA_HOME"]).parent
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    studio = studio_app.Studio(app, store)
    session, jobs, library = studio.shared.session, studio.shared.jobs, studio.shared.library
    usual = session.settings
    vars(session)["settings"] = lambda: replace(usual(), steps=STEPS, size=size or usual().size)
    written: list[object] = []
    library.archive.added.connect(written.append)

    def turn_until(done: Callable[[], bool]) -> None:
        late = time.monotonic() + 120
        while not done():
            assert time.monotonic() < late, jobs.sentence()
            app.processEvents()
            time.sleep(0.0005)

    def click(name: str) -> None:
        found = studio.window.findChild(QWidget, name)
        assert found is not None
        QTest.mouseClick(found, Qt.MouseButton.LeftButton)

    def cycle(number: int) -> str:
        after = MOMENTS[number % len(MOMENTS)]
        before = len(written)
        session.prompt.set(f"a red bear {number}")
        click("generate")
        if after > 0:
            turn_until(
                lambda: not jobs.busy or (jobs.progress is not None and jobs.progress.step >= after)
            )
        if after < STEPS and jobs.busy:
            click("generateCancel")
        turn_until(lambda: not jobs.busy)
        ended = jobs.last_words.split(" ")[0]
        if ended == "Done":
            turn_until(lambda: len(written) > before)
        return ended

    studio.show()
    turn_until(lambda: jobs.model is not None)
    ends: Counter[str] = Counter()
    began = time.monotonic()
    samples = [sample(0, began)]
    for number in range(1, cycles + 1):
        ends[cycle(number)] += 1
        if number == SETTLED or number % max(1, cycles // 10) == 0:
            samples.append(sample(number, began))
    studio.window.close()
    studio.close()
    pictures = len(list(library.folder.glob("*.png")))
    return {"ends": dict(ends), "pictures": pictures, "samples": [vars(each) for each in samples]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--size", type=int)
    chosen = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="latent-studio-cycles-") as place:
        for name, folder in (("DATA_HOME", "data"), ("CONFIG_HOME", "config"),
                             ("PICTURES_DIR", "Pictures")):  # fmt: skip
            os.environ[f"XDG_{name}"] = str(Path(place) / folder)
        bundle, size = None, chosen.size
        if chosen.tiny:
            from tests import tiny

            bundle, size = tiny.bundle(Path(place) / "tiny"), tiny.SIZE
        print(json.dumps(measure(chosen.cycles, bundle, size)))


if __name__ == "__main__":
    main()
