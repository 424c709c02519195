"""Pictures to start from, read and kept off the UI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QObject, Signal, Slot
from PySide6.QtGui import QImage

from studio.core.generating import Generate
from studio.core.settings import Settings
from studio.ui.background import Background
from studio.ui.image.qimage import from_qimage, over_white
from studio.ui.start import Start, from_file, from_pixels, from_settings, keep

PASTED = "Pasted picture"


class Sources(QObject):
    """`read` and `found` give a Start, `ready` a request whose inputs are kept."""

    read = Signal(object)  # Start: the user chose it
    found = Signal(object)  # Start: that of settings taken over
    ready = Signal(object, bool)  # Generate, whether it goes first
    gone = Signal(object, str)  # Settings whose picture is not there any more, one sentence
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._files = Background(self, to_the_end=True, done=self._done, failed=self._failed)
        self._wanted: Settings | None = None

    def open(self, path: Path) -> None:
        self._files.start(("read", None), from_file, path)

    def take(self, name: str, image: QImage) -> None:
        self._files.start(("read", None), from_image, name, image)

    def offered(self, data: QMimeData) -> bool:
        """Takes what is dropped or pasted: a file, else pixels; whether there was any."""
        return pass_on(data, self.open, self.take)

    def find(self, settings: Settings) -> None:
        """Brings back what the settings name; `found` or `gone` follows."""
        self._wanted = settings
        self._files.start(("find", settings), from_settings, settings)

    def keep(self, request: Generate, front: bool) -> None:
        """`ready` follows, also when the pixels cannot be kept (and `failed` before it)."""
        self._files.start(("keep", (request, front)), keep, request.inputs)

    def again(self, request: Generate) -> None:
        """Brings back the inputs of a request made from a finished picture's settings."""
        self._files.start(("again", request), from_settings, request.settings)

    def wait(self) -> None:
        """Returns when everything is read and written."""
        self._files.wait()

    @Slot(object, object)
    def _done(self, key: tuple[str, Any], result: Any) -> None:
        what, subject = key
        if what == "read":
            self._wanted = None
            self.read.emit(result)
        elif what == "find":
            if subject is self._wanted:
                self.found.emit(result)
        elif what == "keep":
            self.ready.emit(*subject)
        else:
            self.ready.emit(replace(subject, inputs=result.inputs), False)

    @Slot(object, str)
    def _failed(self, key: tuple[str, Any], sentence: str) -> None:
        what, subject = key
        if what == "find":
            self.gone.emit(subject, sentence)
            return
        self.failed.emit(sentence)
        if what == "keep":  # the picture can be made now, though perhaps not again
            self.ready.emit(*subject)


def pass_on(
    data: QMimeData, read: Callable[[Path], None], take: Callable[[str, QImage], None]
) -> bool:
    """Hands on what is dropped or pasted: the first local file, else pixels; whether there was
    any."""
    path = next((Path(u.toLocalFile()) for u in data.urls() if u.isLocalFile()), None)
    if path is not None:
        read(path)
    elif data.hasImage():
        take(PASTED, QImage(data.imageData()))
    return path is not None or data.hasImage()


def from_image(name: str, image: QImage) -> Start:
    """A picture in memory, transparent parts over white."""
    from studio.pictures.reading import OVER_WHITE, ReadPicture

    read = ReadPicture(
        name, from_qimage(over_white(image)), notes=OVER_WHITE if _shines(image) else ()
    )
    return from_pixels(name, read.pixels, read.notes)


def _shines(image: QImage) -> bool:
    import numpy as np

    if not image.hasAlphaChannel():
        return False
    alpha = image.convertToFormat(QImage.Format.Format_Alpha8)
    rows = np.frombuffer(alpha.constBits(), np.uint8).reshape(alpha.height(), -1)
    return bool((rows[:, : alpha.width()] < 255).any())
