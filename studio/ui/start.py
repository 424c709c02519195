"""A picture to start from as the column holds it, its digests at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.generating import Inputs, digest
from studio.core.settings import Settings
from studio.core.sizes import Size

if TYPE_CHECKING:
    import numpy as np

MOST = 2048  # pixels a side: few models here see more
RESTORED = "The picture it was made from"


@dataclass(frozen=True, eq=False)
class Start:
    """`name` is for the reader; `source` and `mask` are the digests of the inputs ("": none)."""

    name: str
    inputs: Inputs
    source: str
    mask: str
    notes: tuple[str, ...] = ()  # sentences on what was done to the file's values

    @classmethod
    def of(cls, name: str, inputs: Inputs) -> Start:
        mask = "" if inputs.mask is None else digest(inputs.mask)
        return cls(name, inputs, digest(inputs.source), mask)

    def named(self, settings: Settings) -> Settings:
        """`settings` that begin here."""
        return replace(settings, source=self.source, mask=self.mask)

    def masked(self, mask: np.ndarray | None) -> Start:
        """The same picture under another mask (H, W) uint8."""
        name = "" if mask is None else digest(mask)
        return replace(self, inputs=replace(self.inputs, mask=mask), mask=name)

    def notes_for(self, size: Size) -> str:
        """What was done to it, and what will be where pictures of that size are made of it."""
        height, width = self.inputs.source.shape[:2]
        return " ".join((*self.notes, *size.cut(width, height)))

    @property
    def repainted(self) -> float:
        """How much of the picture the mask gives free, 0 to 1; all without one."""
        mask = self.inputs.mask
        return 1.0 if mask is None else float((mask > 127).mean())


def from_pixels(name: str, pixels: np.ndarray, notes: tuple[str, ...] = ()) -> Start:
    """(H, W, 3) uint8, at most MOST a side."""
    import numpy as np
    from PIL import Image, ImageOps

    if max(pixels.shape[:2]) > MOST:
        pixels = np.array(ImageOps.contain(Image.fromarray(pixels), (MOST, MOST)))
    return replace(Start.of(name, Inputs(pixels)), notes=notes)


def from_file(path: Path) -> Start:
    """Any picture file. Raises DataError."""
    from studio.pictures.reading import read_picture

    picture = read_picture(path)
    return from_pixels(path.name, picture.pixels, picture.notes)


def from_settings(settings: Settings) -> Start:
    """What a finished picture was made from. Raises DataError if it is gone."""
    from studio.gallery import inputs

    found = inputs.find(settings, inputs.inputs_folder())
    assert found is not None
    return Start.of(RESTORED, found)


def keep(start: Inputs) -> None:
    """Keeps the pixels, so that what is made from them can be made again. Raises OutputError."""
    from studio.gallery import inputs

    inputs.keep(start, inputs.inputs_folder())
