"""Writes the comparison: labelled sheet, film, JSON."""

from __future__ import annotations

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
#: The form, the text, the tooltip.
FORMS = {
    "sheet": ("Labelled sheet (PNG)", "All pictures at full size, with headings and figures"),
    "film": ("Film (WebP)", "All trajectories in step, from noise to picture"),
    "gif": ("Film (GIF)", "The same in 256 colours, for programs that cannot show WebP"),
    "mp4": ("Film (MP4)", "The same, for players and slides"),
    "json": ("Figures (JSON)", "Settings, cost and distance of every cell"),
}
SUFFIXES = {"sheet": ".png", "film": ".webp", "gif": ".gif", "mp4": ".mp4", "json": ".json"}


class Exports(Exporter):
    """Writes what there is by now; a film once its frames are decoded."""

    def __init__(
        self, comparison: Comparison, jobs: Jobs, pictures: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(pictures / "Comparisons", parent)
        self._comparison = comparison
        self._film: tuple[Path, gallery.Comparison] | None = None
        self.frames = Decoder(jobs, MOST_BYTES, self, front=False)
        self.frames.ended.connect(self._decoded)

    def start(self, form: str) -> bool:
        """False when there is nothing yet, and for a film while another one waits."""
        now, film = self._snapshot(), form not in ("sheet", "json")
        if now is None or (film and self._film is not None):
            return False
        path = self.new_path(now.settings[0].prompt, SUFFIXES[form])
        if not film:
            self.write(path, write, now, {})
            return True
        self._film = path, now
        cells = [cell for cell in now.cells.values() if cell.trajectory is not None]
        needed = sum(len(_steps(cell)) * cell.image.nbytes for cell in cells)
        self.frames.want("film", map(_batch, cells) if needed <= MOST_BYTES else ())
        return True

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
        (path, then), self._film = self._film, None
        if complete:
            pictures = {key: image for (_, key), image in self.frames.pictures.items()}
            self.write(path, write, then, pictures)
        else:
            self.failed.emit("The film was not written: its frames could not all be decoded.")
        self.frames.forget()


def write(path: Path, comparison: gallery.Comparison, pictures: dict[bytes, np.ndarray]) -> None:
    """In the form of the suffix; a film of `pictures` by the bytes of their latents, if there are
    any. Raises OutputError."""
    if path.suffix == SUFFIXES["sheet"]:
        gallery.write_sheet(path, comparison)
    elif path.suffix == SUFFIXES["json"]:
        gallery.write_document(path, gallery.document(comparison))
    else:
        decode = (lambda latents: pictures[latents.tobytes()]) if pictures else None
        gallery.write_film(path, comparison, decode)


def _steps(cell: comparing.Cell) -> np.ndarray:
    """x0 of every frame but the last, which is the picture itself: (n, C, h, w)."""
    assert cell.trajectory is not None
    return cell.trajectory.x0[:-1]


def _batch(cell: comparing.Cell) -> Batch:
    return cell.settings.model, {(cell.index, each.tobytes()): each for each in _steps(cell)}
