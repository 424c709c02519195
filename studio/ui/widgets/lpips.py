"""A button that fetches LPIPS's weights once the user has agreed. Nothing is fetched before."""

from __future__ import annotations

from threading import Event
from typing import Any

from PySide6.QtCore import QCoreApplication, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from studio.bridge import perceptual
from studio.core.messages import Ready
from studio.ui.background import Background
from studio.ui.jobs import Jobs
from studio.ui.widgets.banner import Banner
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import row

TEXT, TIP = "Get LPIPS…", "LPIPS's weights are not on this machine; asks before downloading"
ASKS = (
    "LPIPS, a perceptual distance, needs SqueezeNet's weights: 5 MB from PyTorch's server, stored"
    " as {place}. None of your data is sent. Everything else works without it."
)


class LpipsButton(QWidget):
    """Shows itself where the weights are missing, asks in the banner, tells when they `came`.
    While they are fetched it says how much is here, and stops the fetch when clicked."""

    came = Signal()
    _heard = Signal(float)

    def __init__(self, banner: Banner, jobs: Jobs) -> None:
        super().__init__()
        self._banner, self._jobs = banner, jobs
        self._place, self._fetching, self._stop = "", False, Event()
        self._background = Background(self, done=self._done, failed=self._failed)
        jobs.on(Ready, self._look)
        self._heard.connect(self._show_state)
        if (app := QCoreApplication.instance()) is not None:
            app.aboutToQuit.connect(self._stop.set)
        label = "Download LPIPS's weights"
        self.button = text_button("getLpips", TEXT, label, TIP, act=self._clicked)
        self.button.hide()
        row(self.button, on=self)

    def showEvent(self, event: QShowEvent) -> None:
        """Another program may have fetched them since."""
        super().showEvent(event)
        self._look()

    @Slot()
    def _look(self, _: object = None) -> None:
        """Not before a model is there: until then the engine's thread is busy importing torch."""
        if self.isVisible() and self._jobs.model is not None and not self._fetching:
            self._background.start("missing", perceptual.missing)

    @Slot()
    def _clicked(self) -> None:
        """Says what would be fetched, from where to where, and waits for a yes; or stops it."""
        if self._fetching:
            self._stop.set()
            return
        choices = (("Download 5 MB", self._fetch), ("Not now", lambda: None))
        self._banner.show_message("offer", ASKS.format(place=self._place), choices)

    def _fetch(self) -> None:
        self._fetching = True
        self._stop.clear()
        self._show_state(0.0)
        self.button.setToolTip("Stop the download; nothing is kept")
        self._background.start("fetch", perceptual.fetch, self._heard.emit, self._stop.is_set)

    @Slot(float)
    def _show_state(self, share: float) -> None:
        if self._fetching:
            self.button.setText(f"Downloading LPIPS, {share:.0%}: stop")

    @Slot(object, object)
    def _done(self, key: object, result: Any) -> None:
        if key == "missing":
            self._place = str(result)
            self.button.setVisible(bool(self._place))
            return
        self._at_rest()
        if result is None:
            self._banner.show_message("note", "The download was stopped; nothing was kept.")
            return
        self.button.hide()
        self._banner.show_message("note", f"LPIPS is ready: its weights are in {result}.")
        self.came.emit()

    @Slot(object, str)
    def _failed(self, key: object, sentence: str) -> None:
        if key == "fetch":
            self._at_rest()
            self._banner.show_message("error", sentence)

    def _at_rest(self) -> None:
        self._fetching = False
        self.button.setText(TEXT)
        self.button.setToolTip(TIP)
