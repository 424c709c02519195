"""Sheets of reconstructions: everything fits; figures as CSV."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.core.autoencoding import Figures, Reconstructed, Spectra
from studio.core.errors import OutputError
from studio.gallery import reconstruction
from studio.gallery.reconstruction_sheet import (
    CAPTION,
    LARGEST,
    Block,
    block,
    difference,
    fitted_image,
    lines,
    sheet,
    shown,
)
from studio.pictures.sheet import PAPER

SPECTRA = Spectra(*(np.zeros(4, np.float32) for _ in range(4)))
FAITHFUL = Figures(31.234, 0.93, 0.98, 0.02, 48.0, 1.5, 0.7)
BARE = Figures(10.5, None, None, None, 0.1, 160.0, None)


def picture(height: int, width: int, value: int = 200) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def result(image: np.ndarray, figures: Figures = FAITHFUL, heat: bool = True) -> Reconstructed:
    map_ = np.full(image.shape[:2], 0.25, np.float16) if heat else None
    return Reconstructed(0, 0, "vae-l2", image, figures, SPECTRA, (4, 8, 8), 0.1, 0.2, map_, "n")


def of(size: tuple[int, int], count: int = 2, heat: bool = True) -> Block:
    original = picture(*size)
    each = shown(original, result(picture(*size, 190), heat=heat))
    return block("bear.png", original, [each] * count, "Its transparency was laid over white.")


def test_difference_is_signed_and_clipped() -> None:
    a = np.array([[[0, 100, 255]]], np.uint8)
    b = np.array([[[255, 110, 245]]], np.uint8)
    assert difference(a, b).tolist() == [[[255, 168, 88]]]
    assert (difference(a, a) == 128).all()


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1), (160, 160)),
        ((64, 32), (128, 64)),
        ((384, 200), (384, 200)),
        ((4096, 1024), (384, 96)),
        ((5000, 1), (384, 1)),
    ],
)
def test_cells_are_at_most_384_pixels(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fitted_image(Image.new("RGB", size)).size == expected
    assert max(expected) <= LARGEST


@pytest.mark.parametrize("size", [(1, 1), (64, 64), (96, 500), (1000, 30)])
@pytest.mark.parametrize("heat", [True, False])
def test_sheet_holds_every_row(size: tuple[int, int], heat: bool) -> None:
    drawn = np.asarray(sheet([of(size, heat=heat), of((40, 40), 1)]))
    assert (drawn[:, -4:] == PAPER).all()
    first = of(size, heat=heat)
    assert first.has_heat == heat
    height = first.image.height
    for row in range(3 if heat else 2):
        top = 56 + (CAPTION if row else 0) + row * (height + 16)
        band = drawn[top : top + height, drawn.shape[1] // 3 : 2 * drawn.shape[1] // 3]
        assert not (band == PAPER).all()
    assert (drawn == 190).all(-1).any()  # the reconstruction
    assert (drawn == 88).all(-1).any()  # 128 - 4 * 10, its difference


def test_a_missing_map_leaves_the_others() -> None:
    original = picture(64, 64)
    both = [shown(original, result(original, heat=heat)) for heat in (True, False)]
    assert block("a", original, both).has_heat
    sheet([block("a", original, both)])


def test_figures_that_are_missing_are_left_out() -> None:
    original = picture(8, 8)
    assert lines(shown(original, result(original, BARE, heat=False))) == (
        "10.50 dB",
        "4 × 8 × 8 · 0.1 : 1 · 0.30 s",
    )
    assert lines(shown(original, result(original))) == (
        "31.23 dB · SSIM 0.930 · LPIPS 0.020",
        "4 × 8 × 8 · 48 : 1 · 0.30 s",
    )


def test_files(tmp_path: Path) -> None:
    original = picture(16, 16)
    records = [
        reconstruction.record("in, side/bear.png", result(original), tmp_path / "a.png"),
        reconstruction.record("bear.png", result(original, BARE)),
    ]
    reconstruction.write_figures(tmp_path / "new" / "figures.csv", records)
    with open(tmp_path / "new" / "figures.csv", encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert first["image"] == "in, side/bear.png"
    assert float(first["psnr"]) == 31.234
    assert first["latent_shape"] == "4x8x8"
    assert first["seconds"] == "0.3"
    assert second["lpips"] == second["ssim"] == second["path"] == ""
    reconstruction.write_sheet(tmp_path / "new" / "sheet.png", [of((16, 16))])
    with Image.open(tmp_path / "new" / "sheet.png") as drawn:
        assert drawn.format == "PNG"
    with pytest.raises(OutputError):
        reconstruction.write_figures(tmp_path / "new" / "figures.csv" / "no.csv", records)
