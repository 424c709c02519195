"""`generate` from a picture, under a mask, with varied noise, from lists of prompts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.gallery import inputs, png
from tests.tiny import SIZE

from .conftest import Run


@pytest.fixture
def quick(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """The options of a picture that takes no time; data of the user's own in `tmp_path`."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return ("--model", tiny, "--size", SIZE, "--steps", 2, "--device", "cpu", "--seed", 5)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def pixels(path: object) -> np.ndarray:
    with Image.open(str(path)) as image:
        return np.asarray(image)


def test_a_picture_to_start_from(
    run: Run, quick: tuple[object, ...], photo: Path, tmp_path: Path
) -> None:
    out = tmp_path / "made.png"
    document = run("generate", "bear", *quick, "--image", photo, "--out", out, "--json").document
    settings = png.read_settings(out)
    assert settings.strength == document["settings"]["strength"] == 0.6
    kept = inputs.find(settings, inputs.inputs_folder())
    assert kept is not None and kept.source.shape == (20, 30, 3)
    weak = tmp_path / "weak.png"
    more = ("--image", photo, "--strength", 0.01, "--out", weak)
    run("generate", "bear", *quick, *more, "--json")
    assert (pixels(out) != pixels(weak)).any()


def test_a_mask_keeps_the_rest(
    run: Run, quick: tuple[object, ...], photo: Path, tmp_path: Path
) -> None:
    mask = tmp_path / "mask.png"
    black = np.zeros((20, 30), np.uint8)
    Image.fromarray(black).save(mask)
    out = tmp_path / "made.png"
    document = run(
        "generate", "bear", *quick, "--image", photo, "--mask", mask, "--out", out, "--json"
    ).document
    assert document["settings"]["strength"] == 1.0
    middle = np.asarray(Image.open(photo).convert("RGB").crop((5, 0, 25, 20)).resize((SIZE, SIZE)))
    assert np.abs(pixels(out).astype(int) - middle).mean() < 20


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--strength", 0.5), "--image"),
        (("--mask", "x.png"), "--image"),
        (("--image", "nowhere.png"), "nowhere.png"),
        (("--variation", 2), "variation"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    run: Run, quick: tuple[object, ...], options: tuple[object, ...], word: str
) -> None:
    ran = run("generate", "bear", *quick, *options)
    assert ran.code in (1, 2) and ran.err.startswith("error:") and ran.err.count("\n") == 1
    assert word in ran.err


def test_variations_keep_the_seed(run: Run, quick: tuple[object, ...], tmp_path: Path) -> None:
    more = ("--variation", 0.2, "--variation-seed", 9, "--count", 2, "--out", tmp_path / "v")
    document = run("generate", "bear", *quick, *more, "--json").document
    found = [png.read_settings(Path(each["path"])) for each in document["images"]]
    assert [(s.seed, s.variation_seed) for s in found] == [(5, 9), (5, 10)]


def test_lists_of_prompts(run: Run, quick: tuple[object, ...], tmp_path: Path) -> None:
    listed = tmp_path / "prompts.txt"
    listed.write_text("# mine\na {red|blue} bear\n\napple\n", encoding="utf-8")
    out = tmp_path / "all"
    document = run(
        "generate", "--prompts", listed, "--all", *quick, "--out", out, "--json"
    ).document
    assert [each["prompt"] for each in document["images"]] == [
        "a red bear",
        "a blue bear",
        "apple",
    ]
    assert {Path(each["path"]).parent for each in document["images"]} == {out}
    drawn = run(
        "generate", "a {red|blue|two} bear", "--count", 3, *quick, "--out", out, "--json"
    ).document
    again = run(
        "generate", "a {red|blue|two} bear", "--count", 3, *quick, "--out", out, "--json"
    ).document
    assert [each["seed"] for each in drawn["images"]] == [5, 6, 7]
    assert [each["prompt"] for each in drawn["images"]] == [
        each["prompt"] for each in again["images"]
    ]
    assert run("generate", "x", "--prompts", listed, *quick).code == 2
    assert run("generate", "a {red", *quick).code == 2
