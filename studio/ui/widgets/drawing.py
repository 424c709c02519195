"""Draws a prompt's words beside the window where lists of them have to be read."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.core.generating import Generate
from studio.core.wildcards import has_lists
from studio.gallery.word_lists import drawn, lines_in, words_folder
from studio.ui.background import Background


class Drawing(QObject):
    """`done(key, requests)` or `failed(key, sentence)` follows each `start`; at once if no list is
    named."""

    done = Signal(object, object)
    failed = Signal(object, str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._reading = Background(self, done=self.done, failed=self.failed)

    def start(self, key: object, request: Generate, prompt: str) -> None:
        lines = lines_in(words_folder())
        if has_lists(prompt):
            self._reading.start(key, drawn, request, prompt, lines)
            return
        try:
            requests = drawn(request, prompt, lines)
        except StudioError as error:
            self.failed.emit(key, str(error))
        else:
            self.done.emit(key, requests)
