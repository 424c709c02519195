"""`--out`: one rule for every verb, and no picture that is worked from is overwritten."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.cli.outputs import Pictures, Written, file_at, folder_at, names_a_file
from studio.core.errors import OutputError, UsageError
from studio.core.settings import Settings
from studio.gallery import png
from tests.tiny import SIDE

from .conftest import Bar, Run

#: Every verb that writes several files, with what it needs to come as far as `--out`.
SEVERAL = {
    "generate": ("bear", "--count", 2),
    "compare": ("bear",),
    "interpolate": ("--from", "bear", "--to", "cat"),
    "reconstruct": ("photo.png", "photo.png"),
    "evaluate": (),
    "train": ("autoencoder",),
    "dataset": ("build",),
}


@pytest.fixture
def quick(tiny: Path) -> tuple[object, ...]:
    return ("--model", tiny, "--size", SIDE, "--steps", 2, "--device", "cpu")


@pytest.fixture
def rebuilt(tiny: Path) -> tuple[object, ...]:
    return ("--autoencoders", tiny / "autoencoder", "--device", "cpu")


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """photo.png in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = tmp_path / "photo.png"
    pixels = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# The rule


def test_what_is_a_file_and_what_a_folder(tmp_path: Path) -> None:
    (tmp_path / "set.png").mkdir()
    (tmp_path / "notes").touch()
    for file in ("a.png", "a.PNG", "b/c.jpg", "film.mp4", tmp_path / "notes"):
        assert names_a_file(str(file)), file
    for folder in ("a", "a.png/", "set v1.5", "set v1.5/", ".", "..", "", tmp_path / "set.png"):
        assert not names_a_file(str(folder)), folder


def test_where_one_file_is_made(tmp_path: Path) -> None:
    for out in (f"{tmp_path}/v1.5/", f"{tmp_path}/v1.5", f"{tmp_path}/v1.5/sheet.png"):
        assert file_at(out, "sheet.png") == tmp_path / "v1.5" / "sheet.png"
    with pytest.raises(UsageError, match=r"name it a\.png"):
        file_at("a.jpg", "sheet.png")


def test_where_several_are_made(tmp_path: Path) -> None:
    for out in (f"{tmp_path}/set v1.5/", f"{tmp_path}/set v1.5"):
        assert folder_at(out, "pictures") == tmp_path / "set v1.5"
        assert Pictures.at(out, 2) == Pictures(tmp_path / "set v1.5", None)
        assert Pictures.at(out, 1) == Pictures(tmp_path / "set v1.5", None)
    for out in ("a.png", "a.mp4"):
        with pytest.raises(UsageError, match="--out is a folder for pictures, not"):
            folder_at(out, "pictures")
    with pytest.raises(OutputError):
        folder_at("\ud800", "pictures")


@pytest.mark.parametrize("verb", SEVERAL)
def test_a_file_for_several_is_refused_by_every_verb(run: Run, photo: Path, verb: str) -> None:
    ran = run(verb, *SEVERAL[verb], "--out", "one.png")
    assert ran.code == 2
    assert "--out is a folder for " in ran.error
    assert names(photo.parent) == ["photo.png"]


@pytest.mark.parametrize("out", ["set v1.5/", "set v1.5"])
def test_a_folder_may_have_a_dot_in_its_name(
    run: Run, quick: tuple[object, ...], tmp_path: Path, out: str
) -> None:
    ran = run("generate", "a bear", *quick, "--out", f"{tmp_path}/{out}", "--json")
    (image,) = ran.document["images"]
    assert Path(image["path"]).parent == tmp_path / "set v1.5"


# What other processes have written


def test_pictures_are_found_by_their_settings(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    bear, cat = Settings("a bear"), Settings("a cat")
    written = Written(Pictures(tmp_path, None), [bear, cat, bear])
    assert written.look() == {}
    (tmp_path / "2026-11-23 14-03-22 a cat 07.png").write_bytes(b"no picture")
    png.write_new(tmp_path, pixels, Settings("a bear", seed=1), 1, 1.0)
    paths = [png.write_new(tmp_path, pixels, settings, 1, 1.0) for settings in (bear, bear)]
    assert written.look() == {0: paths[0], 2: paths[1]}
    paths.append(png.write_new(tmp_path, pixels, cat, 1, 1.0))
    assert written.wait() == {0: paths[0], 1: paths[2], 2: paths[1]}


def test_one_file_may_replace_an_earlier_picture(tmp_path: Path) -> None:
    pixels, path = np.zeros((8, 8, 3), np.uint8), tmp_path / "one.png"
    png.write(path, pixels, Settings("a cat"))
    written = Written(Pictures(tmp_path, path.name), [Settings("a bear")])
    assert written.look() == {}
    png.write(path, pixels, Settings("a bear"))
    assert written.wait() == {0: path}


# One picture through autoencoders


def test_one_pictures_sheet_is_a_file(
    run: Run, rebuilt: tuple[object, ...], photo: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.png"
    ran = run("reconstruct", photo, *rebuilt, "--out", sheet, "--json")
    document = ran.document
    assert (document["sheet"], document["csv"]) == (str(sheet), None)
    assert [each["path"] for each in document["results"]] == [None]
    assert {"photo.png", "sheet.png"} <= set(names(tmp_path)) <= {"photo.png", "sheet.png", "home"}
    with Image.open(sheet) as image:
        assert image.width > 3 * SIDE
    ran = run("reconstruct", photo, photo, *rebuilt, "--out", tmp_path / "other.png")
    assert ran.code == 2
    assert "--out is a folder for the reconstructions" in ran.error


def test_the_bar_of_reconstructions_ends_at_its_total(
    run: Run, rebuilt: tuple[object, ...], photo: Path, tmp_path: Path, bars: list[Bar]
) -> None:
    assert run("reconstruct", photo, photo, *rebuilt, "--out", tmp_path / "out").code == 0
    (bar,) = bars
    bar.check(2)


def test_the_bar_of_a_comparison_ends_at_its_total(
    run: Run, quick: tuple[object, ...], tmp_path: Path, bars: list[Bar]
) -> None:
    grid = ("--samplers", "ddim,flow-euler", "--seeds", "1,2,3")
    assert run("compare", "bear", *quick, *grid, "--out", tmp_path / "out").code == 0
    (bar,) = bars
    bar.check(6)


# What is worked from stays as it is


def test_no_verb_overwrites_the_picture_it_begins_with(
    run: Run, quick: tuple[object, ...], rebuilt: tuple[object, ...], photo: Path, tmp_path: Path
) -> None:
    before = photo.read_bytes()
    (tmp_path / "link.png").symlink_to(photo)
    walk = ("interpolate", "--from-image", photo, "--to", "cat", "--frames", 2, *quick)
    for name in ("frame 001.png", "sheet.png"):
        shutil.copy(photo, tmp_path / name)
    for words in (
        ("generate", "bear", *quick, "--image", photo, "--out", photo),
        ("generate", "bear", *quick, "--image", photo, "--out", "./photo.png"),
        ("generate", "bear", *quick, "--image", "link.png", "--mask", photo, "--out", photo),
        ("reconstruct", photo, *rebuilt, "--out", photo),
        ("reconstruct", "sheet.png", *rebuilt, "--out", "."),
        ("interpolate", "--from-image", "frame 001.png", *walk[3:], "--out", "."),
    ):
        ran = run(*words)
        assert ran.code == 2, words
        assert "would be overwritten" in ran.error
    kept = {"frame 001.png", "link.png", "photo.png", "sheet.png"}
    assert kept <= set(names(tmp_path)) <= {*kept, "data"}
    assert photo.read_bytes() == before == (tmp_path / "sheet.png").read_bytes()


def test_an_own_result_may_be_made_again(
    run: Run, quick: tuple[object, ...], photo: Path, tmp_path: Path
) -> None:
    words = ("generate", "bear", *quick, "--image", photo, "--seed", 1, "--out", "bear.png")
    assert [run(*words).code for _ in range(2)] == [0, 0]
