"""Writes a walk off the UI thread: as a film or as frames. Must not import widgets or torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from studio.core.walks import Frame, Walk
from studio.gallery.film import ping_pong, write_film
from studio.gallery.naming import new_path, words
from studio.gallery.walks import nearest_end, write_frame
from studio.ui.background import Background
from studio.ui.workspaces.interpolate.course import Course, cross_fade

FOLDER = "Walks"  # inside the pictures folder
#: The name's end, the text, the tooltip.
FORMS = {
    ".webp": ("Film (WebP)", "Small and sharp; shown by browsers"),
    ".gif": ("Film (GIF)", "For where WebP is not shown: 256 colours"),
    ".mp4": ("Film (MP4)", "For players and slides"),
    "": ("Frames (PNG)", "A folder with a picture for every frame, its place on the walk inside"),
}
GAP = 8  # pixels between a frame and its cross-fade


@dataclass(frozen=True)
class Play:
    """How a film is played: frames a second; whether for ever; whether there and back."""

    fps: float
    loop: bool
    back: bool


@dataclass(frozen=True, eq=False)
class Film:
    """What is written: frames in the order they are played, and what a cross-fade is made of."""

    walk: Walk
    frames: tuple[Frame, ...]
    ends: tuple[np.ndarray, ...]  # empty: no cross-fade beside
    shares: tuple[tuple[float, ...], ...]
    play: Play


class Exports(QObject):
    """`written` gives where a walk went, `saved` where one frame did, `failed` one sentence."""

    progressed = Signal(int, int)  # frames written, all
    written = Signal(object)  # Path
    saved = Signal(object, object)  # Path, Frame
    failed = Signal(str)

    def __init__(self, course: Course, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._course, self._pictures = course, folder
        self.busy = 0  # walks being written
        self._background = Background(self)
        self._background.done.connect(self._done)
        self._background.failed.connect(self._failed)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.wait)

    def start(self, form: str, play: Play, fade: bool) -> Path | None:
        """Writes the finished frames; where to, None when there are none yet."""
        film = self._film(play, fade)
        if film is None:
            return None
        path = self._new_path(form, film.walk)
        self.busy += 1
        self.progressed.emit(0, 0)
        self._background.start(("walk", path), write, path, film, self.progressed.emit)
        return path

    def save(self, index: int) -> None:
        """Writes one frame to the pictures folder; `saved` follows."""
        frame, walk = self._course.frames.get(index), self._course.walk
        if frame is not None and walk is not None:
            self._background.start(("frame", frame), _write_one, self._pictures, frame, walk)

    @Slot()
    def wait(self) -> None:
        """Returns when everything is written."""
        self._background.wait()

    def _film(self, play: Play, fade: bool) -> Film | None:
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
            play,
        )

    def _new_path(self, suffix: str, walk: Walk) -> Path:
        texts = dict.fromkeys(end.settings.prompt for end in walk.ends)
        stem = f"{datetime.now():%Y-%m-%d %H-%M-%S} {words(' to '.join(texts))}"
        number, folder = 1, self._pictures / FOLDER
        while (path := folder / f"{stem} {number:02d}{suffix}").exists():
            number += 1
        return path

    @Slot(object, object)
    def _done(self, key: tuple[str, Any], result: Path) -> None:
        if key[0] == "frame":
            self.saved.emit(result, key[1])
        else:
            self.busy -= 1
            self.written.emit(result)

    @Slot(object, str)
    def _failed(self, key: tuple[str, Any], sentence: str) -> None:
        self.busy -= key[0] == "walk"
        self.failed.emit(sentence)


def write(path: Path, film: Film, progress: Callable[[int, int], object]) -> Path:
    """A film; without a suffix, a folder of frames. Raises OutputError, UsageError."""
    if not path.suffix:
        for number, frame in enumerate(film.frames, 1):
            write_frame(path / f"frame {number:03d}.png", frame, film.walk)
            progress(number, len(film.frames))
        return path
    pictures = [frame.image for frame in film.frames]
    if film.ends:
        pictures = [
            _beside(image, cross_fade(film.ends, share))
            for image, share in zip(pictures, film.shares, strict=True)
        ]
    if film.play.back:
        pictures = list(ping_pong(pictures))
    write_film(path, pictures, film.play.fps, loop=film.play.loop)
    return path


def _beside(image: np.ndarray, fade: np.ndarray) -> np.ndarray:
    gap = np.full((image.shape[0], GAP, 3), 255, np.uint8)
    return np.concatenate((image, gap, fade), axis=1)


def _write_one(folder: Path, frame: Frame, walk: Walk) -> Path:
    return write_frame(new_path(folder, nearest_end(walk, frame.place).settings), frame, walk)
