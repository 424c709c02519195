"""Settings out of pictures of any studio, off the UI thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QObject, Signal

from studio.pictures import SUFFIXES
from studio.ui.background import Background


class Reader(QObject):
    """`found` or `refused` follows every `read`."""

    found = Signal(object, object)  # Path, metadata.Found
    refused = Signal(object, str)  # Path, one sentence

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._files = Background(self, done=self.found, failed=self.refused)

    def read(self, path: Path, model: str) -> None:
        """`model` is in use; another studio's becomes the default one, and a note says so."""
        self._files.start(path, _read, path, model)


def _read(path: Path, model: str) -> Any:
    from studio.gallery import metadata

    return metadata.read(path, (model,))


def picture_in(data: QMimeData) -> Path | None:
    """The first picture file among what is dragged."""
    paths = (Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile())
    return next((path for path in paths if path.suffix.lower() in SUFFIXES), None)
