"""A picture becomes a prompt."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from studio.core import prompts
from studio.core.language import Describe, Described
from studio.core.wildcards import escaped
from studio.ui.background import Background
from studio.ui.image.qimage import from_qimage, over_white
from studio.ui.job import Requester
from studio.ui.jobs import Jobs
from studio.ui.start import Start, from_file


class Describing(Requester):
    """`described` gives a prompt that means its words and nothing else."""

    described = Signal(str)

    def __init__(self, jobs: Jobs, parent: QObject) -> None:
        super().__init__(jobs, parent)
        self._files = Background(self, done=self._read, failed=self._unread)

    def open(self, path: Path) -> None:
        """Describes a picture's file."""
        self._files.start(path, from_file, path)

    def take(self, image: QImage) -> None:
        self._ask(Describe(from_qimage(over_white(image))))

    def _ask(self, request: Describe) -> None:
        self.drop()
        if (job := self.ask(request, front=True)) is not None:
            job.on(Described, self._described)

    @Slot(object, object)
    def _read(self, _: Path, start: Start) -> None:
        self._ask(Describe(start.inputs.source))

    @Slot(object, str)
    def _unread(self, _: Path, sentence: str) -> None:
        self.failed.emit(sentence)

    @Slot(object)
    def _described(self, event: Described) -> None:
        if event.prompts:
            self.described.emit(escaped(prompts.escaped(event.prompts[0])))
