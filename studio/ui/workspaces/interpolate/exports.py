"""Writes a walk: as a film or as frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from studio.core.walks import Frame, Walk
from studio.gallery.film import ping_pong, write_film
from studio.gallery.naming import new_path
from studio.gallery.walks import nearest_end, write_frame
from studio.ui.background import Background
from studio.ui.output.exporter import FILMS, FRAMES, Exporter
from studio.ui.workspaces.interpolate.course import Course, cross_fade

FORMS = FILMS | {
    FRAMES: (
        "Frames (PNG)",
        "A folder with a picture for every frame, its place on the walk inside",
    )
}
GAP = 8  # pixels between a frame and its cross-fade


@dataclass(frozen=True, eq=False)
class Film:
    """What is written: frames in the order they are played, what a cross-fade is made of, and how
    a film is played: frames a second, and what comes after the end, as in the player."""

    walk: Walk
    frames: tuple[Frame, ...]
    ends: tuple[np.ndarray, ...]  # empty: no cross-fade beside
    shares: tuple[tuple[float, ...], ...]
    fps: float
    turn: str


class Exports(Exporter):
    """Writes walks, and single frames: `saved` gives the frame and where it went."""

    progressed = Signal(object)  # share of the frames that is written, None while nobody knows
    saved = Signal(object, object)  # Frame, Path

    def __init__(self, course: Course, pictures: Path, parent: QObject | None = None) -> None:
        super().__init__(pictures / "Walks", parent)
        self._course, self._pictures = course, pictures
        self._frames = Background(self, beside=self._background)
        self._frames.done.connect(self.saved)
        self._frames.problem.connect(self.failed)

    def start(self, form: str, fade: bool, fps: float, turn: str) -> bool:
        """Writes the finished frames; false when there are none yet."""
        film = self._film(fade, fps, turn)
        if film is not None:
            texts = dict.fromkeys(end.settings.prompt for end in film.walk.ends)
            path = self.new_path(" to ".join(texts), form)
            self.write(path, write, film, self.progressed.emit)
            self.progressed.emit(None)
        return film is not None

    def save(self, index: int) -> None:
        """Writes one frame to the pictures folder; `saved` follows."""
        frame, walk = self._course.frames.get(index), self._course.walk
        if frame is not None and walk is not None:
            self._frames.start(frame, _write_one, self._pictures, frame, walk)

    def _film(self, fade: bool, fps: float, turn: str) -> Film | None:
        course = self._course
        made = [index for index in course.route() if index in course.frames]
        if course.walk is None or not made:
            return None
        if course.shape[0] == 1:  # a walk cancelled while it was spaced may be out of order
            made.sort(key=course.place)
        ends = course.ends()
        beside = fade and set(ends) <= set(course.frames)
        return Film(
            course.walk,
            tuple(course.frames[index] for index in made),
            tuple(course.frames[end].image for end in ends) if beside else (),
            tuple(course.share(index) for index in made),
            fps,
            turn,
        )


def write(path: Path, film: Film, progress: Callable[[float], object]) -> None:
    """A film; without a suffix, a folder of frames. Raises OutputError, UsageError."""
    if not path.suffix:
        for number, frame in enumerate(film.frames, 1):
            write_frame(path / f"frame {number:03d}.png", frame, film.walk)
            progress(number / len(film.frames))
        return
    pictures = [frame.image for frame in film.frames]
    if film.ends:
        pictures = [
            _beside(image, cross_fade(film.ends, share))
            for image, share in zip(pictures, film.shares, strict=True)
        ]
    if film.turn == "ping-pong":
        pictures = list(ping_pong(pictures))
    write_film(path, pictures, film.fps, loop=film.turn != "once")


def _beside(image: np.ndarray, fade: np.ndarray) -> np.ndarray:
    gap = np.full((image.shape[0], GAP, 3), 255, np.uint8)
    return np.concatenate((image, gap, fade), axis=1)


def _write_one(folder: Path, frame: Frame, walk: Walk) -> Path:
    return write_frame(new_path(folder, nearest_end(walk, frame.place).settings), frame, walk)
