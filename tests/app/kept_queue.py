"""A studio to be killed: `python -m tests.app.kept_queue BUNDLE NAME PICTURES`.

The real window, engine, library, history and kept queue, as a program of its own, on a tiny model.
It goes on with what the last start left, else queues PICTURES prompts that begin with NAME, by
real clicks; says on standard output what has happened, and never ends by itself.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QSettings, Qt, QTimer, Slot
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from studio import app
from studio.bridge import bridge
from studio.core.messages import Failed, Ready
from studio.core.settings import Settings
from studio.engine.worker import open_from_disk
from studio.ui.library.pictures import Entry
from studio.ui.session import Session
from studio.ui.workspaces.queue.panel import QueuePanel
from tests import tiny

STEPS = 4


def say(*words: object) -> None:
    print(*words, sep="\t", flush=True)


class Killed(QObject):
    """Drives one studio and tells of it."""

    def __init__(self, studio: app.Studio, name: str, pictures: int) -> None:
        super().__init__()
        self.studio, self.lines = studio, [f"{name} {number}" for number in range(pictures)]
        self.panel = next(p for p in studio.window.panels if isinstance(p, QueuePanel))
        library, jobs = studio.shared.library, studio.shared.jobs
        library.updated.connect(self._updated)
        library.archive.added.connect(lambda item: say("indexed", item.path.name))
        library.archive.synced.connect(lambda synced: say("synced", synced.skipped))
        for failed in (jobs.unavailable, library.failed, library.archive.failed):
            failed.connect(partial(say, "problem"))
        jobs.on(Failed, lambda event: say("problem", event.message))
        self.panel.keeper.failed.connect(partial(say, "problem"))
        self.panel.keeper._files.done.connect(lambda what, _: say("queue", what))
        jobs.on(Ready, self._ready)

    @Slot(object)
    def _updated(self, entry: Entry) -> None:
        if entry.problem:
            say("problem", entry.problem)
        elif entry.path is not None and entry.settings is not None:
            say("written", entry.path.name, entry.settings.prompt)

    @Slot()
    def _ready(self) -> None:
        say("ready")
        self.studio.window._go_to("queue")
        keeper, library = self.panel.keeper, self.studio.shared.library
        library.writer.wait()  # what the last start left has been read
        QApplication.processEvents()
        if not self.panel.kept.isChecked():
            self._click("queueKept")
        if left := len(keeper.left):
            assert self.panel.banner.text.text().startswith(f"{left} request")
            self._click("bannerChoice0")
            say("went on", left)
        else:
            self.panel.prompts.text.setPlainText("\n".join(self.lines))
            while not self.panel.prompts.add.isEnabled():  # they are counted beside the window
                QApplication.processEvents()
            self._click("promptAdd")
            while not self.studio.shared.jobs.open:
                QApplication.processEvents()
            say("queued", len(self.lines))

    def _click(self, name: str) -> None:
        found = self.panel.findChild(QWidget, name)
        assert found is not None
        assert found.isVisible()
        QTest.mouseClick(found, Qt.MouseButton.LeftButton)


def main(bundle: str, name: str, pictures: str) -> int:
    def open_tiny(_name: str, device: Any, check: Any) -> Any:
        return open_from_disk(bundle, device, check)

    usual = Session.settings

    def small(self: Session) -> Settings:
        return replace(usual(self), size=tiny.SIZE, steps=STEPS)

    vars(bridge)["EngineBridge"] = partial(bridge.EngineBridge, "cpu", open_tiny)
    Session.settings = small  # type: ignore[method-assign]
    application = QApplication([])
    ini = str(Path(bundle).with_name("settings.ini"))
    studio = app.Studio(application, QSettings(ini, QSettings.Format.IniFormat))
    killed = Killed(studio, name, int(pictures))
    QTimer.singleShot(0, studio.show)
    say("began")
    code = application.exec()
    del killed
    return code


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
