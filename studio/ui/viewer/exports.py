"""Writes a trajectory: as a film or as pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Slot

from studio.gallery.film import write_film, write_steps
from studio.ui.output.channels import enlarged, film_frames, last_of
from studio.ui.output.exporter import FILMS, FRAMES, Exporter
from studio.ui.viewer.decoding import FILM, Decoding

FORMS = FILMS | {FRAMES: ("Frames (PNG)", "A folder with a picture for every step")}
SECONDS = 5.0  # a film's way from noise to picture
RATES = (2.0, 30.0)  # frames a second
HELD = 1.5  # seconds that the end is held


class Exports(Exporter):
    """Writes once all steps are decoded."""

    def __init__(self, decoding: Decoding, pictures: Path, parent: QObject | None = None) -> None:
        super().__init__(pictures / "Trajectories", parent)
        self._decoding = decoding
        self.waiting: tuple[str, str] | None = None  # the form, the channel
        decoding.ended.connect(self._decoded)

    def start(self, form: str, channel: str) -> None:
        """Writes a channel, in full once it is decoded; one at a time."""
        kept = self._decoding.kept
        if kept is not None and self.waiting is None:
            self.waiting = (form, channel)
            self._decoding.want_film(channel, film_frames(last_of(channel, kept)))

    def forget(self) -> None:
        """Another picture is shown: what waits for its frames will not come."""
        if self.waiting is not None:
            self._decoded(FILM, False)

    @Slot(str, bool)
    def _decoded(self, name: str, complete: bool) -> None:
        made, kept = self._decoding.made, self._decoding.kept
        if name != FILM or self.waiting is None or made is None or kept is None:
            return
        (form, channel), self.waiting = self.waiting, None
        if not complete:
            self.failed.emit("Nothing was written: not all steps could be decoded.")
            return
        frames = film_frames(last_of(channel, kept))
        pictures = tuple(self._decoding.picture(channel, frame)[0] for frame in frames)
        self.write(self.new_path(made.settings.prompt, form), write, pictures, made.image)


def write(path: Path, pictures: tuple[np.ndarray, ...], like: np.ndarray) -> None:
    """A film, its end held; without a suffix, a folder of frames. All as large as `like`. Raises
    OutputError."""
    large = tuple(enlarged(each, like) for each in pictures)
    if not path.suffix:
        write_steps(path, large)
        return
    fps = min(max(len(large) / SECONDS, RATES[0]), RATES[1])
    write_film(path, (*large, *(large[-1:] * round(HELD * fps))), fps)
