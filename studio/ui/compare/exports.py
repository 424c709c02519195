"""Writes the comparison off the UI thread: labelled sheet, film, JSON. Must not import widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from studio.gallery import comparison as gallery
from studio.gallery.naming import words
from studio.ui.background import Background
from studio.ui.compare.comparison import Comparison

FOLDER = "Comparisons"  # inside the pictures folder


@dataclass(frozen=True)
class Form:
    """A form to write a comparison in."""

    id: str
    text: str
    tip: str
    suffix: str
    write: Callable[[Path, gallery.Comparison], None]


def _write_json(path: Path, comparison: gallery.Comparison) -> None:
    gallery.write_document(path, gallery.document(comparison))


FORMS = (
    Form(
        "sheet",
        "Labelled sheet (PNG)",
        "All pictures at their own size, with headings and figures",
        ".png",
        gallery.write_sheet,
    ),
    Form(
        "film",
        "Film (WebP)",
        "All trajectories in step, from noise to picture",
        ".webp",
        gallery.write_film,
    ),
    Form(
        "gif",
        "Film (GIF)",
        "The same, larger and coarser, for where WebP is not shown",
        ".gif",
        gallery.write_film,
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

    def __init__(self, comparison: Comparison, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._comparison, self._folder = comparison, folder / FOLDER
        self._background = Background(self)
        self._background.done.connect(self._done)
        self._background.failed.connect(self._failed)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.wait)

    def start(self, form: Form) -> Path | None:
        """Writes what there is by now; where to, None when there is nothing yet."""
        now = self._snapshot()
        if now is None:
            return None
        path = self._new_path(form.suffix, now)
        self._background.start(path, form.write, path, now)
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

    @Slot(object, object)
    def _done(self, path: Path, _: object) -> None:
        self.written.emit(path)

    @Slot(object, str)
    def _failed(self, _: Path, sentence: str) -> None:
        self.failed.emit(sentence)
