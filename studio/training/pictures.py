"""Square crops to train autoencoders on: of composed scenes, or of a folder of pictures.

Crop number i of a seed is always the same crop. Nothing is flipped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from studio.core.errors import DataError
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.pictures.reading import pictures_in, read_picture
from studio.training.data import SceneSource

LARGEST = 3.0  # a crop's picture has its shorter side at 1 to 3 times the crop's
WHOLE = 0.4  # of the crops show the whole scene, made small
KEPT = 2 * 2**30  # bytes of pictures held in memory
HELD_OUT = 8  # every eighth picture of a folder is never trained on


class CropSource:
    """`pictures` numbered pictures (H, W, 3) uint8, made by `read(number)` when first needed."""

    def __init__(
        self,
        read: Callable[[int], np.ndarray],
        pictures: int,
        seed: int,
        size: int,
        whole: float,
    ) -> None:
        self.read, self.pictures, self.seed = read, pictures, seed
        self.size, self.whole = size, whole
        self._kept: dict[int, np.ndarray] = {}
        self._bytes = 0

    @classmethod
    def scenes(cls, catalogue: Catalogue, mix: Mix, seed: int, size: int, pool: int) -> CropSource:
        """The first `pool` scenes of a seed, composed at twice the crops' size."""
        source = SceneSource(catalogue, mix, seed, 2 * size)
        return cls(partial(_scene, source), pool, seed, size, WHOLE)

    @classmethod
    def folder(cls, path: Path, seed: int, size: int, held_out: bool = False) -> CropSource:
        """A folder's pictures, or every eighth of them, which are `held_out`; of fewer than eight
        all are both. Raises DataError for a folder without one that can be read."""
        paths = _readable(pictures_in(path), path)
        if len(paths) >= HELD_OUT:
            paths = tuple(p for i, p in enumerate(paths) if (i % HELD_OUT == 0) == held_out)
        return cls(partial(_picture, paths, LARGEST * size), len(paths), seed, size, 0.0)

    def one(self, index: int) -> np.ndarray:
        """Crop `index`, (S, S, 3) uint8."""
        rng = np.random.default_rng([self.seed, index, 1])
        order = np.random.default_rng([self.seed, index // self.pictures, 2])
        number = int(order.permutation(self.pictures)[index % self.pictures])
        picture = self._picture(number)
        if rng.random() < self.whole:
            return _resized(picture, self.size, Image.Resampling.BOX)
        scale = rng.uniform(self.size / min(picture.shape[:2]), 1.0) if not self.whole else 1.0
        side = round(self.size / scale)
        top = int(rng.integers(picture.shape[0] - side + 1))
        left = int(rng.integers(picture.shape[1] - side + 1))
        return _resized(picture[top : top + side, left : left + side], self.size)

    def many(self, start: int, count: int) -> np.ndarray:
        """(count, S, S, 3) uint8: crops start .. start + count - 1."""
        return np.stack([self.one(start + i) for i in range(count)])

    def _picture(self, number: int) -> np.ndarray:
        if number in self._kept:
            return self._kept[number]
        picture = self.read(number)
        if self._bytes + picture.nbytes <= KEPT:
            self._kept[number] = picture
            self._bytes += picture.nbytes
        return picture


def _scene(source: SceneSource, number: int) -> np.ndarray:
    return source.one(number)[0]


def _readable(paths: tuple[Path, ...], folder: Path) -> tuple[Path, ...]:
    """Those that can be read; damaged ones are left out."""
    good = []
    for path in paths:
        try:
            read_picture(path)
        except DataError:
            continue
        good.append(path)
    if not good:
        raise DataError(f"none of the {len(paths)} pictures in {folder} can be read.")
    return tuple(good)


def _picture(paths: tuple[Path, ...], shorter: float, number: int) -> np.ndarray:
    """A file's picture, its shorter side brought to at most `shorter` and at least a third."""
    pixels = read_picture(paths[number]).pixels
    side = min(pixels.shape[:2])
    wanted = min(max(side, shorter / LARGEST), shorter)
    if wanted == side:
        return pixels
    least = round(shorter / LARGEST)
    height, width = (max(round(n * wanted / side), least) for n in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def _resized(
    picture: np.ndarray, side: int, how: Image.Resampling = Image.Resampling.LANCZOS
) -> np.ndarray:
    if picture.shape[:2] == (side, side):
        return picture
    return np.asarray(Image.fromarray(picture).resize((side, side), how))
