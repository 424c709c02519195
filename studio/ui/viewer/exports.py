"""Writes a trajectory off the UI thread: as a film or as pictures. Must not import widgets."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from studio.gallery.film import write_film
from studio.gallery.naming import words
from studio.gallery.steps import write_steps
from studio.ui.background import Background
from studio.ui.viewer.channels import enlarged, film_frames, last_of
from studio.ui.viewer.decoding import Decoding

FOLDER = "Trajectories"  # inside the pictures folder
#: The name's end, the text, the tooltip.
FORMS = {
    ".webp": ("Film (WebP)", "Small and sharp; shown by browsers"),
    ".gif": ("Film (GIF)", "For where WebP is not shown: 256 colours"),
    ".mp4": ("Film (MP4)", "For players and slides"),
    "": ("Frames (PNG)", "A folder with a picture for every step"),
}
SECONDS = 5.0  # a film's way from noise to picture
RATES = (2.0, 30.0)  # frames a second
HELD = 1.5  # seconds that the end is held


class Exports(QObject):
    """`written` gives where something went, `failed` one sentence."""

    written = Signal(object)  # Path
    failed = Signal(str)

    def __init__(self, decoding: Decoding, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._decoding, self._folder = decoding, folder / FOLDER
        self._waiting: tuple[str, str] | None = None  # the form, the channel
        self._background = Background(self)
        self._background.done.connect(self._done)
        self._background.failed.connect(self._failed)
        decoding.complete.connect(self._complete)
        decoding.stopped.connect(self._stopped)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.wait)

    @property
    def busy(self) -> bool:
        return self._waiting is not None

    def start(self, form: str, channel: str) -> None:
        """Writes a channel, in full once it is decoded; one at a time."""
        made = self._decoding.made
        if made is None or made.trajectory is None or self._waiting is not None:
            return
        self._waiting = (form, channel)
        self._decoding.want_film(channel, film_frames(last_of(channel, made.trajectory)))

    def forget(self) -> None:
        """Another picture is shown: what waits for its frames will not come."""
        if self._waiting is not None:
            self._stopped()

    @Slot()
    def wait(self) -> None:
        """Returns when everything is written."""
        self._background.wait()

    @Slot()
    def _complete(self) -> None:
        made = self._decoding.made
        assert self._waiting is not None
        assert made is not None
        assert made.trajectory is not None
        form, channel = self._waiting
        self._waiting = None
        frames = film_frames(last_of(channel, made.trajectory))
        pictures = tuple(self._decoding.picture(channel, frame)[0] for frame in frames)
        path = self._new_path(form, made.settings.prompt)
        self._background.start(path, write, path, pictures, made.image)

    @Slot()
    def _stopped(self) -> None:
        self._waiting = None
        self.failed.emit("Nothing was written: not all steps could be decoded.")

    def _new_path(self, suffix: str, prompt: str) -> Path:
        stem = f"{datetime.now():%Y-%m-%d %H-%M-%S} {words(prompt)}"
        number = 1
        while (path := self._folder / f"{stem} {number:02d}{suffix}").exists():
            number += 1
        return path

    @Slot(object, object)
    def _done(self, path: Path, _: object) -> None:
        self.written.emit(path)

    @Slot(object, str)
    def _failed(self, _: Path, sentence: str) -> None:
        self.failed.emit(sentence)


def rate(frames: int) -> float:
    """Frames a second: so that the way lasts SECONDS, within RATES."""
    return min(max(frames / SECONDS, RATES[0]), RATES[1])


def write(path: Path, pictures: tuple[np.ndarray, ...], like: np.ndarray) -> None:
    """A film, its end held; without a suffix, a folder of frames. All as large as `like`. Raises
    OutputError."""
    large = tuple(enlarged(each, like) for each in pictures)
    if not path.suffix:
        write_steps(path, large)
        return
    fps = rate(len(large))
    write_film(path, (*large, *(large[-1:] * round(HELD * fps))), fps)
