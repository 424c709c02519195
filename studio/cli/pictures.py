"""The pictures that options name, read; what was done to them is said."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from studio.core.errors import UsageError
from studio.core.sizes import Size
from studio.core.world import World
from studio.pictures.reading import BLACK, ReadPicture, fitted_mask, read_picture


def tell(path: Path, *notes: str) -> None:
    """Says them on standard error, once however many processes there are."""
    if not World.here().rank:
        for note in notes:
            print(f"{path}: {note}", file=sys.stderr)


def read_all(paths: Sequence[Path]) -> tuple[np.ndarray, ...]:
    """Pixels (H, W, 3) uint8 of each. Raises DataError, before anything is said."""
    pictures = tuple(read_picture(path) for path in paths)
    for path, picture in zip(paths, pictures, strict=True):
        tell(path, *picture.notes)
    return tuple(picture.pixels for picture in pictures)


def read_middle(path: Path, size: Size) -> ReadPicture:
    """A picture whose middle in the shape of a size will be used. Raises DataError."""
    picture = read_picture(path)
    tell(path, *picture.notes_for(size))
    return picture


def read_mask(path: Path, source: np.ndarray) -> np.ndarray:
    """(h, w) uint8 of the source's size: 255 where the file is nearer white than black, and not
    transparent. Raises DataError, and UsageError for a mask of another shape."""
    read = read_picture(path, BLACK)
    (height, width), (tall, wide) = source.shape[:2], read.pixels.shape[:2]
    if abs(width * tall - height * wide) > max(width, height, wide, tall):  # by over a pixel
        raise UsageError(
            f"{path} is {wide} × {tall} pixels, the picture to start from {width} × {height};"
            " give the mask that picture's shape."
        )
    tell(path, *read.notes)
    mask = fitted_mask(np.asarray(Image.fromarray(read.pixels).convert("L")), (width, height))
    if (wide, tall) != (width, height):
        tell(path, f"It was scaled from {wide} × {tall} to {width} × {height}.")
    if not mask.any():
        tell(path, "Nothing in it is white, so nothing is repainted.")
    return mask
