"""Writes the comparison off the UI thread: labelled sheet, film, JSON. Must not import widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from studio.gallery import comparison as gallery
from studio.gallery.naming import words
from studio.ui.background import Background
from studio.ui.jobs import Jobs
from studio.ui.workspaces.compare.comparison import Comparison
from studio.ui.workspaces.compare.film import FilmFrames

FOLDER = "Comparisons"  # inside the pictures folder
Pictures = dict[bytes, np.ndarray]  # by the bytes of their latents


@dataclass(frozen=True)
class Form:
    """A form to write a comparison in."""

    id: str
    text: str
    tip: str
    suffix: str
    write: Callable[[Path, gallery.Comparison, Pictures], None]
    needs_frames: bool = False


def _write_sheet(path: Path, comparison: gallery.Comparison, _: Pictures) -> None:
    gallery.write_sheet(path, comparison)


def _write_film(path: Path, comparison: gallery.Comparison, pictures: Pictures) -> None:
    def decode(latents: np.ndarray) -> np.ndarray:
        return pictures[latents.tobytes()]

    gallery.write_film(path, comparison, decode if pictures else None)


def _write_json(path: Path, comparison: gallery.Comparison, _: Pictures) -> None:
    gallery.write_document(path, gallery.document(comparison))


FORMS = (
    Form(
        "sheet",
        "Labelled sheet (PNG)",
        "All pictures at their own size, with headings and figures",
        ".png",
        _write_sheet,
    ),
    Form(
        "film",
        "Film (WebP)",
        "All trajectories in step, from noise to picture",
        ".webp",
        _write_film,
        needs_frames=True,
    ),
    Form(
        "gif",
        "Film (GIF)",
        "The same, larger and coarser, for where WebP is not shown",
        ".gif",
        _write_film,
        needs_frames=True,
    ),
    Form(
        "mp4",
        "Film (MP4)",
        "The same, for players and slides",
        ".mp4",
        _write_film,
        needs_frames=True,
    ),
    Form(
        "json",
        "Figures (JSON)",
        "Settings, cost and distance of every cell",
        ".json",
        _write_json,
    ),
)


class Exports(QObject):
    """`written` gives where a file went, `failed` one sentence."""

    written = Signal(object)  # Path
    failed = Signal(str)

    def __init__(
        self, comparison: Comparison, jobs: Jobs, folder: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.frames = FilmFrames(jobs, self)
        self._film: tuple[Form, Path, gallery.Comparison] | None = None
        self.frames.ready.connect(self._frames_ready)
        self.frames.stopped.connect(self._frames_stopped)
        self._comparison, self._folder = comparison, folder / FOLDER
        self._background = Background(self)
        self._background.done.connect(self._done)
        self._background.failed.connect(self._failed)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.wait)

    def start(self, form: Form) -> Path | None:
        """Writes what there is by now; where to, None when there is nothing yet.

        A film's frames are decoded first, one film at a time.
        """
        now = self._snapshot()
        if now is None or (form.needs_frames and self._film is not None):
            return None
        path = self._new_path(form.suffix, now)
        if form.needs_frames:
            self._film = (form, path, now)
            self.frames.start(dict(now.cells))
        else:
            self._background.start(path, form.write, path, now, {})
        return path

    @Slot()
    def wait(self) -> None:
        """Returns when everything is written."""
        self._background.wait()

    def _snapshot(self) -> gallery.Comparison | None:
        grid, results = self._comparison.grid, self._comparison.results
        cells = {i: r.cell for i, r in enumerate(results) if r.cell is not None}
        if grid is None or not cells:
            return None
        distances = {i: r.distance for i, r in enumerate(results) if r.distance is not None}
        return gallery.Comparison(grid, tuple(r.settings for r in results), cells, distances)

    def _new_path(self, suffix: str, comparison: gallery.Comparison) -> Path:
        stem = f"{datetime.now():%Y-%m-%d %H-%M-%S} {words(comparison.settings[0].prompt)}"
        number = 1
        while (path := self._folder / f"{stem} {number:02d}{suffix}").exists():
            number += 1
        return path

    @Slot(object)
    def _frames_ready(self, pictures: Pictures) -> None:
        if self._film is not None:
            form, path, then = self._film
            self._film = None
            self._background.start(path, form.write, path, then, pictures)

    @Slot()
    def _frames_stopped(self) -> None:
        self._film = None
        self.failed.emit("The film was not written: its frames could not all be decoded.")

    @Slot(object, object)
    def _done(self, path: Path, _: object) -> None:
        self.written.emit(path)

    @Slot(object, str)
    def _failed(self, _: Path, sentence: str) -> None:
        self.failed.emit(sentence)
