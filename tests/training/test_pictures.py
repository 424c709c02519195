"""Crops to train on: the same ones every time, of scenes and of folders with damaged files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import DataError
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.training.pictures import CropSource


def folder(path: Path, count: int = 10) -> Path:
    rng = np.random.default_rng(0)
    for number in range(count):
        pixels = rng.integers(0, 256, (40 + number, 90, 3), dtype=np.uint8)
        pixels[..., 0] = number
        Image.fromarray(pixels).save(path / f"{number}.png")
    (path / "damaged.png").write_text("no picture")
    (path / "notes.txt").write_text("no picture either")
    return path


def test_scenes_are_the_same_every_time() -> None:
    def made() -> CropSource:
        return CropSource.scenes(Catalogue(), Mix(), 3, 32, 4)

    crops = made().many(0, 12)
    assert crops.shape == (12, 32, 32, 3) and crops.dtype == np.uint8
    np.testing.assert_array_equal(made().many(7, 3), crops[7:10])
    assert not np.array_equal(crops[:4], crops[4:8])  # the same scenes, other crops


def test_a_folder_gives_crops_of_all_its_pictures(tmp_path: Path) -> None:
    source = CropSource.folder(folder(tmp_path), 1, 32)
    crops = source.many(0, 2 * source.pictures)
    assert crops.shape[1:] == (32, 32, 3)
    seen = {int(np.median(crop[..., 0])) for crop in crops}
    assert seen == {1, 2, 3, 4, 5, 6, 7, 9}  # 0 and 8 are held out


def test_held_out_pictures_are_others(tmp_path: Path) -> None:
    source = CropSource.folder(folder(tmp_path), 1, 32, held_out=True)
    assert {int(np.median(crop[..., 0])) for crop in source.many(0, 8)} == {0, 8}


def test_a_picture_smaller_than_the_crop_is_enlarged(tmp_path: Path) -> None:
    Image.new("RGB", (3, 1), "red").save(tmp_path / "small.png")
    crop = CropSource.folder(tmp_path, 1, 32).one(0)
    assert crop.shape == (32, 32, 3) and (crop == (255, 0, 0)).all()


def test_a_folder_without_a_readable_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "damaged.png").write_text("no picture")
    with pytest.raises(DataError, match="none of the 1 pictures"):
        CropSource.folder(tmp_path, 1, 32)
