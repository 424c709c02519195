"""Pictures for the ends of a walk, read off the UI thread. Must not import widgets or torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal, Slot
from PySide6.QtGui import QImage

from studio.core.errors import DataError
from studio.core.settings import Settings
from studio.gallery import png
from studio.ui.background import Background
from studio.ui.start import Start, from_file
from studio.ui.starting.sources import from_image, pass_on


@dataclass(frozen=True, eq=False)
class Taken:
    """A picture, and the settings inside its file if this studio made it."""

    start: Start
    settings: Settings | None = None


class Reading(QObject):
    """`read` gives which end wanted it and a Taken."""

    read = Signal(int, object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._files = Background(self, to_the_end=True)
        self._files.done.connect(self._done)
        self._files.problem.connect(self.failed)

    def open(self, end: int, path: Path) -> None:
        self._files.start(end, from_path, path)

    def take(self, end: int, name: str, image: QImage) -> None:
        self._files.start(end, _from_pixels, name, image)

    def offered(self, end: int, data: QMimeData) -> bool:
        """Takes what is dropped or pasted: a file, else pixels; whether there was any."""
        return pass_on(data, partial(self.open, end), partial(self.take, end))

    def wait(self) -> None:
        """Returns when everything is read."""
        self._files.wait()

    @Slot(object, object)
    def _done(self, end: int, taken: Taken) -> None:
        self.read.emit(end, taken)


def from_path(path: Path) -> Taken:
    """Any picture file, with our settings if there are any. Raises DataError."""
    start = from_file(path)
    try:
        return Taken(start, png.read_settings(path))
    except DataError:
        return Taken(start)


def _from_pixels(name: str, image: QImage) -> Taken:
    return Taken(from_image(name, image))
