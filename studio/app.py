"""The composition root: joins a real engine to a real window. The window comes first.

Only what the first screen shows is imported before it is painted. The engine follows, which imports
torch in its own thread; then, while it waits for work, what the other workspaces need.
"""

from __future__ import annotations

import importlib
import signal
import sys
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSettings, QTimer, Slot
from PySide6.QtWidgets import QApplication

from studio.core.errors import StudioError
from studio.core.importing import import_uncollected
from studio.core.installation import bundled
from studio.core.messages import Ready
from studio.core.settings import Settings
from studio.core.specs import SamplerSpec
from studio.diffusion.guidance import all_rules
from studio.diffusion.samplers import all_samplers
from studio.diffusion.schedules import all_schedules
from studio.gallery.naming import pictures_folder
from studio.ui import icons
from studio.ui.background import Background
from studio.ui.jobs import Jobs
from studio.ui.library.pictures import Library
from studio.ui.preferences import Preferences
from studio.ui.session import Session
from studio.ui.shared import Shared
from studio.ui.theme import Theme
from studio.ui.window import Window

if TYPE_CHECKING:
    from studio.bridge.bridge import EngineBridge

AFTER_FIRST_PAINT = 60  # milliseconds
SWITCH = 0.001  # seconds until a thread that computes hands Python's lock to one that asks


def offered() -> tuple[SamplerSpec, ...]:
    """The samplers, without one that needs a network which the bundled model does not have."""
    bundle = bundled(Settings("").model)
    return tuple(s for s in all_samplers() if not s.needs or (bundle / s.needs).is_dir())


class Studio(QObject):
    """One running studio: its window, and an engine once the window has been shown."""

    def __init__(self, app: QApplication, store: QSettings) -> None:
        super().__init__(app)
        sys.setswitchinterval(SWITCH)  # Python's own is five times that, and a turn asks often
        preferences = Preferences(store)
        theme = Theme(app, preferences.get("theme"))
        session = Session(offered(), self, all_rules(), all_schedules())
        preferences.restore(session)
        jobs, library = Jobs(self), Library(pictures_folder(), self)
        self.shared = Shared(session, jobs, library, preferences)
        self.window = Window(self.shared, theme)
        self.bridge: EngineBridge | None = None
        self._closed = self._settled = False
        self._imports = Background(self, done=self._imported, failed=self._not_imported)
        app.aboutToQuit.connect(self.close)

    def show(self) -> None:
        self.window.show()
        QTimer.singleShot(AFTER_FIRST_PAINT, self.go_on)

    @Slot()
    def go_on(self) -> None:
        """Imports the engine beside the window; `start_engine` follows."""
        self._imports.start("engine", importlib.import_module, "studio.engine.engine")

    @Slot(object, object)
    def _imported(self, what: str, _: Any) -> None:
        if what == "engine":
            self.start_engine()
        elif not self._closed:
            self.window.build_rest()

    @Slot(object, str)
    def _not_imported(self, what: str, sentence: str) -> None:
        if what == "engine":
            self.start_engine(sentence)
        else:
            self.shared.jobs.unavailable.emit(sentence)

    def start_engine(self, problem: str = "") -> None:
        """Attaches the engine, unless there is a problem with it, and lists the pictures folder."""
        jobs = self.shared.jobs
        jobs.on(Ready, self.settle)
        jobs.unavailable.connect(self.settle)
        try:
            self.bridge = None if problem else self._bridge()
        except StudioError as error:
            problem = str(error)
        if self.bridge is not None:
            jobs.attach(self.bridge, self.shared.session.model.get())
        else:
            jobs.no_engine(problem)
        self.shared.library.scan()

    def _bridge(self) -> EngineBridge:
        from studio.bridge.bridge import EngineBridge

        return EngineBridge(parent=self)

    @Slot()
    def settle(self, _: object = None) -> None:
        """What can wait until the engine has loaded its model, or has failed to.

        While torch's libraries are linked, whatever else has one to load waits a third of a second
        for the linker, and holds Python's lock meanwhile: SQLite and Pillow for the history's index
        do. The plots take a quarter of a second, beside the window.
        """
        if self._settled:
            return
        self._settled = True
        self.shared.library.archive.sync()
        self._imports.start("plots", import_uncollected, "pyqtgraph")

    @Slot()
    def close(self) -> None:
        """Stops the engine within a step."""
        self._closed = True
        if self.bridge is not None:
            self.bridge.close()
            self.bridge = None


def main(arguments: list[str]) -> int:
    """Opens the window; returns the exit code when it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C in the terminal closes the studio
    app = QApplication([sys.argv[0], *arguments])
    app.setApplicationName("Latent Studio")
    app.setOrganizationName("Latent Studio")
    app.setDesktopFileName("latent-studio")
    app.setWindowIcon(icons.application_icon())
    studio = Studio(app, QSettings())
    studio.show()
    return app.exec()
