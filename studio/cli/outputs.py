"""Where results go, by one rule for every verb: `--out` is a file where one file is made, a folder
where several are. A name with a slash at its end, or a folder that is there, is a folder; else what
is a file, or has the suffix of one, is a file. Refused before the work, not after it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from studio.core.errors import DataError, OutputError, StudioError, UsageError
from studio.core.generating import Picture
from studio.core.settings import Settings
from studio.gallery import png
from studio.gallery.naming import pictures_folder, words

POLL = 0.2  # seconds between two looks for other processes' pictures

#: Suffixes of files that people save; others, as in "set v1.5", are part of a folder's name.
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".svg"),
    *(".mp4", ".webm", ".mov", ".json", ".csv", ".md", ".txt", ".html", ".toml", ".yaml", ".zip"),
    *(".safetensors", ".pt", ".ckpt"),
)


@dataclass(frozen=True)
class Pictures:
    """Where pictures go: under new names in `folder`, or the only one as `file` in it."""

    folder: Path
    file: str | None

    @classmethod
    def at(cls, out: str | None, count: int, sources: Iterable[Path] = ()) -> Pictures:
        """None is the window's own folder. Raises as `file_at` for one picture, as `folder_at` for
        several; UsageError for a file that is one of the `sources`."""
        if out is None:
            check_place(pictures_folder())
            return cls(pictures_folder(), None)
        if count > 1 or not names_a_file(out):
            return cls(folder_at(out, f"{count} pictures"), None)
        path = file_at(out, "")
        spare(sources, path)
        return cls(path.parent, path.name)

    def write(self, picture: Picture) -> Path:
        """Writes one picture, whole or not at all. Raises OutputError."""
        made_by = (picture.image, picture.settings, picture.nfe, picture.seconds)
        if self.file is None:
            return png.write_new(self.folder, *made_by, score=picture.score)
        path = self.folder / self.file
        png.write(path, *made_by, score=picture.score)
        return path


class Written:
    """Which of the `wanted` pictures are on disk, made by any process: known by the settings inside
    and, in a folder of many, by the prompt in their names."""

    def __init__(self, target: Pictures, wanted: Sequence[Settings]) -> None:
        self._target, self._total = target, len(wanted)
        self._missing: dict[Settings, list[int]] = {}
        for number, settings in enumerate(wanted):
            self._missing.setdefault(settings, []).append(number)
        self._prompts = {words(settings.prompt) for settings in wanted}
        self._seen = set[Path]()
        self._found: dict[int, Path] = {}

    def look(self) -> dict[int, Path]:
        """The paths of those there are, by number."""
        for path in sorted(self._candidates() - self._seen):
            if self._target.file is None:  # else an earlier picture may be replaced
                self._seen.add(path)
            with suppress(DataError):
                if numbers := self._missing.get(png.read_settings(path)):
                    self._found[numbers.pop(0)] = path
        return dict(self._found)

    def wait(self) -> dict[int, Path]:
        """The same, once they are all there."""
        while len(found := self.look()) < self._total:
            time.sleep(POLL)
        return found

    def _candidates(self) -> set[Path]:
        """Files named "2026-11-23 14-03-22 a teddy bear 01.png", or as `--out` says."""
        if self._target.file is not None:
            return {self._target.folder / self._target.file}
        found = self._target.folder.glob("*.png")
        return {path for path in found if path.stem[20:].rpartition(" ")[0] in self._prompts}


def names_a_file(out: str) -> bool:
    """Whether `--out` means a file, there or not."""
    if out.endswith(("/", os.sep)) or os.path.isdir(out):  # Path.is_dir raises for long names
        return False
    return os.path.isfile(out) or Path(out).suffix.lower() in SUFFIXES


def file_at(out: str, name: str) -> Path:
    """The PNG file that `out` means where one is made: `name` in it if it is a folder. Raises
    UsageError for a file of another kind, OutputError where it cannot be written."""
    path = Path(out)
    if not names_a_file(out):
        path /= name
    elif path.suffix.lower() != ".png":
        raise UsageError(f"pictures are PNG files: name it {path.with_suffix('.png')}.")
    check_place(path.parent, path.name)
    return path


def folder_at(out: str, holds: str) -> Path:
    """The folder that `out` means where several files are made. Raises UsageError for a file,
    OutputError where nothing can be written."""
    if names_a_file(out):
        raise UsageError(f"--out is a folder for {holds}, not {out}.")
    check_place(Path(out))
    return Path(out)


def folder_for(out: str | None, holds: str, name: str, kind: str, run: str = "") -> Path:
    """The same, or without `out` a new folder among the window's pictures, named after what is
    shown, what is done with it, and the time or torchrun's `run`."""
    if out is not None:
        return folder_at(out, holds)
    run = run or f"{datetime.now():%Y-%m-%d %H-%M-%S}"
    folder = pictures_folder() / f"{run} {words(name)}, {kind}"
    check_place(folder)
    return folder


def extra(what: str, path: Path, write: Callable[[Path], object]) -> Path | None:
    """A file beside results that are written already; where it fails, a note says so."""
    try:
        write(path)
        return path
    except (StudioError, MemoryError) as error:
        reason = str(error) or "memory ran out"
        print(f"the {what} was left out: {reason}", file=sys.stderr)
        return None


def spare(sources: Iterable[Path], *paths: Path) -> None:
    """Raises UsageError if writing to `paths` would overwrite a picture that is worked from."""
    for source in sources:
        for path in paths:
            with suppress(OSError):  # one of them is not there
                if os.path.samefile(source, path):
                    raise UsageError(
                        f"{path} is a picture to work from and would be overwritten;"
                        " choose another place with --out."
                    )


def check_place(folder: Path, file: str = "") -> None:
    """Raises OutputError if `folder`, made if missing, could not hold `file`."""
    path = folder / file
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise OutputError(f"{path} cannot be used ({error.strerror}); choose another.") from None
    except ValueError:  # no bytes stand for it
        raise OutputError("--out is not a name that a file can have; choose another.") from None
    existing = folder.absolute()
    while not os.path.exists(existing):
        existing = existing.parent
    if not existing.is_dir():
        raise OutputError(f"{existing} is not a folder; choose another place with --out.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise OutputError(f"{existing} cannot be written to; choose another place with --out.")
