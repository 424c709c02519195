"""Writes the comparison: labelled sheet, film, JSON. Must not import widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Slot

from studio.core import comparing
from studio.gallery import comparison as gallery
from studio.ui.jobs import Jobs
from studio.ui.output.decoder import Batch, Decoder
from studio.ui.output.exporter import Exporter
from studio.ui.workspaces.compare.comparison import Comparison

MOST_BYTES = 600_000_000  # of a film's pictures; beyond, it is made of the small ones
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


def _film(name: str, text: str, tip: str, suffix: str) -> Form:
    return Form(name, text, tip, suffix, _write_film, needs_frames=True)


FORMS = (
    Form(
        "sheet",
        "Labelled sheet (PNG)",
        "All pictures at full size, with headings and figures",
        ".png",
        _write_sheet,
    ),
    _film("film", "Film (WebP)", "All trajectories in step, from noise to picture", ".webp"),
    _film(
        "gif", "Film (GIF)", "The same in 256 colours, for programs that cannot show WebP", ".gif"
    ),
    _film("mp4", "Film (MP4)", "The same, for players and slides", ".mp4"),
    Form(
        "json",
        "Figures (JSON)",
        "Settings, cost and distance of every cell",
        ".json",
        _write_json,
    ),
)


class Exports(Exporter):
    """Writes what there is by now; a film once its frames are decoded."""

    def __init__(
        self, comparison: Comparison, jobs: Jobs, pictures: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(pictures / "Comparisons", parent)
        self._comparison = comparison
        self._film: tuple[Form, Path, gallery.Comparison] | None = None
        self.frames = Decoder(jobs, MOST_BYTES, self, front=False)
        self.frames.ended.connect(self._decoded)

    def start(self, form: Form) -> Path | None:
        """Where to; None when there is nothing yet, and while another film waits."""
        now = self._snapshot()
        if now is None or (form.needs_frames and self._film is not None):
            return None
        path = self.new_path(now.settings[0].prompt, form.suffix)
        if not form.needs_frames:
            self.write(path, form.write, now, {})
            return path
        self._film = (form, path, now)
        cells = [cell for cell in now.cells.values() if cell.trajectory is not None]
        needed = sum(len(_steps(cell)) * cell.image.nbytes for cell in cells)
        self.frames.want("film", map(_batch, cells) if needed <= MOST_BYTES else ())
        return path

    def _snapshot(self) -> gallery.Comparison | None:
        grid, results = self._comparison.grid, self._comparison.results
        cells = {i: r.cell for i, r in enumerate(results) if r.cell is not None}
        if grid is None or not cells:
            return None
        distances = {i: r.distance for i, r in enumerate(results) if r.distance is not None}
        return gallery.Comparison(grid, tuple(r.settings for r in results), cells, distances)

    @Slot(str, bool)
    def _decoded(self, _: str, complete: bool) -> None:
        assert self._film is not None
        (form, path, then), self._film = self._film, None
        if complete:
            pictures = {key: image for (_, key), image in self.frames.pictures.items()}
            self.write(path, form.write, then, pictures)
        else:
            self.failed.emit("The film was not written: its frames could not all be decoded.")
        self.frames.forget()


def _steps(cell: comparing.Cell) -> np.ndarray:
    """x0 of every frame but the last, which is the picture itself: (n, C, h, w)."""
    assert cell.trajectory is not None
    return cell.trajectory.x0[:-1]


def _batch(cell: comparing.Cell) -> Batch:
    return cell.settings.model, {(cell.index, each.tobytes()): each for each in _steps(cell)}
