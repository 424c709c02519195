"""Draws reconstructions: for each picture a block with the original, what each autoencoder made of
it, the signed difference and the LPIPS map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from studio.core.autoencoding import Figures, Reconstructed
from studio.gallery.heat import heat_map
from studio.pictures.sheet import FAINT, GAP, INK, Sheet

LARGEST, SMALLEST = 384, 160  # pixels of a cell's longer side; small pictures are enlarged
NARROWEST = 264  # pixels: a column, so that its figures fit
TITLE, CAPTION, LINE, BLOCK = 56, 64, 18, 32
GAIN = 4  # of the difference
LEAST_HEAT = 0.1  # LPIPS at the map's brightest: smaller distances shall not look large
BAR = 10  # pixels: the height of the colour bar


@dataclass(frozen=True, eq=False)
class Shown:
    """A reconstruction in the size of its cell; `heat` (h, w) is LPIPS, or None."""

    autoencoder: str
    figures: Figures
    latent_shape: tuple[int, int, int]
    seconds: float
    image: Image.Image
    difference: Image.Image
    heat: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Block:
    """A picture and its reconstructions; `size` is its own, width and height in pixels."""

    name: str
    size: tuple[int, int]
    note: str
    image: Image.Image
    shown: tuple[Shown, ...]

    @property
    def has_heat(self) -> bool:
        return any(each.heat is not None for each in self.shown)

    @property
    def height(self) -> int:
        rows = 3 if self.has_heat else 2
        return CAPTION + rows * self.image.height + (rows - 1) * GAP + BLOCK


def shown(original: np.ndarray, result: Reconstructed, name: str = "") -> Shown:
    """What a sheet keeps of a result: small. `name` is the autoencoder's, its own if empty."""
    heat = result.lpips_map
    return Shown(
        name or result.autoencoder,
        result.figures,
        result.latent_shape,
        result.encode_seconds + result.decode_seconds,
        fitted_image(Image.fromarray(result.image)),
        fitted_image(Image.fromarray(difference(original, result.image))),
        None if heat is None else np.asarray(fitted_image(Image.fromarray(heat.astype("f4")))),
    )


def block(name: str, original: np.ndarray, shown: Sequence[Shown], note: str = "") -> Block:
    """`original` (H, W, 3) uint8; `note` says what was done to it on reading."""
    height, width = original.shape[:2]
    small = fitted_image(Image.fromarray(original))
    return Block(name, (width, height), note, small, tuple(shown))


def difference(original: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Four times the reconstruction less the original, around grey: (H, W, 3) uint8."""
    apart = image.astype(np.int16) - original
    return np.clip(128 + GAIN * apart, 0, 255).astype(np.uint8)


def fitted_image(image: Image.Image) -> Image.Image:
    """Shrunk to a cell, or enlarged by a whole number so that its pixels can be seen."""
    longest = max(image.size)
    if longest > LARGEST:
        size = [max(round(side * LARGEST / longest), 1) for side in image.size]
        return image.resize((size[0], size[1]), Image.Resampling.BOX)
    times = max(SMALLEST // longest, 1)
    size = [side * times for side in image.size]
    return image.resize((size[0], size[1]), Image.Resampling.NEAREST)


def sheet(blocks: Sequence[Block]) -> Image.Image:
    """The labelled sheet, a block for each picture below the other."""
    columns = 1 + max(len(each.shown) for each in blocks)
    column = max(NARROWEST, *(each.image.width for each in blocks)) + GAP
    size = GAP + columns * column, TITLE + sum(each.height for each in blocks)
    drawn = Sheet(*size)
    drawn.write(GAP, TITLE / 2, (_title(blocks), 18, INK))
    top = TITLE
    for each in blocks:
        _Drawing(drawn, column, top, each).draw()
        top += each.height
    return drawn.image


def _title(blocks: Sequence[Block]) -> str:
    names = {each.autoencoder for block in blocks for each in block.shown}
    pictures = f"{len(blocks)} pictures" if len(blocks) > 1 else "One picture"
    through = f"{len(names)} autoencoders" if len(names) > 1 else "".join(names)
    return f"{pictures} through {through}"


def lines(each: Shown) -> tuple[str, str]:
    """A reconstruction's figures: how faithful it is, and what it costs."""
    figures = each.figures
    faithful = [f"{figures.psnr:.2f} dB"]
    if figures.ssim is not None:
        faithful.append(f"SSIM {figures.ssim:.3f}")
    if figures.lpips is not None:
        faithful.append(f"LPIPS {figures.lpips:.3f}")
    shape = " × ".join(map(str, each.latent_shape))
    cost = (shape, f"{figures.compression:.3g} : 1", f"{each.seconds:.2f} s")
    return " · ".join(faithful), " · ".join(cost)


@dataclass(frozen=True)
class _Drawing:
    """One block at `top` of the sheet."""

    sheet: Sheet
    column: int  # pixels
    top: int
    block: Block

    def draw(self) -> None:
        block = self.block
        self._put(0, 0, block.image)
        wide, high = block.size
        self._caption(0, block.name, f"{wide} × {high} pixels", block.note)
        heats = [each.heat for each in block.shown if each.heat is not None]
        most = max((float(np.quantile(heat, 0.995)) for heat in heats), default=0.0)
        most = max(most, LEAST_HEAT)
        for i, each in enumerate(block.shown, 1):
            self._put(i, 0, each.image)
            self._caption(i, each.autoencoder, *lines(each))
            self._put(i, 1, each.difference)
            if each.heat is not None:
                self._put(i, 2, heat_map(each.heat, most))
        less = f"signed difference × {GAIN}", "reconstruction less original,", "around grey"
        self._head(1, *less)
        if heats:
            self._head(2, "LPIPS at each pixel", f"0 to {most:.2g}")
            self._bar()

    def _corner(self, column: int, row: int) -> tuple[int, int]:
        width, height = self.block.image.size
        left = GAP + column * self.column + (self.column - GAP - width) // 2
        return left, self.top + (CAPTION if row else 0) + row * (height + GAP)

    def _put(self, column: int, row: int, image: np.ndarray | Image.Image) -> None:
        self.sheet.put(image, *self._corner(column, row))

    def _caption(self, column: int, name: str, figures: str, last: str) -> None:
        x = GAP + column * self.column + (self.column - GAP) / 2
        y = self.top + self.block.image.height + 14
        texts = (name, 14, INK), (figures, 13, INK), (last, 13, FAINT)
        self.sheet.write(x, y, *texts, leading=LINE, side="m", room=self.column - 4)

    def _head(self, row: int, name: str, *others: str) -> None:
        y = self._corner(0, row)[1] + self.block.image.height / 2 - LINE
        texts = (name, 15, INK), *((text, 13, FAINT) for text in others)
        self.sheet.write(self.column - GAP, y, *texts, leading=LINE, side="r")

    def _bar(self) -> None:
        wide = 120
        bar = heat_map(np.broadcast_to(np.linspace(0, 1, wide), (BAR, wide)), 1.0)
        y = self._corner(0, 2)[1] + self.block.image.height // 2 + LINE + 2
        self.sheet.put(bar, self.column - GAP - wide, y)
