"""The real studio in a place of its own, and the longest waits of its event loop."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from PySide6.QtCore import QEvent, QObject, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from studio import app as studio_app
from studio.bench.probes.beats import Beats, turn_until
from studio.core.messages import Failed, Finished
from studio.core.sizes import Size
from studio.ui.job import Job
from studio.ui.workspaces import WORKSPACES

LATE = 300.0  # seconds after which nothing is waited for


class Painted(QObject):
    """Notes when the window was first painted, in seconds since the process was begun."""

    def __init__(self, born: float) -> None:
        super().__init__()
        self._born, self.after = born, 0.0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not self.after and event.type() == QEvent.Type.Paint:
            self.after = time.time() - self._born
        return False


class Stage:
    """A studio without a past; its settings make pictures of the size and model that the bench asks
    of this program."""

    def __init__(self) -> None:
        self.app = QApplication([sys.argv[0]])
        self.wanted: dict[str, Any] = json.loads(sys.argv[1])
        self.quick, self.place = bool(self.wanted["quick"]), Path(self.wanted["place"])
        wanted, place = self.wanted, self.place
        vars(studio_app)["pictures_folder"] = lambda: place / "Pictures"
        store = QSettings(str(place / "settings.ini"), QSettings.Format.IniFormat)
        self.studio = studio_app.Studio(self.app, store)
        self.window, self.shared = self.studio.window, self.studio.shared
        self.session, self.jobs = self.shared.session, self.shared.jobs
        self.session.model.set(wanted["model"])
        usual = self.session.settings
        vars(self.session)["settings"] = lambda: replace(usual(), size=Size.read(wanted["size"]))
        self.session.steps.set(wanted["steps"])
        self.beats = Beats()
        self.waits: dict[str, float] = {}
        self.own: dict[str, float] = {}  # the same, without waits for a processor
        self.seconds: dict[str, float] = {}
        self.painted = Painted(wanted["born"])
        self.window.installEventFilter(self.painted)
        self.made = 0  # jobs that ended as they should
        self.problem = ""  # what the first that failed said
        self.jobs.ended.connect(self._ended)
        self.jobs.unavailable.connect(self._unavailable)

    def open(self) -> None:
        """Shows the window and waits until its model is loaded."""
        self.studio.show()
        self.wait("the window", lambda: bool(self.painted.after))
        self.timed("loading", lambda: None, lambda: self.jobs.model is not None)

    def timed(self, what: str, act: Callable[[], object], done: Callable[[], bool]) -> None:
        """Notes the longest wait, and the seconds, from `act` until `done`."""
        self.beats.restart()
        began = time.perf_counter()
        act()
        self.wait(what, done)
        turn_until(rested(0.05))  # what the end of it leaves to do counts too
        self.seconds[what] = time.perf_counter() - began
        self.own[what] = self.beats.own
        self.waits[what] = self.beats.restart()

    def worked(self, what: str, act: Callable[[], object], done: Callable[[], bool]) -> None:
        """`timed`, where the engine is to make something."""
        made = self.made
        self.timed(what, act, done)
        if self.made == made:
            self.fail(f"{what}: nothing was made.")

    def wait(self, what: str, done: Callable[[], bool]) -> None:
        """Turns the event loop until `done`; a job that fails, or comes late, ends the program."""
        late = turn_until(lambda: bool(self.problem) or done(), LATE) >= LATE
        if self.problem or late:
            self.fail(f"{what}: {self.problem or f'not done within {LATE:g} s.'}")

    def fail(self, sentence: str) -> NoReturn:
        self.end()
        raise SystemExit(sentence)

    def _ended(self, job: Job) -> None:
        if isinstance(job.end, Failed):
            self._unavailable(job.end.message)
        self.made += isinstance(job.end, Finished)

    def _unavailable(self, sentence: str) -> None:
        self.problem = self.problem or sentence

    def idle(self) -> bool:
        return not self.jobs.busy

    def built(self) -> bool:
        """Every workspace is there: building them is no work of the one that is looked at."""
        return len(self.window._built) == len(WORKSPACES)

    def panel(self, name: str) -> Any:
        """A workspace by its id, once it is in front."""
        self.timed(f"{name} opened", partial(self.window._go_to, name), self.rested(0.3))
        return self.window.panel(name)

    def rested(self, seconds: float) -> Callable[[], bool]:
        """True when so many seconds are over; a trial takes no rest."""
        return rested(0.0 if self.quick else seconds)

    def click(self, name: str) -> None:
        found = self.window.findChild(QWidget, name)
        assert found is not None, name
        QTest.mouseClick(found, Qt.MouseButton.LeftButton)

    def end(self) -> None:
        self.window.close()
        self.studio.close()

    def run(self, work: Callable[[Stage], object]) -> None:
        """A whole probe: opens the studio, works, ends it and prints what was found, which is also
        what `work` gives, if that is a document."""
        self.open()
        found = work(self)
        self.end()
        waits = {
            "painted": self.painted.after, "waits": self.waits, "own": self.own,
            "seconds": self.seconds,
        }  # fmt: skip
        print(json.dumps(waits | found if isinstance(found, dict) else waits))


def rested(seconds: float) -> Callable[[], bool]:
    """True when so many seconds are over."""
    end: list[float] = []

    def over() -> bool:
        if not end:
            end.append(time.perf_counter() + seconds)
        return time.perf_counter() > end[0]

    return over
