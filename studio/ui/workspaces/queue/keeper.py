"""Keeps the queue for the next start, and fills it again until somebody says stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studio.core.errors import UsageError
from studio.core.generating import Generate
from studio.core.messages import Finished
from studio.core.settings import MAX_SEED
from studio.gallery import queue_file
from studio.gallery.inputs import inputs_folder
from studio.ui.background import Background
from studio.ui.job import Job
from studio.ui.jobs import Jobs
from studio.ui.widgets.drawing import Drawing

SETTLE = 400  # milliseconds: a burst of requests is written once


class Keeper(QObject):
    """`found` (requests, problems) follows the first `keep`; `failed` says why it is not kept."""

    found = Signal(object, object)
    failed = Signal(str)
    again_changed = Signal(object)  # the request that is repeated, None for none

    def __init__(
        self, jobs: Jobs, file: Path, writer: Background, parent: QObject | None = None
    ) -> None:
        """`writer` writes the pictures: none leaves the file before it is in its own."""
        super().__init__(parent)
        self._jobs, self._file = jobs, file
        self.keeps = False
        self.again: Generate | None = None
        self.left: tuple[Generate, ...] = ()  # by the last start, until it is said what of them
        self._written: tuple[Generate, ...] = ()
        self._place: queue_file.Own | None = None  # where it is kept
        self._found: tuple[queue_file.Own, tuple[Generate, ...], tuple[str, ...]] | None = None
        self._looking = False
        self._own: list[Job] = []  # that the repetition asked for and that have not ended
        self._drawing = Drawing(self)
        self._drawing.done.connect(self._drawn)
        self._drawing.failed.connect(self._not_drawn)
        self._files = Background(self, beside=writer, done=self._done, failed=self._failed)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE)
        self._settle.timeout.connect(self.save)
        jobs.changed.connect(self._changed)
        jobs.ended.connect(self._ended)

    @property
    def pictures(self) -> tuple[Generate, ...]:
        """The open requests for pictures; other work is not kept."""
        requests = (job.request for job in self._jobs.open)
        return tuple(each for each in requests if isinstance(each, Generate))

    def keep(self, keeps: bool) -> None:
        """Whether what waits is written down, beside what windows left that have ended."""
        self.keeps = keeps
        if self._place is not None:
            self.save()
        elif keeps and not self._looking:
            self._looking = True
            self._files.start("read", self._look)

    def _look(self) -> None:
        """On another thread."""
        self._found = queue_file.take_over(self._file, inputs_folder())

    def _take_over(self) -> None:
        if self._found is not None and self._place is None:
            self._place, self.left, _ = self._found
            self._written = self.left

    @Slot()
    def save(self) -> None:
        """Writes it down now, if it is kept; forgets it if not."""
        self._settle.stop()
        wanted = self.left + self.pictures if self.keeps else ()
        if self._place is not None and wanted != self._written:
            self._written = wanted
            self._files.start("write", self._place.write, wanted)

    def repeat(self, request: Generate | None) -> None:
        """Asks for `request` again and again, each time with the next seeds; None stops.

        Choices in its prompt are drawn every time.
        """
        self.again = request
        self._own.clear()
        self.again_changed.emit(request)
        if request is not None and self._jobs.free:
            self._next()

    def answered(self) -> tuple[Generate, ...]:
        """What the last start left, which from now on is kept only if it is queued."""
        left, self.left = self.left, ()
        self._changed()
        return left

    def close(self) -> None:
        """Returns when the queue is on the disk as it stands; later changes are not written."""
        self._jobs.changed.disconnect(self._changed)
        self._files.wait()
        self._take_over()
        self.save()
        self._files.wait()
        if self._place is not None:
            self._place.release()
        self._place = self._found = None

    def _next(self) -> None:
        if self.again is not None:
            self._drawing.start(self.again, self.again, self.again.settings.prompt)

    @Slot(object, object)
    def _drawn(self, again: Generate, requests: tuple[Generate, ...]) -> None:
        if again is not self.again:
            return
        try:
            for each in requests:
                if (job := self._jobs.submit(each)) is not None:
                    self._own.append(job)
        except UsageError as error:
            self._not_drawn(again, str(error))
            return
        last, most = self.again.settings.numbered(self.again.count), MAX_SEED - 100
        seed, variation_seed = last.seed % most, last.variation_seed % most
        settings = replace(last, seed=seed, variation_seed=variation_seed)
        self.again = replace(self.again, settings=settings)

    @Slot(object, str)
    def _not_drawn(self, again: Generate, sentence: str) -> None:
        if again is self.again:
            self.repeat(None)
            self.failed.emit(sentence)

    @Slot(object)
    def _ended(self, job: Job) -> None:
        own = job in self._own
        self._own = [each for each in self._own if each is not job]
        if own and not isinstance(job.end, Finished):
            self.repeat(None)
        elif self.again is not None and self._jobs.free:
            self._next()

    @Slot()
    def _changed(self) -> None:
        if self.keeps and not self._settle.isActive():  # steps come faster than it settles
            self._settle.start()

    @Slot(object, object)
    def _done(self, what: str, _: object) -> None:
        if what == "read" and self._found is not None:
            self._take_over()
            self.found.emit(self.left, self._found[2])

    @Slot(object, str)
    def _failed(self, what: str, sentence: str) -> None:
        self._looking = self._looking and what != "read"
        self.failed.emit(sentence)
