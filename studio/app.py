"""The composition root: joins a real engine to a real window. The window comes first.

Only what the first screen shows is imported before it is painted: the bridge and the engine after
that, the other workspaces next, torch on the engine's own thread.
"""

from __future__ import annotations

import importlib
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSettings, QTimer, Slot
from PySide6.QtWidgets import QApplication

from studio.core.errors import StudioError
from studio.diffusion.guidance import all_rules
from studio.diffusion.samplers import all_samplers
from studio.diffusion.schedules import all_schedules
from studio.gallery.naming import pictures_folder
from studio.ui import icons
from studio.ui.background import Background
from studio.ui.jobs import Jobs
from studio.ui.library import Library
from studio.ui.preferences import Preferences
from studio.ui.shared import Shared
from studio.ui.state import Session
from studio.ui.theme import Theme
from studio.ui.window import Window

if TYPE_CHECKING:
    from studio.bridge.bridge import EngineBridge

AFTER_FIRST_PAINT = 60  # milliseconds


class Studio(QObject):
    """One running studio: its window, and an engine once the window has been shown."""

    def __init__(self, app: QApplication, store: QSettings) -> None:
        super().__init__(app)
        preferences = Preferences(store)
        theme = Theme(app, preferences.get("theme"))
        session = Session(all_samplers(), self, all_rules(), all_schedules())
        preferences.restore(session)
        jobs, library = Jobs(self), Library(pictures_folder(), self)
        self.shared = Shared(session, jobs, library, preferences)
        self.window = Window(self.shared, theme)
        self.bridge: EngineBridge | None = None
        self._imports = Background(self)
        self._imports.done.connect(self.start_engine)
        app.aboutToQuit.connect(self.close)

    def show(self) -> None:
        self.window.show()
        QTimer.singleShot(AFTER_FIRST_PAINT, self.go_on)

    @Slot()
    def go_on(self) -> None:
        """Imports the bridge beside the window; the engine starts when it is there."""
        self._imports.start("bridge", importlib.import_module, "studio.bridge.bridge")

    @Slot(object, object)
    def start_engine(self, _what: str, _module: Any) -> None:
        """Attaches the engine, lists the pictures folder, has the other workspaces built."""
        from studio.bridge.bridge import EngineBridge

        try:
            self.bridge = EngineBridge(parent=self)
        except StudioError as error:
            self.shared.jobs.no_engine(str(error))
        else:
            self.shared.jobs.ready.connect(self.import_plots)
            self.shared.jobs.attach(self.bridge, self.shared.session.model.get())
        self.shared.library.scan()
        self.window.build_rest()

    @Slot()
    def import_plots(self) -> None:
        """Imports the plotting library beside the window: a quarter of a second none need wait."""
        self.shared.jobs.ready.disconnect(self.import_plots)
        names = ("pyqtgraph",)
        threading.Thread(target=importlib.import_module, args=names, daemon=True).start()

    @Slot()
    def close(self) -> None:
        """Stops the engine within a step."""
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
