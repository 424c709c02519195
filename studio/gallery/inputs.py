"""The pictures and masks that others were made from, kept under their digests.

A picture's settings name its source by digest only; here it is found again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from studio.core.errors import DataError, OutputError
from studio.core.files import replacing
from studio.core.generating import Inputs, digest
from studio.core.installation import user_data
from studio.core.settings import Settings
from studio.pictures.reading import opened_png

HEXADECIMAL = frozenset("0123456789abcdef")


def inputs_folder() -> Path:
    """Where they lie: a folder of the user's data."""
    return user_data("inputs")


def keep(inputs: Inputs, folder: Path) -> None:
    """Writes what is not there yet, each whole or not at all. Raises OutputError."""
    for pixels in (inputs.source, inputs.mask):
        if pixels is not None and not _file(folder, digest(pixels)).is_file():
            _write(folder, pixels)


def find(settings: Settings, folder: Path) -> Inputs | None:
    """What the settings name; None if they name nothing.

    Raises:
        DataError: it is not there any more, or is damaged.
    """
    if not settings.source:
        return None
    source = _read(folder, settings.source, "RGB")
    return Inputs(source, _read(folder, settings.mask, "L") if settings.mask else None)


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.png"


def _write(folder: Path, pixels: np.ndarray) -> None:
    try:
        with replacing(_file(folder, digest(pixels))) as draft:
            Image.fromarray(pixels).save(draft, "PNG")
    except OSError as error:
        raise OutputError(
            f"{folder} cannot hold the picture to start from ({error.strerror or error});"
            " free some space."
        ) from error


def _read(folder: Path, name: str, mode: str) -> np.ndarray:
    lost = DataError(
        "The picture this one was made from is not on this machine any more; choose it again."
    )
    if len(name) != 64 or not set(name) <= HEXADECIMAL:  # a name from a file: never a path
        raise lost
    try:
        with opened_png(_file(folder, name)) as image:
            pixels = np.asarray(image.convert(mode))
    except DataError as error:
        raise lost from error
    if digest(pixels) != name:
        raise lost
    return pixels
