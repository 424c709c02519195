"""Where results go: `--out` as a file name or a folder, refused before the work, not after it.

Must not import torch.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import DataError, OutputError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from studio.core.events import Picture
    from studio.core.settings import Settings

POLL = 0.2  # seconds between two looks for other processes' pictures


@dataclass(frozen=True)
class Pictures:
    """Where `count` pictures go: new names in `folder`, or `file` (file-1, file-2, ...)."""

    folder: Path
    file: str | None
    count: int

    @classmethod
    def at(cls, out: Path | None, count: int) -> Pictures:
        """`out` is a folder if it is one or has no suffix; None is the window's own folder.

        Raises UsageError for a file that is not a PNG, OutputError where nothing can be written.
        """
        if out is None:
            from studio.gallery.naming import pictures_folder

            target = cls(pictures_folder(), None, count)
        elif names_a_folder(out):
            target = cls(out, None, count)
        else:
            target = cls(out.parent, out.name, count)
        check_place(target.folder, target.file or "")
        return target

    def write(self, picture: Picture) -> Path:
        """Writes one picture, whole or not at all. Raises OutputError."""
        from studio.gallery import png

        made_by = (picture.image, picture.settings, picture.nfe, picture.seconds)
        if self.file is None:
            return png.write_new(self.folder, *made_by)
        path = self.named(picture.picture)
        png.write(path, *made_by)
        return path

    def named(self, number: int) -> Path:
        """The name of picture `number`, where that is known before it is made."""
        assert self.file is not None
        path = self.folder / self.file
        return path if self.count == 1 else path.with_stem(f"{path.stem}-{number + 1}")


class Written:
    """Which of the `wanted` pictures are on disk, made by any process: known by the settings inside
    and, in a folder of many, by the prompt in their names."""

    def __init__(self, target: Pictures, wanted: Sequence[Settings]) -> None:
        from studio.gallery.naming import words

        self._target, self._total = target, len(wanted)
        self._missing: dict[Settings, list[int]] = {}
        for number, settings in enumerate(wanted):
            self._missing.setdefault(settings, []).append(number)
        self._prompts = {words(settings.prompt) for settings in wanted}
        self._seen = set[Path]()
        self._found: dict[int, Path] = {}

    def look(self) -> dict[int, Path]:
        """The paths of those there are, by number."""
        from studio.gallery import png

        for path in sorted(self._candidates() - self._seen):
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
        if (file := self._target.file) is not None:
            stem = Path(file).stem
            return set(self._target.folder.glob(f"{escape(stem)}*.png"))
        found = self._target.folder.glob("*.png")
        return {path for path in found if path.stem[20:].rpartition(" ")[0] in self._prompts}


def image_file(out: Path, name: str) -> Path:
    """The PNG file that `out` means: `name` in it if it is a folder. Raises as Pictures.at."""
    path = out / name if names_a_folder(out) else out
    check_place(path.parent, path.name)
    return path


def write_image(path: Path, pixels: np.ndarray) -> None:
    """Writes (H, W, 3) uint8 as a PNG, whole or not at all. Raises OutputError."""
    from PIL import Image

    draft = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(draft, "PNG")
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise OutputError(f"{path} could not be written ({error.strerror or error}).") from None


def names_a_folder(out: Path) -> bool:
    """A path that is a folder, or has no suffix. Raises UsageError for a file that is not a PNG."""
    if os.path.isdir(out) or not out.suffix:  # Path.is_dir raises for names that are too long
        return True
    if out.suffix.lower() != ".png":
        raise UsageError(f"pictures are PNG files: name it {out.with_suffix('.png')}.")
    return False


def check_folder(out: Path, holds: str) -> None:
    """Raises UsageError for what is a file or looks like one, OutputError as `check_place`."""
    if os.path.isfile(out) or (out.suffix and not os.path.isdir(out)):
        raise UsageError(f"--out is a folder for {holds}, not {out}.")
    check_place(out)


def check_place(folder: Path, file: str = "") -> None:
    """Raises OutputError if `folder`, made if missing, could not hold `file`."""
    path = folder / file
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise OutputError(f"{path} cannot be used ({error.strerror}); choose another.") from None
    existing = folder.absolute()
    while not os.path.exists(existing):
        existing = existing.parent
    if not existing.is_dir():
        raise OutputError(f"{existing} is not a folder; choose another place with --out.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise OutputError(f"{existing} cannot be written to; choose another place with --out.")
