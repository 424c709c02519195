"""Writes what was made into a folder, off the UI thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from studio.gallery.naming import free_path
from studio.ui.background import Background

FRAMES = ""  # the form that is a folder of frames
#: The form, which is the name's end; the text, the tooltip.
FILMS = {
    ".webp": ("Film (WebP)", "Small and sharp; plays in browsers"),
    ".gif": ("Film (GIF)", "256 colours, for programs that cannot show WebP"),
    ".mp4": ("Film (MP4)", "For players and slides"),
}


class Exporter(QObject):
    """`written` gives where something went, `failed` one sentence; `busy` counts what is begun."""

    written = Signal(object)  # Path
    failed = Signal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder, self.busy = folder, 0
        self._background = Background(self, to_the_end=True)
        self._background.done.connect(self._done)
        self._background.failed.connect(self._failed)

    def new_path(self, text: str, suffix: str) -> Path:
        """A free name after a text."""
        return free_path(self.folder, text, suffix)

    def write(self, path: Path, function: Callable[..., Any], *arguments: object) -> None:
        """Runs `function(path, *arguments)`."""
        self.busy += 1
        self._background.start(path, function, path, *arguments)

    @Slot()
    def wait(self) -> None:
        """Returns when everything is written."""
        self._background.wait()

    @Slot(object, object)
    def _done(self, path: Path, _: object) -> None:
        self.busy -= 1
        self.written.emit(path)

    @Slot(object, str)
    def _failed(self, _: Path, sentence: str) -> None:
        self.busy -= 1
        self.failed.emit(sentence)
