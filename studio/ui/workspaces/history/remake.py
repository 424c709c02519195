"""What becomes of old settings: taken to Generate, or submitted again, as they were or varied."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from studio.core.errors import UsageError
from studio.core.generating import Generate
from studio.core.messages import Failed
from studio.core.settings import Settings
from studio.gallery import inputs, metadata
from studio.ui.background import Background
from studio.ui.job import Job
from studio.ui.jobs import Jobs
from studio.ui.library.again import restore, variants
from studio.ui.library.pictures import read_picture
from studio.ui.session import Session
from studio.ui.start import Start, from_file
from studio.ui.starting.reader import Reader
from studio.ui.widgets.menus import add, passing_menu


class Remake(QObject):
    """`restored` comes with what there is to say, "" for nothing; `message` with what was done."""

    restored = Signal(str)
    refused = Signal(object, str)  # Path of a picture without settings, one sentence
    message = Signal(str, str)  # the banner's kind, one sentence
    made = Signal()  # all that was asked for

    def __init__(self, session: Session, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._jobs = session, jobs
        self._asked: list[Job] = []  # that have not ended
        self._files = Background(self, done=self._read, failed=self._failed)
        self._reader = Reader(self)
        self._reader.found.connect(self._found)
        self._reader.refused.connect(self.refused)

    def restore(self, settings: Settings, picture: Path | None = None) -> None:
        """Takes them over into Generate."""
        behind = restore(self._session, settings, picture=picture)
        self.restored.emit(" ".join(("Settings sent to Generate.", *behind)) if behind else "")

    def take(self, path: Path) -> None:
        """Restores the settings inside a picture of any studio."""
        self._reader.read(path, self._session.model.get())

    def start(self, path: Path) -> None:
        """Takes a picture to Generate, to start from."""
        self._files.start(("start", path), from_file, path)

    def copy(self, path: Path) -> None:
        """Puts a picture on the clipboard."""
        self._files.start(("copy", path), read_picture, path)

    def make(self, settings: Settings) -> None:
        """Makes one picture."""
        self._files.start(("make", None), _request, settings)

    def make_next_seed(self, settings: Settings) -> None:
        """Makes one picture with the seed after."""
        for each in variants(settings):
            if each.id == "seed":
                self.make(each.settings)

    def menu(self, settings: Settings, parent: QWidget) -> QMenu:
        """What can be changed with one click, and the way to change anything else."""
        menu = passing_menu(parent, "historyVariants")
        for each in variants(settings):
            add(menu, f"vary-{each.id}", each.text, partial(self.make, each.settings))
        samplers = menu.addMenu("Another sampler")
        samplers.setObjectName("historySamplers")
        for name, spec in self._session.samplers.items():
            if name != settings.sampler:
                other = replace(settings, sampler=name, options=())
                add(samplers, f"vary-{name}", spec.label, partial(self.make, other))
        menu.addSeparator()
        add(menu, "vary-anything", "Change in Generate…", partial(self.restore, settings))
        return menu

    @Slot(object, object)
    def _found(self, path: Path, found: metadata.Found) -> None:
        behind = (*found.notes, *restore(self._session, found.settings, found.missing, path))
        came = f"Settings of {path.name} ({found.source}) were sent to Generate."
        self.restored.emit(" ".join((came, *behind)))

    @Slot(object, object)
    def _read(self, key: tuple[str, Any], result: Any) -> None:
        if key[0] == "start":
            assert isinstance(result, Start)
            self._session.start.set(result)
            self.restored.emit("")
        elif key[0] == "copy":
            QGuiApplication.clipboard().setImage(result[0])
            self.message.emit("note", "Picture copied.")
        else:
            self._submit(result)

    def _submit(self, request: Generate) -> None:
        try:
            job = self._jobs.submit(request)
        except UsageError as error:
            self.message.emit("error", str(error))
            return
        if job is not None:
            self._asked.append(job)
            job.on(Failed, self._job_failed)
            job.ended.connect(self._job_ended)
            self.message.emit("note", "It is being generated and will appear here.")

    @Slot()
    def _job_ended(self) -> None:
        self._asked = [job for job in self._asked if job.end is None]
        if not self._asked:
            self.made.emit()

    @Slot(object, str)
    def _failed(self, _: object, sentence: str) -> None:
        self.message.emit("error", sentence)

    @Slot(object)
    def _job_failed(self, event: Failed) -> None:
        self.message.emit("error", event.message)


def _request(settings: Settings) -> Generate:
    """With the pictures it starts from, if there are any. Raises DataError."""
    return Generate(settings, inputs=inputs.find(settings, inputs.inputs_folder()))
